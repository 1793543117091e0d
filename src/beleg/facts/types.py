"""The words a fact's fields are written in: identifiers, money, times, weights and places, each with its unit."""

from typing import Annotated, Literal

from msgspec import Meta

Instant = Annotated[int, Meta(description="microseconds since 1970-01-01 00:00 UTC")]
OffsetMinutes = Annotated[int, Meta(ge=-1080, le=1080, description="the source's UTC offset in minutes")]

Minor = Annotated[int, Meta(description="money in minor units of `currency` (cents, pence, yen)")]
Currency = Annotated[str, Meta(pattern="^[A-Z]{3}$", max_length=3, description="ISO 4217 code")]
Grams = Annotated[int, Meta(ge=0, description="weight in grams")]
Quantity = Annotated[int, Meta(ge=0, description="a number of units")]
Microdegrees = Annotated[int, Meta(ge=-180_000_000, le=180_000_000, description="WGS 84 degrees times 1,000,000")]

FactId = Annotated[str, Meta(min_length=1, description="the fact's own id, unique in the ledger")]
SourceName = Annotated[str, Meta(min_length=1, description="the feed that says so")]
AccountId = Annotated[str, Meta(description="the customer account")]
OrderId = Annotated[str, Meta(description="the shop's order number")]
LineId = Annotated[str, Meta(description="the order line, unique within its order")]
Article = Annotated[str, Meta(description="article number (SKU)")]
RmaId = Annotated[str, Meta(description="return merchandise authorisation")]
ClaimId = Annotated[str, Meta(description="a request for money made without sending goods back")]
RefundId = Annotated[str, Meta(description="the shop's refund number")]
ParcelId = Annotated[str, Meta(description="one parcel: carrier, tracking code and label date, since codes are reused")]
Carrier = Annotated[str, Meta(description="who carries the parcel")]
Site = Annotated[str, Meta(description="warehouse, returns centre or shop")]
Station = Annotated[str, Meta(description="the work place within a site")]
Serial = Annotated[str, Meta(description="serial number or IMEI of one unit")]
Lpn = Annotated[str, Meta(description="licence plate number: the label a warehouse puts on one returned unit")]
Login = Annotated[str, Meta(description="the login that acted; the roster says which person that is")]
Session = Annotated[str, Meta(description="the sign-in session it was done in")]
Postcode = Annotated[str, Meta(description="postal code as the source writes it, blanks removed, upper case")]
Digest = Annotated[str, Meta(description="keyed hash of a value, never the value")]

IdentifierKind = Literal["device", "ip", "payment", "address", "phone", "email", "document"]
EntryMode = Literal["scan", "keyed", "api", "import"]
ScanStatus = Literal[
    "pre_transit", "accepted", "in_transit", "out_for_delivery", "delivered", "attempted",
    "available_for_pickup", "return_to_sender", "exception", "lost", "cancelled", "unknown",
]  # fmt: skip
Trigger = Literal["instant", "on_first_scan", "on_delivered", "on_receipt", "on_inspection", "returnless", "manual"]
RefundClass = Literal[
    "return", "instant", "returnless", "cancelled", "adjustment", "goodwill",
    "not_received", "damaged", "chargeback", "unclassified",
]  # fmt: skip
