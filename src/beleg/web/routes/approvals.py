"""A second person agrees, or does not: chosen by the system, by a passkey over exactly this refund, verified here."""

import logging
import time
from hashlib import sha256

import msgspec
from msgspec import Struct
from starlette.responses import Response

from beleg.facts.kinds import gate as kinds
from beleg.facts.kinds.operators import Invitation, Passkey
from beleg.gate import approving
from beleg.gate.live.asking import now_micros
from beleg.gate.live.written import Answer, Recorded, decided_by_person
from beleg.ledger.store.base import Message, RefusedError, Unit
from beleg.web.endpoints import Call, Endpoint, answered
from beleg.web.passkeys import Answered, PasskeyError, RelyingParty, credential_of
from beleg.web.pending import Pending, Wanted
from beleg.web.problems import ProblemError

GOOD_FOR = 300.0  # seconds that a question to an approver waits
EMERGENCY_MINUTES = 15

_log = logging.getLogger("beleg.web")


class Asked(Struct, frozen=True):
    """Whom the system chose, and what their browser is asked (WebAuthn options)."""

    approval_id: str
    approver: str
    options: msgspec.Raw


async def request(call: Call) -> Response:
    """Ask a second person, whom the system chooses."""
    wanted = msgspec.json.decode(call.body, type=Wanted)
    decision = await _waiting(call, str(call.request.path_params["decision_id"]))
    now = now_micros()
    keys = await _able(call, now)
    logins = {one.login for one in keys.values()}
    roster = approving.Roster(call.service.prover.roster, now)
    customer = await _customer(call, decision)
    chosen = approving.eligible(roster, decision, customer, logins, emergency=wanted.emergency)
    approver = _named(wanted, chosen) if wanted.emergency else approving.choose(chosen) or _outside(call, decision, roster, logins)
    if approver is None:
        await _denied(call, decision, "approve", "no eligible second person")
        detail = "nobody of another team with a passkey that may approve: the refund stays as it is until its deadline"
        raise ProblemError("no-second-person", 409, "No second person may agree to this", detail)
    bound = approving.bind(decision, approver, wanted.verdict)
    mine = {name: key for name, key in keys.items() if key.login == approver}
    approvals = call.service.approvals
    approvals.forget_old()
    approvals.pending[bound.nonce] = Pending(bound, decision, wanted, mine, time.monotonic() + GOOD_FOR)
    options = RelyingParty(call.service.settings.origin).ask_to_sign(bound.challenge(), mine)
    return answered(Asked(bound.nonce, approver, msgspec.Raw(options.encode())), 201)


async def answer(call: Call) -> Response:
    """The approver's passkey answers: verified, written with the answer it makes, and worth nothing a second time."""
    pending = call.service.approvals.pending.pop(str(call.request.path_params["approval_id"]), None)
    if pending is None or pending.until <= time.monotonic():
        raise ProblemError("not-found", 404, "There is no such question", "it was answered, or waited too long: ask again")
    decision = await _waiting(call, pending.bound.request_id)
    if decision.id != pending.decision.id:
        raise ProblemError("changed", 409, "The answer has changed since", "ask again about the newest answer")
    digest = await _verified(call, pending)
    approval = _approval(pending, digest)
    recorded = msgspec.json.decode(decision.arithmetic or "", type=Recorded)
    minutes = EMERGENCY_MINUTES if pending.wanted.emergency else call.service.settings.reserve_minutes
    facts, given = decided_by_person(recorded, pending.wanted.verdict, pending.wanted.reason, minutes * 60_000_000)
    messages = [Message("refund.decided", msgspec.json.encode(given))]
    if pending.wanted.emergency:
        _log.critical("an emergency approval was used")
        messages.append(Message("approval.emergency", msgspec.json.encode(approval)))
    try:
        await call.service.store.commit(Unit(facts=(approval, *facts), messages=tuple(messages)))
    except RefusedError as refused:
        await _denied(call, decision, "approve", f"{refused.rule}: {refused}")
        raise
    call.service.keeper.decided(recorded.claim, facts)
    return answered(given)


