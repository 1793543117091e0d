"""A request for money as a shop makes it: for which slice, how much, why, by whom, and what set it off."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from beleg.facts.slices import slice_id
from beleg.facts.types import Currency, RefundClass, Trigger

# Identifiers go into a database and into messages to people: no control characters in them.
Name = Annotated[str, Meta(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+\Z")]
Paid = Annotated[int, Meta(ge=1, le=10**13, description="what shall be paid, in minor units of `currency`")]
ClaimKind = Literal["not_received", "damaged", "empty_box", "missing_item", "wrong_item", "hazardous", "other"]
Units = Annotated[int, Meta(ge=1, le=1_000_000, description="a number of units")]


class Claim(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A refund that a shop asks about before it pays.

    It names its slice as facts do: by order, line, and the return, claim or refund it belongs to.
    """

    refund_id: Name
    order_id: Name
    amount: Paid
    currency: Currency
    trigger: Trigger
    line_id: Name | None = None
    rma_id: Name | None = None
    claim_id: Name | None = None
    quantity: Units | None = None
    stated_class: RefundClass | None = None
    claim_kind: ClaimKind | None = None
    account_id: Name | None = None
    instrument: Annotated[Name, Meta(description="keyed hash of where the money goes")] | None = None
    channel: Name | None = None
    reason: Annotated[str, Meta(max_length=2000, pattern=r"^[^\x00]*\Z", description="anybody's own words")] | None = None
    requester: Name | None = None
    session: Name | None = None
    informed_at: Annotated[int, Meta(ge=0, le=(1 << 53) - 1, description="when the shop was told, microseconds UTC")] | None = None

    @property
    def thread(self) -> str:
        """What asks for the money: the return, else the claim, else this refund."""
        return self.rma_id or self.claim_id or self.refund_id

    @property
    def slice_id(self) -> str:
        """The slice it is about, named as `facts.slices` does."""
        return slice_id(self.order_id, self.line_id, self.thread)

    @property
    def refund_class(self) -> RefundClass:
        """What is stated, else what the claim's own words make of it; facts on record may know better."""
        if self.stated_class is not None:
            return self.stated_class
        if self.claim_kind is not None:
            return _BY_KIND.get(self.claim_kind, "damaged")
        return _BY_TRIGGER.get(self.trigger, "unclassified")


_BY_KIND: dict[str, RefundClass] = {"not_received": "not_received", "hazardous": "returnless"}
_BY_TRIGGER: dict[str, RefundClass] = {
    "instant": "instant",
    "returnless": "returnless",
    "on_first_scan": "return",
    "on_delivered": "return",
    "on_receipt": "return",
    "on_inspection": "return",
}
