"""What a policy's conditions may speak about: one typed list of names, each with its meaning."""

from typing import Annotated

from msgspec import Meta, Struct

from beleg.facts.types import RefundClass, Trigger


class Situation(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One claim at one moment, as conditions see it. Everything in it was known before the moment it speaks of."""

    amount: Annotated[int, Meta(description="what is asked for, in minor units of `currency`")] = 0
    currency: Annotated[str, Meta(description="ISO 4217 code")] = "EUR"
    quantity: Annotated[int, Meta(description="units asked about")] = 1
    category: Annotated[str, Meta(description="the article's category; empty when not known")] = ""
    serialised: Annotated[bool, Meta(description="whether units of the article bear serials")] = False
    trigger: Annotated[Trigger, Meta(description="what set the refund off")] = "on_receipt"
    refund_class: Annotated[RefundClass, Meta(description="what the refund is for, by the facts, else as stated")] = "return"
    claim_kind: Annotated[str, Meta(description="what the customer claims; empty for a plain return")] = ""
    channel: Annotated[str, Meta(description="where it was asked for; empty when not known")] = ""
    by_staff: Annotated[bool, Meta(description="whether a staff login asked for it, rather than the customer")] = False
    to_self: Annotated[bool, Meta(description="whether the one who asks is a contact of the account, by the roster")] = False
    same_instrument: Annotated[bool, Meta(description="whether the money goes where it came from, or nobody says otherwise")] = True
    beyond_paid: Annotated[bool, Meta(description="whether more would go back than was paid for the line or the order")] = False
    takeover: Annotated[bool, Meta(description="whether the asking session shows a takeover that nobody cleared")] = False
    bits: Annotated[float, Meta(description="all evidence against the claim, added up by `weigh`, without the prior")] = 0.0
    contradicted: Annotated[list[str], Meta(description="proofs that a fact speaks against")] = []
    disputed: Annotated[bool, Meta(description="whether the bank is asked for money of the order and has not decided")] = False
    document_reused: Annotated[
        bool, Meta(description="whether a document of the order, its picture or its number backs another account's claim as well")
    ] = False
    posting_shown: Annotated[
        bool, Meta(description="whether the customer showed evidence of posting while no carrier has the parcel")
    ] = False
    findings: Annotated[list[str], Meta(description="detectors with an open finding on the slice, its account or its ring")] = []
    account_days: Annotated[int, Meta(description="days since the account's first other order; 0 without one")] = 0
    account_orders: Annotated[int, Meta(description="other orders of the account")] = 0
    account_refunds: Annotated[int, Meta(description="refunds of other orders paid to the account before")] = 0
    account_disputes: Annotated[int, Meta(description="disputes the account opened before")] = 0
    account_claims: Annotated[
        int, Meta(description="claims of the account over other orders: missing, damaged, and whatever else brings no goods back")
    ] = 0


class AccountHistory(Struct, frozen=True, kw_only=True, gc=False):
    """The part of a situation that other orders of the same account tell."""

    first_order_at: int | None = None
    account_orders: int = 0
    account_refunds: int = 0
    account_disputes: int = 0
    account_claims: int = 0
