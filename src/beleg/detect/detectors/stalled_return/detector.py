"""A return that a carrier took and that never arrived."""

import ibis.expr.types as ir

from beleg.detect.rows import labels_of, refunds_of, scans_of, together
from beleg.proofs.dossier import Dossier


def detect(dossier: Dossier) -> ir.Table:
    """Slices whose return parcel was accepted, then neither delivered nor seen on a dock, though that was due."""
    slices = dossier.states
    stalled = (slices.carrier_accepted == "T") & (slices.delivered_at_site == "A") & slices.dock_manifested.isin(["A", "U"])
    turned = dossier.return_parcels.filter(dossier.return_parcels.sent_back).select("slice_id")
    hit = slices.filter(stalled).anti_join(dossier.receipts.select("slice_id"), "slice_id").anti_join(turned, "slice_id")
    return together(scans_of(dossier, hit), labels_of(dossier, hit), refunds_of(dossier, hit))
