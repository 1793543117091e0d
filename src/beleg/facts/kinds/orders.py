"""Orders, their lines, the serials packed for them, and what was cancelled before it left."""

from typing import Annotated

from msgspec import Meta

from beleg.facts.base import Fact
from beleg.facts.types import AccountId, Article, Currency, Digest, Grams, LineId, Minor, OrderId, Postcode, Quantity, Serial


class Order(Fact, tag="orders", frozen=True, kw_only=True):
    """An order was placed and paid."""

    order_id: OrderId
    account_id: AccountId | None = None
    currency: Currency
    paid: Annotated[Minor | None, Meta(description="what was paid in all, shipping included, in minor units")] = None
    channel: Annotated[str | None, Meta(description="web, app, store, marketplace")] = None
    payment: Annotated[Digest | None, Meta(description="keyed hash of the instrument it was paid with")] = None
    ship_to: Annotated[Postcode | None, Meta(description="postcode the goods go to")] = None
    country: Annotated[str | None, Meta(description="ISO 3166-1 alpha-2; sets legal clocks and lane times, never suspicion")] = None
    promised_at: Annotated[int | None, Meta(description="delivery promised by, microseconds UTC")] = None


class OrderLine(Fact, tag="order_lines", frozen=True, kw_only=True):
    """One line of an order: so many units of one article, paid for."""

    order_id: OrderId
    line_id: LineId
    account_id: AccountId | None = None
    article: Article
    title: Annotated[str | None, Meta(description="what the article is called")] = None
    category: Annotated[str | None, Meta(description="product category")] = None
    quantity: Quantity
    paid: Annotated[Minor, Meta(description="what was paid for the line in all, in minor units")]
    currency: Currency
    unit_weight: Annotated[Grams | None, Meta(description="packed weight of one unit")] = None
    serialised: Annotated[bool | None, Meta(description="whether units of this article bear serials; empty when not known")] = None


class PackedSerial(Fact, tag="packed_serials", frozen=True, kw_only=True):
    """A unit with this serial was packed for an order line."""

    order_id: OrderId
    line_id: LineId
    serial: Serial


class Cancellation(Fact, tag="cancellations", frozen=True, kw_only=True):
    """Units of an order were cancelled before dispatch."""

    order_id: OrderId
    line_id: LineId | None = None
    quantity: Quantity | None = None
