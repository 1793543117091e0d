"""Parcels out and back, what carriers scanned, and what stood on the dock manifest."""

from typing import Annotated, Literal

from msgspec import Meta

from beleg.facts.base import Fact
from beleg.facts.types import (
    Carrier,
    Digest,
    Grams,
    Login,
    Microdegrees,
    OrderId,
    ParcelId,
    Postcode,
    RmaId,
    ScanStatus,
    Session,
    Site,
)


class Parcel(Fact, tag="parcels", frozen=True, kw_only=True):
    """A label was made: this parcel carries goods of this order, out to the customer or back. One fact per order in the parcel."""

    parcel_id: ParcelId
    order_id: OrderId
    rma_id: RmaId | None = None
    direction: Literal["out", "return"]
    carrier: Carrier
    tracking_code: Annotated[str | None, Meta(description="the carrier's code on the label")] = None
    service: Annotated[str | None, Meta(description="the carrier's service, which sets the lane time")] = None
    from_postcode: Postcode | None = None
    to_postcode: Annotated[Postcode | None, Meta(description="where the label sends it")] = None
    to_site: Annotated[Site | None, Meta(description="the returns site the label names")] = None
    declared_weight: Annotated[Grams | None, Meta(description="what the contents should weigh with packing")] = None
    artefact: Annotated[Digest | None, Meta(description="near-duplicate hash of the label: template, printer, edits")] = None


class Scan(Fact, tag="scans", frozen=True, kw_only=True):
    """A carrier scanned a parcel, or says it did."""

    parcel_id: ParcelId
    carrier: Carrier
    status: ScanStatus
    facility: Annotated[str | None, Meta(description="the carrier's depot")] = None
    postcode: Postcode | None = None
    weight: Grams | None = None
    signed_by: Annotated[Digest | None, Meta(description="keyed hash of the name that signed")] = None
    photo: Annotated[bool | None, Meta(description="whether a photo proves the delivery")] = None
    latitude: Microdegrees | None = None
    longitude: Microdegrees | None = None
    attested: Annotated[bool, Meta(description="fetched from or signed by the carrier; otherwise it is the shop's word")] = False


class DockArrival(Fact, tag="dock_arrivals", frozen=True, kw_only=True):
    """A parcel stood on the manifest of what was unloaded at a site's dock."""

    parcel_id: ParcelId
    site: Site
    manifest: Annotated[str | None, Meta(description="trailer, pallet or manifest number")] = None
    weight: Grams | None = None
    actor: Login | None = None
    session: Session | None = None
    device: Annotated[str | None, Meta(description="the scanner")] = None
