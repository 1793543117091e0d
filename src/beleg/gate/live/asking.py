"""Claims answered on the store: proved, decided and written with the money set aside, in one durable unit."""

import time
from collections.abc import Mapping, Sequence
from hashlib import sha256

import msgspec
from msgspec import Struct

from beleg.facts.base import Fact
from beleg.facts.kinds import gate as kinds
from beleg.facts.kinds.orders import OrderLine
from beleg.facts.kinds.staff import StaffMember
from beleg.gate.claim import Claim
from beleg.gate.decide import Gate, Staff
from beleg.gate.decision import Decision, Reason
from beleg.gate.live.prover import Proved, Prover
from beleg.gate.live.written import Answer, Shadowed, answer_again, facts_of
from beleg.gate.moment import Known, unknown
from beleg.gate.policy import Answer as Outcome
from beleg.gate.stated import stated
from beleg.ledger.store.base import Basis, Key, Message, RefusedError, StaleError, Unit
from beleg.ledger.store.store import Store

HOUR = 3_600_000_000  # microseconds
_WEIGHT: dict[Outcome, int] = {"release": 0, "hold": 1, "review": 2}
_ANSWERED = ("decisions", "reservations")
_encode = msgspec.json.Encoder().encode


class Asked(Struct, frozen=True):
    """What became of a claim: the answer as sent, its place in the log, and whether it is an old one; else what was written."""

    body: bytes
    index: int
    replayed: bool
    answer: Answer
    decision: Decision
    facts: tuple[Fact, ...] = ()
    shadow: Outcome | None = None


def now_micros() -> int:
    """The present."""
    return time.time_ns() // 1000


