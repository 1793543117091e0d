"""A request for money as a fact of its own, where nothing on record tells of it yet: the word of whoever asks, and no more."""

from hashlib import sha256

from beleg.facts.base import Fact
from beleg.facts.kinds.money import Claim as ClaimFact
from beleg.facts.kinds.money import RefundRequest
from beleg.facts.kinds.returns import ReturnAuthorisation
from beleg.gate.claim import Claim, ClaimKind
from beleg.gate.envelope import by_gate
from beleg.proofs.words import followed


def request_of(claim: Claim) -> str:
    """The request a claim makes: a refund that is asked about again is the same request."""
    return sha256(f"{claim.order_id}\x1f{claim.refund_id}".encode()).hexdigest()[:32]


def stated(claim: Claim, line_id: str | None, now: int, *, cancelled: bool) -> Fact | None:
    """The fact that tells of a request: a customer's claim, a return, or a request for which no goods move.

    None where goods should come back and nobody can say of which line. Whose order it is, the order says, not whoever asks.

    Args:
        claim: what is asked for.
        line_id: the line it is about, if one can be told.
        now: when it is asked, in microseconds.
        cancelled: whether something of the order was cancelled, so that what nobody calls a return need not be one.
    """
    if claim.rma_id is None and (kind := _kind(claim)) is not None:
        return _claim(claim, kind, line_id, now)
    if claim.rma_id is None and (not followed(claim.refund_class) or (cancelled and claim.stated_class is None)):
        return _request(claim, line_id, now)
    return _return(claim, line_id, now) if line_id is not None else None


def _kind(claim: Claim) -> ClaimKind | None:
    """What a customer claims; what is only stated to be damaged, or not to come back, needs documents of its own."""
    return claim.claim_kind or _KINDS.get(claim.stated_class or "")


_KINDS: dict[str, ClaimKind] = {"not_received": "not_received", "damaged": "other", "returnless": "other"}


def _claim(claim: Claim, kind: ClaimKind, line_id: str | None, now: int) -> ClaimFact:
    return ClaimFact(
        **by_gate(f"{request_of(claim)}-claim", now, claim.informed_at),
        claim_id=claim.thread,
        order_id=claim.order_id,
        line_id=line_id,
        kind=kind,
        quantity=claim.quantity,
    )


def _request(claim: Claim, line_id: str | None, now: int) -> RefundRequest:
    return RefundRequest(
        **by_gate(f"{request_of(claim)}-request", now, claim.informed_at),
        refund_id=claim.thread,
        order_id=claim.order_id,
        line_id=line_id,
        quantity=claim.quantity,
        amount=claim.amount,
        currency=claim.currency,
        trigger=claim.trigger,
        stated_class=claim.stated_class,
        requester=claim.requester,
        session=claim.session,
    )


def _return(claim: Claim, line_id: str, now: int) -> ReturnAuthorisation:
    return ReturnAuthorisation(
        **by_gate(f"{request_of(claim)}-return", now, claim.informed_at),
        rma_id=claim.thread,
        order_id=claim.order_id,
        line_id=line_id,
        quantity=claim.quantity or 1,
        returnless=claim.refund_class == "returnless",
        actor=claim.requester,
        session=claim.session,
    )
