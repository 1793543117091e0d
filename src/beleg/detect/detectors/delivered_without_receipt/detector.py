"""Tracking says delivered, and the warehouse has nothing."""

import ibis.expr.types as ir

from beleg.detect.rows import facts_of, labels_of, refunds_of, together
from beleg.proofs.dossier import Dossier


def detect(dossier: Dossier) -> ir.Table:
    """Slices whose return parcel has a delivered scan, but no dock entry, no receipt and no put-away, though they were due."""
    slices = dossier.states
    silent = slices.dock_manifested.isin(["A", "U"]) & (slices.item_scanned == "A") & slices.put_away.isin(["A", "U"])
    hit = slices.filter(silent & slices.delivered_at_site.isin(["T", "C"]))
    hit = hit.anti_join(dossier.receipts.select("slice_id"), "slice_id")
    scans = dossier.return_scans
    delivered = scans.filter(scans.status == "delivered").semi_join(hit.select("slice_id"), "slice_id")
    return together(facts_of(delivered, "delivered_scan"), labels_of(dossier, hit), refunds_of(dossier, hit))
