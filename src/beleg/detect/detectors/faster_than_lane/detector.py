"""A parcel that was received sooner than its lane can carry it."""

import ibis
import ibis.expr.types as ir

from beleg.detect.rows import facts_of, receipts_of, refunds_of, together
from beleg.proofs.dossier import Dossier

HOUR = 3_600_000_000  # microseconds

# A lane's floor is the time its fastest two hundredth took, halved; a lane with fewer parcels is held to no less than this.
FASTEST_SHARE, FEWEST, FLOOR = 200, 200, 4 * HOUR


def detect(dossier: Dossier) -> ir.Table:
    """Slices received in less than half the time that the fastest parcels of the same carrier and site needed."""
    taken = _taken(dossier)
    joined = taken.left_join(_floors(taken), ["carrier", "to_site"]).drop("carrier_right", "to_site_right")
    hit = joined.filter(joined.taken < joined.floor.fill_null(FLOOR))
    scans = dossier.return_scans.filter(dossier.return_scans.status != "pre_transit").semi_join(hit.select("slice_id"), "slice_id")
    return together(facts_of(scans, "scan"), receipts_of(dossier, hit), refunds_of(dossier, hit))


def _taken(dossier: Dossier) -> ir.Table:
    """Per slice: the time from the acceptance of its first parcel to its first receipt.

    A parcel whose acceptance was not scanned set out nobody knows when. Later parcels of one return come after its first receipt.
    """
    scans = dossier.return_scans
    accepted = scans.filter(scans["at"].notnull() & ~scans.sent_back & (scans.status == "accepted"))
    accepted = accepted.mutate(accepted_at=accepted["at"].min().over(ibis.window(group_by="slice_id")))
    first = accepted.filter(accepted["at"] == accepted.accepted_at)
    first = first.select("slice_id", "carrier", "to_site", "accepted_at").distinct()
    receipts = dossier.receipts
    received = receipts.filter((receipts.quantity > 0) & receipts["at"].notnull())
    received = received.group_by("slice_id").agg(received_at=received["at"].min())
    joined = first.join(received, "slice_id")
    return joined.select("slice_id", "carrier", "to_site", taken=joined.received_at - joined.accepted_at)


def _floors(taken: ir.Table) -> ir.Table:
    lane = ibis.window(group_by=["carrier", "to_site"])
    place = ibis.window(group_by=["carrier", "to_site"], order_by=["taken", "slice_id"])
    ranked = taken.mutate(parcels=taken.count().over(lane), place=ibis.row_number().over(place))
    fastest = ranked.filter((ranked.parcels >= FEWEST) & (ranked.place == ranked.parcels // FASTEST_SHARE))
    return fastest.select("carrier", "to_site", floor=ibis.greatest((fastest.taken // 2).cast("int64"), FLOOR))
