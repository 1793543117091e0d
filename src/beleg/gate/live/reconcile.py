"""Money that left, held against the money set aside: which reservation a refund uses up, and which refund nobody asked about."""

from collections.abc import Iterable
from hashlib import sha256
from typing import Literal

from beleg.facts.kinds.findings import Finding, FindingFact
from beleg.facts.kinds.gate import Reservation, ReservationEnd
from beleg.facts.kinds.money import Refund
from beleg.facts.slices import slice_id
from beleg.gate.envelope import by_gate

UNASKED = "refund_without_asking"
VERSION = "1"


def paid_from(refund: Refund, reservations: Iterable[Reservation]) -> Reservation | None:
    """The reservation of the same order that this refund is paid from: by its number, else by its exact money."""
    mine = [one for one in reservations if one.order_id == refund.order_id]
    by_number = next((one for one in mine if one.refund_id is not None and one.refund_id == refund.refund_id), None)
    if by_number is not None:
        return by_number
    return next((one for one in mine if (one.amount, one.currency) == (refund.amount, refund.currency)), None)


def end_of(refund: Refund, reservation: Reservation, now: int) -> ReservationEnd | None:
    """How the refund ends the reservation; a pending one does not yet."""
    if refund.status == "pending":
        return None
    return _ended(reservation, "paid" if refund.status == "settled" else "failed", now, refund.id)


def expired(reservation: Reservation, now: int) -> ReservationEnd:
    """The reservation freed since nobody paid in time."""
    return _ended(reservation, "expired", now)


def _ended(
    reservation: Reservation, outcome: Literal["paid", "failed", "expired"], now: int, refund: str | None = None
) -> ReservationEnd:
    return ReservationEnd(
        **by_gate(f"{reservation.id}-end", now),
        reservation_id=reservation.id,
        order_id=reservation.order_id,
        outcome=outcome,
        refund_fact=refund,
    )


def unasked(refund: Refund, now: int) -> tuple[Finding, FindingFact]:
    """A finding on money that left without the gate being asked; why is for a person to say."""
    subject = slice_id(refund.order_id, refund.line_id, refund.rma_id or refund.claim_id or refund.refund_id)
    name = sha256(f"{UNASKED}\x1f{VERSION}\x1f{subject}\x1f{refund.id}".encode()).hexdigest()
    finding = Finding(
        id=name,
        source=UNASKED,
        occurred_at=now,
        ingested_at=now,
        known_at=now,
        detector=UNASKED,
        version=VERSION,
        subject_kind="slice",
        subject=subject,
        as_of=now,
        family="conduct",
        amount=refund.amount,
        currency=refund.currency,
    )
    rests = FindingFact(
        id=f"{name}-0", source=UNASKED, ingested_at=now, known_at=now, finding_id=name, fact_id=refund.id, role="refund"
    )
    return finding, rests
