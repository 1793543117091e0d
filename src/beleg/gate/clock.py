"""The legal deadline of a claim: when the duty to pay starts, when it is due, and when a person looks before that."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from beleg.facts.types import Instant, RefundClass
from beleg.gate.policy import Clock
from beleg.proofs.coverage import DAY
from beleg.proofs.words import followed

# Nobody has to give goodwill; and an order of which no record says that it was called off was not: time alone pays neither.
_NO_DUTY: frozenset[RefundClass] = frozenset({"cancelled", "adjustment", "goodwill", "chargeback"})

# Goods that the customer has, and nobody asks back: whoever says that they are broken or lack something shows it.
_TO_BE_SHOWN: frozenset[RefundClass] = frozenset({"damaged", "returnless"})

# What is broken goes back at the seller's expense, and the seller pays once it is there or shown to be sent.
BROKEN = "Directive (EU) 2019/771 Art. 16(3)"


class Deadline(Struct, frozen=True, kw_only=True):
    """By when something happens to a claim that is not paid, and why then."""

    due_at: Annotated[Instant, Meta(description="when `at_deadline` happens by itself, if `started`; else when a person looks")]
    look_at: Annotated[Instant, Meta(description="from when on a person looks at it")]
    started: Annotated[bool, Meta(description="whether the duty to pay runs; without goods or evidence of posting it does not")]
    at_deadline: Literal["release", "review"]
    basis: str


def deadline(
    clock: Clock, refund_class: RefundClass, informed_at: int, posted_at: int | None, *, documented: bool = False
) -> Deadline:
    """The deadline of a claim.

    Args:
        clock: the policy's clock.
        refund_class: whether goods come back decides whether payment may wait for them.
        informed_at: when the shop was told, in microseconds.
        posted_at: when goods were first seen on their way or here, or the consumer showed that they were sent; None before that.
        documented: whether there is anything to show for a claim over goods that the customer has.
    """
    base = informed_at + clock.days * DAY
    if refund_class in _NO_DUTY:
        basis = f"{clock.days} days after the shop was told; no duty to pay follows from this alone"
        return Deadline(due_at=base, look_at=base - clock.look_before * DAY, started=False, at_deadline="review", basis=basis)
    if refund_class in _TO_BE_SHOWN and not documented:
        basis = f"{clock.days} days after the shop was told; nothing shows so far that the claim is true, and time alone does not"
        return Deadline(due_at=base, look_at=base - clock.look_before * DAY, started=False, at_deadline="review", basis=basis)
    if not followed(refund_class):
        return _running(clock, base, f"{clock.basis}: {clock.days} days after the shop was told")
    if posted_at is None:
        waits = base + clock.goods * DAY
        basis = f"{clock.basis}: may be withheld until the goods are there or shown to be sent; neither so far"
        return Deadline(due_at=waits, look_at=base, started=False, at_deadline="review", basis=basis)
    basis = f"{clock.basis}: {clock.days} days after the shop was told, or once the goods were sent if that is later"
    return _running(clock, max(base, posted_at + clock.look_before * DAY), basis)


def _running(clock: Clock, due_at: int, basis: str) -> Deadline:
    look_at = due_at - clock.look_before * DAY
    return Deadline(due_at=due_at, look_at=look_at, started=True, at_deadline=clock.at_deadline, basis=basis)
