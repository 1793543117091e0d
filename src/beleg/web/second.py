"""A second person agrees, or does not: chosen by the system, by a passkey over exactly this refund, verified here."""

import logging
import secrets
from hashlib import sha256

import msgspec

from beleg.facts.base import Fact
from beleg.facts.kinds import gate as kinds
from beleg.facts.kinds.operators import EnrolmentAnswer, Invitation, OperatorRole, OperatorSignIn, Passkey
from beleg.gate import approving
from beleg.gate.envelope import by_gate
from beleg.gate.live.asking import now_micros
from beleg.gate.live.keeping import Keeper
from beleg.gate.live.prover import Prover
from beleg.gate.live.written import Answer, Recorded, decided_by_person
from beleg.ledger.store.base import ConflictError, Key, Message, RefusedError, Unit
from beleg.ledger.store.store import Store
from beleg.web.passkeys import Answered, PasskeyError, RelyingParty, credential_of
from beleg.web.pending import Approvals, Pending, Wanted, read, written
from beleg.web.problems import ProblemError
from beleg.web.settings import Settings

GOOD_FOR = 300.0  # seconds that a question asked by a program waits
EMERGENCY_MINUTES = 15

_log = logging.getLogger("beleg.web")


class SecondPerson:
    """Asks second persons and takes their answers; the API and the console both go through here.

    Args:
        settings: the service's.
        store: the store, running.
        prover: knows the roster.
        keeper: is told what a person decided.
        approvals: the questions that wait.
    """

    def __init__(self, settings: Settings, store: Store, prover: Prover, keeper: Keeper, approvals: Approvals) -> None:
        self._settings, self._store, self._prover, self._keeper = settings, store, prover, keeper
        self.approvals = approvals

    async def ask(self, request_id: str, wanted: Wanted, *, asker: str = "", lasts: float = GOOD_FOR) -> Pending:
        """Choose a second person for a request that waits, and keep the question.

        Args:
            request_id: the request that waits.
            wanted: what they are to agree to.
            asker: the login of the person who asks, if one does; who approves is another person than they as well.
            lasts: how many seconds the question waits.

        Raises:
            ProblemError: there is no such request, it is decided already, or nobody may agree to it.
        """
        decision = await self._waiting(request_id)
        now = now_micros()
        keys = await self._able(now)
        approver = await self._chosen(decision, wanted, keys, asker, now)
        if approver is None:
            await self._denied(decision, "approve", "no eligible second person", asker)
            detail = "nobody of another team with a passkey that may approve: the refund stays as it is until its deadline"
            raise ProblemError("no-second-person", 409, "No second person may agree to this", detail)
        bound = approving.bind(decision, approver, wanted.verdict)
        mine = {name: key for name, key in keys.items() if key.login == approver}
        self.approvals.forget_old()
        asked = Pending(bound, decision, wanted, mine, now + round(lasts * 1_000_000), asker)
        await self._store.commit(Unit(facts=(written(bound.nonce, asked),)))
        self.approvals.pending[bound.nonce] = asked
        return asked

    def turned(self, approval_id: str, wanted: Wanted) -> Pending:
        """The same question with the verdict that its approver chose, over a challenge of its own.

        Raises:
            KeyError: there is no such question.
        """
        was = self.approvals.pending[approval_id]
        bound = approving.bind(was.decision, was.bound.approver, wanted.verdict)
        turned = msgspec.structs.replace(was, bound=bound, chosen=wanted)
        self.approvals.pending[approval_id] = turned
        return turned

    def question(self, asked: Pending) -> str:
        """What the approver's browser is asked, as WebAuthn options in JSON."""
        return RelyingParty(self._settings.origin).ask_to_sign(asked.bound.challenge(), asked.keys)

    async def answer(self, approval_id: str, body: bytes, *, session: str | None = None) -> Answer:
        """The approver's passkey answers: verified, written with the answer it makes, and worth nothing a second time.

        Raises:
            ProblemError: there is no such question, somebody was quicker, or the passkey's answer is not good.
            RefusedError: a rule of the store forbids it.
        """
        pending = self.approvals.pending.pop(approval_id, None) or await self._kept(approval_id)
        if pending is None or pending.until <= now_micros():
            raise ProblemError("not-found", 404, "There is no such question", "it was answered, or waited too long: ask again")
        decision = await self._waiting(pending.bound.request_id)
        if decision.id != pending.decision.id:
            raise ProblemError("changed", 409, "The answer has changed since", "ask again about the newest answer")
        good = await self._verified(approval_id, pending, body)
        recorded = msgspec.json.decode(decision.arithmetic or "", type=Recorded)
        minutes = EMERGENCY_MINUTES if pending.wanted.emergency else self._settings.reserve_minutes
        facts, given = decided_by_person(recorded, pending.says.verdict, pending.says.reason, minutes * 60_000_000)
        approval = _approval(pending, good, sha256(body).hexdigest(), session)
        await self._write(pending, approval, (written(approval_id, pending, answered=True), *facts), given)
        self._keeper.decided(recorded.claim, facts)
        return given

    async def _write(self, pending: Pending, approval: kinds.Approval, facts: tuple[Fact, ...], given: Answer) -> None:
        """The approval with what follows from it; of two for the same answer the store keeps the first."""
        messages = [Message("refund.decided", msgspec.json.encode(given))]
        if approval.emergency:
            _log.critical("an emergency approval was used")
            messages.append(Message("approval.emergency", msgspec.json.encode(approval)))
        # a digest that no other attempt has: the same assertion handed in twice at once is answered once
        once = Key("approval", pending.decision.id, secrets.token_bytes(32))
        try:
            await self._store.commit(Unit(facts=(approval, *facts), key=once, messages=tuple(messages)))
        except ConflictError as late:
            raise _settled("somebody was quicker") from late
        except RefusedError as refused:
            await self._denied(pending.decision, "approve", f"{refused.rule}: {refused}", approval.approver)
            raise

    async def load(self) -> None:
        """Read the questions that wait from the store, after a start."""
        facts = await self._store.newest("approval_questions", "question", "verdict", ("release", "refuse"))
        keys = await self._able(now_micros()) if facts else {}
        for fact in facts:
            if isinstance(fact, kinds.ApprovalQuestion) and (pending := await self._read(fact, keys)) is not None:
                self.approvals.pending[fact.question] = pending

    async def _kept(self, approval_id: str) -> Pending | None:
        """A question that another process asked."""
        facts = await self._store.where("approval_questions", "question", approval_id)
        fact = next(iter(facts[-1:]), None)
        return await self._read(fact, await self._able(now_micros())) if isinstance(fact, kinds.ApprovalQuestion) else None

    async def _read(self, fact: kinds.ApprovalQuestion, keys: dict[str, Passkey]) -> Pending | None:
        """The question that a fact keeps; none if it was answered or waited too long."""
        if fact.answered or fact.expires_at <= now_micros():
            return None
        about = await self._store.where("decisions", "id", fact.decision_id)
        return next((read(fact, one, keys) for one in about if isinstance(one, kinds.Decision)), None)

    async def _verified(self, approval_id: str, pending: Pending, body: bytes) -> Answered:
        """A good assertion by one of the chosen approver's passkeys."""
        text = body.decode(errors="replace")
        try:
            return await self._signed(pending, text, credential_of(text))
        except PasskeyError as wrong:
            await self._store.commit(Unit(facts=(written(approval_id, pending, answered=True),)))
            await self._denied(pending.decision, "approve", str(wrong), "")
            raise ProblemError("not-approved", 403, "The passkey's answer is not good", str(wrong)) from wrong

    async def _signed(self, pending: Pending, text: str, credential: str) -> Answered:
        key = pending.keys.get(credential)
        if key is None:
            raise PasskeyError("this passkey is not the chosen approver's")
        counter = await self._counter(key.credential)
        return RelyingParty(self._settings.origin).signed(text, pending.bound.challenge(), key.public_key, counter)

    async def _counter(self, credential: str) -> int:
        """The last signature counter seen of a passkey, by approvals and by sign-ins."""
        seen = await self._store.where("approvals", "credential", credential)
        seen += await self._store.where("operator_sign_ins", "credential", credential)
        acts = [one for one in seen if isinstance(one, kinds.Approval | OperatorSignIn)]
        return max((one.counter for one in acts if one.counter is not None), default=0)

    async def _chosen(self, decision: kinds.Decision, wanted: Wanted, keys: dict[str, Passkey], asker: str, now: int) -> str | None:
        logins = {one.login for one in keys.values()}
        roster = approving.Roster(self._prover.roster, now)
        customer = await self._customer(decision)
        asking = [decision, *([msgspec.structs.replace(decision, requester=asker)] if asker else [])]

        def fit(able: set[str], seen: set[str], *, emergency: bool) -> list[str]:
            each = [set(approving.eligible(roster, one, seen, able, emergency=emergency)) for one in asking]
            return sorted(set.intersection(*each))

        chosen = fit(logins, customer, emergency=wanted.emergency)
        if wanted.emergency:
            return wanted.approver if wanted.approver in chosen else None
        outside = self._settings.outside_approver
        # the named outside approver is held to the same rules but that of teams
        return approving.choose(chosen) or next(iter(fit(logins & {outside}, set(), emergency=True)), None)

    async def _waiting(self, request_id: str) -> kinds.Decision:
        found = await self._store.where("decisions", "request_id", request_id)
        newest = [one for one in found if isinstance(one, kinds.Decision)][-1:]
        if not newest:
            raise ProblemError("not-found", 404, "There is no such decision", "use the `decision_id` of an answer")
        if newest[0].outcome not in {"hold", "review"}:
            raise _settled(f"it is {newest[0].outcome}")
        return newest[0]

    async def _able(self, now: int) -> dict[str, Passkey]:
        roster = approving.Roster(self._prover.roster, now)
        keys: list[approving.Enrolled] = []
        for login in sorted({one.login for one in roster.members}):
            keys += [await self._enrolled(key) for key in await self._keys(login)]
        able = approving.able(keys, roster, now, self._settings.wait_hours * approving.HOUR)
        return {name: key for name, key in able.items() if await self._approves(key.login)}

    async def _keys(self, login: str) -> list[Passkey]:
        """The passkeys of a login that have not ended."""
        made = [one for one in await self._store.where("passkeys", "login", login) if isinstance(one, Passkey)]
        return [one for one in made if not await self._store.where("passkey_ends", "credential", one.credential)]

    async def _enrolled(self, key: Passkey) -> approving.Enrolled:
        """A passkey with its invitation and the first answer to it."""
        invitations = await self._store.where("invitations", "id", key.invitation or "")
        answers = await self._store.where("enrolment_answers", "enrolment_id", key.id)
        invitation = next((one for one in invitations if isinstance(one, Invitation)), None)
        return approving.Enrolled(key, invitation, next((one for one in answers if isinstance(one, EnrolmentAnswer)), None))

    async def _approves(self, login: str) -> bool:
        """Whether this login has the role of an approver now."""
        given = [one for one in await self._store.where("operator_roles", "login", login) if isinstance(one, OperatorRole)]
        return next((one.granted for one in reversed(given) if one.role == "approver"), False)

    async def _customer(self, decision: kinds.Decision) -> set[str]:
        seen = await self._store.where("identifiers", "account_id", decision.account_id) if decision.account_id else []
        return {str(getattr(one, "value", "")) for one in seen}

    async def _denied(self, decision: kinds.Decision, attempted: str, why: str, login: str) -> None:
        now = now_micros()
        fact = kinds.DeniedAttempt(
            **by_gate(f"denied:{decision.id}:{now}", now), attempted=attempted, why=why[:500],
            order_id=decision.order_id, decision_id=decision.id, login=login or None,
        )  # fmt: skip
        await self._store.commit(Unit(facts=(fact,)))


def _settled(detail: str) -> ProblemError:
    return ProblemError("settled", 409, "This is decided already", detail)


def _approval(pending: Pending, good: Answered, digest: str, session: str | None) -> kinds.Approval:
    now, bound = now_micros(), pending.bound
    return kinds.Approval(
        **by_gate(f"approval:{bound.nonce}", now), decision_id=bound.answer_id, order_id=bound.order_id, amount=bound.amount,
        currency=bound.currency, instrument=bound.instrument, verdict=pending.says.verdict, approver=bound.approver,
        session=session, nonce=bound.nonce, assertion=digest,
        emergency=pending.wanted.emergency, credential=good.credential, counter=good.counter,
    )  # fmt: skip