class Asking:
    """Answers claims.

    Args:
        store: the store, running.
        prover: what is known of orders.
        gate: the policy in force and the weights.
        shadow: another policy that is asked beside it and changes nothing; what it would have said is kept with the answer.
    """

    def __init__(self, store: Store, prover: Prover, gate: Gate, shadow: Gate | None = None) -> None:
        self.store, self.prover, self.gate, self.shadow = store, prover, gate, shadow
        self.lasts = HOUR

    async def ask(self, claim: Claim, key: Key | None, topic: str | None = None) -> Asked:
        """Answer a claim and write the answer down; with a topic, the shop is told of it as well.

        Raises:
            ConflictError: the key came with another body.
            UnavailableError: the database is away.
            RefusedError: a rule of the store forbids even to ask.
        """
        while True:
            judged = await self.judge(claim)
            try:
                return await self._written(claim, judged, key, topic)
            except StaleError:
                continue  # a fact came in between, through whichever process: what it shows decides

    async def _written(self, claim: Claim, judged: "Judged", key: Key | None, topic: str | None) -> Asked:
        try:
            return await self._write(claim, judged, key, topic)
        except RefusedError as refused:
            if judged.decision.answer != "release":
                raise
            # the store is the last to say whether money may be set aside: a person sees why it may not
            return await self._write(claim, _kept_back(judged, refused), key, topic)

    async def judge(self, claim: Claim) -> "Judged":
        """What the gate says now; nothing is written but the request's own facts, where nothing told of it before."""
        proved = await self._proved(claim)
        slices = _fitting(claim, proved.slices) or [unknown(claim, self.prover.coverage, now_micros())]
        basis, staff = await self._staff(claim, {one.account_id for one in slices} | {claim.account_id}, proved.basis)
        now = now_micros()
        shadow = _strictest([self.shadow.decide(claim, one, now, staff) for one in slices]) if self.shadow else None
        told = Shadowed(policy=shadow.policy, answer=shadow.answer, rule=shadow.rule) if shadow else None
        decision = _strictest([self.gate.decide(claim, one, now, staff) for one in slices])
        return Judged(msgspec.structs.replace(decision, index=basis.size), told, basis)

    async def _proved(self, claim: Claim) -> Proved:
        proved = await self.prover.known(claim.order_id)
        if _fitting(claim, proved.slices) or (fact := await self._stated(claim)) is None:
            return proved
        written = await self.store.commit(Unit(facts=(fact,)))
        await self.store.follow(max(written.places) + 1)
        return await self.prover.known(claim.order_id)

    async def _stated(self, claim: Claim) -> Fact | None:
        """What tells of the request itself, for the line it names or the only one there is; for a line not on record nothing."""
        facts = await self.store.where("order_lines", "order_id", claim.order_id)
        lines = {fact.line_id for fact in facts if isinstance(fact, OrderLine)}
        if not lines or (claim.line_id is not None and claim.line_id not in lines):
            return None
        only = next(iter(lines)) if len(lines) == 1 else None
        cancelled = bool(await self.store.where("cancellations", "order_id", claim.order_id))
        return stated(claim, claim.line_id or only, now_micros(), cancelled=cancelled)

    async def _staff(self, claim: Claim, accounts: set[str | None], basis: Basis) -> tuple[Basis, Staff | None]:
        """What the roster and the sessions say of whoever asks, and what that and the proofs rest on."""
        if claim.requester is None and claim.session is None:
            return basis, None
        taken = claim.session in self.prover.suspects
        roster = await self.store.where("staff", "login", claim.requester) if claim.requester else []
        contacts = {one.contact for one in roster if isinstance(one, StaffMember) and one.contact}
        asked = {("account_id", one) for one in accounts if one} | ({("login", claim.requester)} if claim.requester else set())
        staff = Staff(to_self=bool(contacts) and await self._theirs(accounts, contacts), takeover=taken)
        return msgspec.structs.replace(basis, about=basis.about | asked), staff

    async def _theirs(self, accounts: set[str | None], contacts: set[str]) -> bool:
        seen = await self.store.among("identifiers", "account_id", [one for one in accounts if one])
        return any(getattr(one, "value", None) in contacts for one in seen)

    async def _write(self, claim: Claim, judged: "Judged", key: Key | None, topic: str | None) -> Asked:
        facts, answer = facts_of(claim, judged.decision, self.lasts, judged.shadow)
        body = _encode(answer)
        messages = (Message(topic, body),) if topic else ()
        written = await self.store.commit(Unit(facts=facts, key=key, messages=messages, rests_on=judged.basis))
        if written.replayed:
            answer = await self._first(written.places)
            body = _encode(answer)
        index = written.places[0]
        shadow = judged.shadow.answer if judged.shadow else None
        return Asked(with_index(body, index), index, written.replayed, answer, judged.decision, facts, shadow)

    async def _first(self, places: Sequence[int]) -> Answer:
        """The answer that was written at these places of the log: its decision, and its reservation where it is a release."""
        found = [fact for place, fact in await self.store.since(_ANSWERED, places[0], len(places)) if place in places]
        held = next((fact for fact in found if isinstance(fact, kinds.Reservation)), None)
        return next(answer_again(fact, held) for fact in found if isinstance(fact, kinds.Decision))


class Judged(Struct, frozen=True):
    """What the policy in force says, what the shadow would have said, and what of the log both rest on."""

    decision: Decision
    shadow: Shadowed | None
    basis: Basis


def _strictest(decisions: Sequence[Decision]) -> Decision:
    return max(decisions, key=lambda one: _WEIGHT[one.answer])


def _fitting(claim: Claim, slices: Mapping[str, Known]) -> list[Known]:
    exact = slices.get(claim.slice_id)
    if exact is not None or claim.line_id is not None:
        return [exact] if exact is not None else []
    return [one for name, one in slices.items() if name.endswith(f"/{claim.thread}")]


def with_index(body: bytes, index: int) -> bytes:
    """An answer with its place in the log, which is known only once it is written."""
    return body[:-1] + b',"log_index":%d}' % index


def _kept_back(judged: Judged, refused: RefusedError) -> Judged:
    reason = Reason(code=f"store:{refused.rule}", text=str(refused))
    before = judged.decision
    after = msgspec.structs.replace(before, answer="review", by="rule", needs_person=True, reasons=(reason, *before.reasons))
    return msgspec.structs.replace(judged, decision=after)


def digest(body: bytes) -> bytes:
    """By what an idempotency key knows its body."""
    return sha256(body).digest()
