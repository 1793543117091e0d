"""A parcel that turned round on its way to the customer and never came home."""

import ibis.expr.types as ir

from beleg.detect.rows import facts_of, refunds_of, together
from beleg.proofs.dossier import Dossier


def detect(dossier: Dossier) -> ir.Table:
    """Slices refunded as returned to sender whose parcel was never seen on a dock nor received."""
    slices = dossier.states
    turned = dossier.return_parcels.filter(dossier.return_parcels.sent_back)
    lost = slices.filter((slices.dock_manifested == "A") & slices.item_scanned.isin(["A", "U"]))
    hit = lost.semi_join(turned, "slice_id").anti_join(dossier.receipts.select("slice_id"), "slice_id")
    scans = dossier.return_scans
    sent = scans.filter(scans.status == "return_to_sender").semi_join(hit.select("slice_id"), "slice_id")
    return together(facts_of(sent, "sent_back_scan"), refunds_of(dossier, hit))
