"""What happens to goods that come back: authorised, received, inspected, put away, counted, resold, switched on again."""

from typing import Annotated, Literal

from msgspec import Meta

from beleg.facts.base import Fact
from beleg.facts.types import (
    AccountId,
    Digest,
    EntryMode,
    Grams,
    LineId,
    Login,
    Lpn,
    OrderId,
    ParcelId,
    Quantity,
    RmaId,
    Serial,
    Session,
    Site,
    Station,
)


class ReturnAuthorisation(Fact, tag="return_authorisations", frozen=True, kw_only=True):
    """The shop agreed that units of one order line may come back."""

    rma_id: RmaId
    order_id: OrderId
    line_id: LineId
    quantity: Quantity
    account_id: AccountId | None = None
    reason: Annotated[str | None, Meta(description="the customer's reason, in the source's words")] = None
    returnless: Annotated[bool, Meta(description="the customer may keep the goods")] = False
    site: Annotated[Site | None, Meta(description="where the goods shall go")] = None
    actor: Annotated[Login | None, Meta(description="the staff login that made it; empty when the customer did")] = None
    session: Session | None = None
    device: Annotated[Digest | None, Meta(description="the customer's device")] = None


class Receipt(Fact, tag="receipts", frozen=True, kw_only=True):
    """A warehouse system says that units came back. It is a claim by that system and that actor, and counts as one source."""

    order_id: OrderId
    line_id: LineId | None = None
    rma_id: RmaId | None = None
    parcel_id: ParcelId | None = None
    quantity: Quantity
    site: Site
    station: Station | None = None
    entry_mode: EntryMode
    serial: Annotated[Serial | None, Meta(description="the serial read from the unit")] = None
    lpn: Lpn | None = None
    weight: Grams | None = None
    actor: Login | None = None
    session: Session | None = None


class Inspection(Fact, tag="inspections", frozen=True, kw_only=True):
    """Somebody looked at what came back."""

    order_id: OrderId
    line_id: LineId | None = None
    rma_id: RmaId | None = None
    site: Site
    result: Literal["match", "mismatch_instance", "mismatch_class", "mismatch_quantity", "empty", "damaged"]
    grade: Annotated[str | None, Meta(description="A (new) to D (unsellable)")] = None
    serial: Serial | None = None
    lpn: Lpn | None = None
    actor: Login | None = None
    session: Session | None = None


class Disposition(Fact, tag="dispositions", frozen=True, kw_only=True):
    """What came back was put away, repaired, sold off or destroyed; `missing` means expected but not there."""

    order_id: OrderId
    line_id: LineId | None = None
    rma_id: RmaId | None = None
    site: Site
    kind: Literal["restock", "refurbish", "vendor", "liquidate", "destroy", "missing"]
    location: Annotated[str | None, Meta(description="the shelf or bin")] = None
    lpn: Lpn | None = None
    actor: Login | None = None
    session: Session | None = None


class StockCount(Fact, tag="stock_counts", frozen=True, kw_only=True):
    """A count looked for one returned unit and found it, or did not."""

    lpn: Lpn
    site: Site
    found: Annotated[bool, Meta(description="whether the unit was there")]
    actor: Login | None = None
    session: Session | None = None


class Resale(Fact, tag="resales", frozen=True, kw_only=True):
    """A returned unit was sold again."""

    lpn: Lpn
    serial: Serial | None = None
    site: Site | None = None


class Activation(Fact, tag="activations", frozen=True, kw_only=True):
    """The maker says that a unit was switched on, registered or claimed under warranty."""

    serial: Serial
    kind: Literal["activated", "registered", "warranty_claim", "in_use"]


class StatusClaim(Fact, tag="status_claims", frozen=True, kw_only=True):
    """A source system says that something is returned. It is recorded as that system's claim and proves nothing by itself."""

    order_id: OrderId
    line_id: LineId | None = None
    rma_id: RmaId | None = None
    status: Annotated[str, Meta(description="the source's own word")]
    actor: Login | None = None
