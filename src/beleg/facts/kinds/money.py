"""Money and goods that leave again: refunds, replacements, disputes, and the claims they answer."""

from typing import Annotated, Literal

from msgspec import Meta

from beleg.facts.base import Fact
from beleg.facts.types import (
    AccountId,
    Article,
    ClaimId,
    Currency,
    Digest,
    LineId,
    Login,
    Minor,
    OrderId,
    Quantity,
    RefundClass,
    RefundId,
    RmaId,
    Session,
    Trigger,
)


class Refund(Fact, tag="refunds", frozen=True, kw_only=True):
    """Money was sent back to a customer; without a line for the whole order, without an order for an account and an article."""

    refund_id: RefundId
    order_id: OrderId | None = None
    line_id: LineId | None = None
    rma_id: RmaId | None = None
    claim_id: ClaimId | None = None
    account_id: AccountId | None = None
    article: Article | None = None
    quantity: Quantity | None = None
    amount: Annotated[Minor, Meta(description="what was paid back, positive, in minor units")]
    currency: Currency
    status: Literal["settled", "pending", "failed"] = "settled"
    trigger: Annotated[Trigger | None, Meta(description="what set it off")] = None
    stated_class: Annotated[RefundClass | None, Meta(description="the class the source states, if it states one")] = None
    reason: Annotated[str | None, Meta(description="the source's own words")] = None
    instrument: Annotated[Digest | None, Meta(description="keyed hash of where the money went")] = None
    requester: Annotated[Login | None, Meta(description="the staff login that asked for it")] = None
    approver: Annotated[Login | None, Meta(description="the staff login that agreed")] = None
    session: Annotated[Session | None, Meta(description="the approver's session")] = None


class RefundRequest(Fact, tag="refund_requests", frozen=True, kw_only=True):
    """Somebody asked for money for which no goods come back: the word of whoever asks. Nothing was paid yet."""

    refund_id: RefundId
    order_id: OrderId
    line_id: LineId | None = None
    account_id: AccountId | None = None
    quantity: Quantity | None = None
    amount: Annotated[Minor, Meta(ge=1, description="what was asked for, in minor units")]
    currency: Currency
    trigger: Annotated[Trigger | None, Meta(description="what set it off")] = None
    stated_class: Annotated[RefundClass | None, Meta(description="the class that whoever asks states, if any")] = None
    requester: Annotated[Login | None, Meta(description="the staff login that asked for it")] = None
    session: Annotated[Session | None, Meta(description="the requester's session")] = None


class Replacement(Fact, tag="replacements", frozen=True, kw_only=True):
    """Goods were sent again instead of, or besides, a refund."""

    replacement_id: Annotated[str, Meta(description="the shop's number for it")]
    order_id: OrderId
    line_id: LineId | None = None
    quantity: Quantity
    value: Annotated[Minor | None, Meta(description="what the goods are worth, in minor units")] = None
    currency: Currency | None = None
    reason: Annotated[str | None, Meta(description="the source's own words")] = None
    actor: Login | None = None


class Dispute(Fact, tag="disputes", frozen=True, kw_only=True):
    """A cardholder disputed the payment with the bank. A later fact of the same dispute_id gives its newer status."""

    dispute_id: Annotated[str, Meta(description="the payment provider's number")]
    order_id: OrderId
    line_id: LineId | None = None
    reason: Annotated[str, Meta(description="the network's reason, such as product_not_received")]
    amount: Minor
    currency: Currency
    status: Literal["open", "won", "lost"]


class Claim(Fact, tag="claims", frozen=True, kw_only=True):
    """A customer asks for money without sending the goods back."""

    claim_id: ClaimId
    order_id: OrderId
    line_id: LineId | None = None
    account_id: AccountId | None = None
    kind: Literal["not_received", "damaged", "empty_box", "missing_item", "wrong_item", "hazardous", "other"]
    quantity: Quantity | None = None
    text: Annotated[Digest | None, Meta(description="near-duplicate hash of the wording")] = None
    device: Digest | None = None
    ip: Digest | None = None


class ClaimDocument(Fact, tag="claim_documents", frozen=True, kw_only=True):
    """A document was handed in with a claim: a photo, a police report, a declaration."""

    claim_id: ClaimId
    order_id: OrderId
    account_id: AccountId | None = None
    kind: Literal["photo", "police_report", "declaration", "invoice", "posting", "other"]
    content: Annotated[Digest, Meta(description="digest of the file's bytes")]
    picture: Annotated[Digest | None, Meta(description="perceptual hash, for pictures")] = None
    number: Annotated[Digest | None, Meta(description="keyed hash of the document's own number, such as a police report's")] = None