async def _verified(call: Call, pending: Pending) -> str:
    """The digest of a good assertion by one of the chosen approver's passkeys."""
    text = call.body.decode(errors="replace")
    try:
        good = _signed(call, pending, text, credential_of(text))
    except PasskeyError as wrong:
        await _denied(call, pending.decision, "approve", str(wrong))
        raise ProblemError("not-approved", 403, "The passkey's answer is not good", str(wrong)) from wrong
    call.service.approvals.counters[good.credential] = good.counter
    return sha256(call.body).hexdigest()


def _signed(call: Call, pending: Pending, text: str, credential: str) -> Answered:
    key = pending.keys.get(credential)
    if key is None:
        raise PasskeyError("this passkey is not the chosen approver's")
    counter = call.service.approvals.counters.get(key.credential, 0)
    return RelyingParty(call.service.settings.origin).signed(text, pending.bound.challenge(), key.public_key, counter)


def _approval(pending: Pending, digest: str) -> kinds.Approval:
    now, bound = now_micros(), pending.bound
    return kinds.Approval(
        id=f"approval:{bound.nonce}", source="gate", occurred_at=now, ingested_at=now, known_at=now, decision_id=bound.answer_id,
        order_id=bound.order_id, amount=bound.amount, currency=bound.currency, instrument=bound.instrument,
        verdict=pending.wanted.verdict, approver=bound.approver, nonce=bound.nonce, assertion=digest,
        emergency=pending.wanted.emergency,
    )  # fmt: skip


def _named(wanted: Wanted, chosen: list[str]) -> str | None:
    return wanted.approver if wanted.approver in chosen else None


def _outside(call: Call, decision: kinds.Decision, roster: approving.Roster, able: set[str]) -> str | None:
    """The named outside approver, who is held to the same rules but that of teams."""
    outside = call.service.settings.outside_approver
    return outside if outside in approving.eligible(roster, decision, (), able & {outside}, emergency=True) else None


async def _waiting(call: Call, request_id: str) -> kinds.Decision:
    found = await call.service.store.where("decisions", "request_id", request_id)
    newest = [one for one in found if isinstance(one, kinds.Decision)][-1:]
    if not newest:
        raise ProblemError("not-found", 404, "There is no such decision", "use the `decision_id` of an answer")
    if newest[0].outcome not in {"hold", "review"}:
        raise ProblemError("settled", 409, "This is decided already", f"it is {newest[0].outcome}")
    return newest[0]


async def _able(call: Call, now: int) -> dict[str, Passkey]:
    store, roster = call.service.store, approving.Roster(call.service.prover.roster, now)
    keys: list[Passkey] = []
    invitations: dict[str, Invitation] = {}
    for login in sorted({one.login for one in roster.members}):
        for key in await store.where("passkeys", "login", login):
            if isinstance(key, Passkey) and not await store.where("passkey_ends", "credential", key.credential):
                keys.append(key)
                for one in await store.where("invitations", "id", key.invitation or ""):
                    if isinstance(one, Invitation):
                        invitations[one.id] = one
    return approving.able(keys, invitations, roster, now, call.service.settings.wait_hours * approving.HOUR)


async def _customer(call: Call, decision: kinds.Decision) -> set[str]:
    seen = await call.service.store.where("identifiers", "account_id", decision.account_id) if decision.account_id else []
    return {str(getattr(one, "value", "")) for one in seen}


async def _denied(call: Call, decision: kinds.Decision, attempted: str, why: str) -> None:
    now = now_micros()
    fact = kinds.DeniedAttempt(
        id=f"denied:{decision.id}:{now}", source="gate", occurred_at=now, ingested_at=now, known_at=now, attempted=attempted,
        why=why[:500], order_id=decision.order_id, decision_id=decision.id,
    )  # fmt: skip
    await call.service.store.commit(Unit(facts=(fact,)))


ENDPOINTS = (
    Endpoint(
        method="POST", path="/v1/refund-decisions/{decision_id}/approval-requests", name="request_approval",
        summary="Ask a second person, whom the system chooses", handler=request, scope="approvals", takes=Wanted, gives=Asked,
        status=201, errors=(400, 404, 409, 422),
    ),
    Endpoint(
        method="POST", path="/v1/approval-requests/{approval_id}/assertion", name="approve",
        summary="The approver's passkey answers", handler=answer, scope="approvals", gives=Answer, errors=(403, 404, 409),
    ),
)  # fmt: skip
