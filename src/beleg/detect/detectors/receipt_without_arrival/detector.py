"""A receipt, and no trace of a parcel on its way to it."""

import ibis.expr.types as ir

from beleg.detect.rows import labels_of, receipts_of, refunds_of, together
from beleg.proofs.dossier import Dossier


def detect(dossier: Dossier) -> ir.Table:
    """Slices with a receipt of goods for which no carrier scan and no dock entry exists, though at least one was due."""
    slices = dossier.states
    received = dossier.receipts.filter(dossier.receipts.quantity > 0)
    nothing = slices.carrier_accepted.isin(["A", "U"]) & slices.dock_manifested.isin(["A", "U"])
    due = (slices.carrier_accepted == "A") | (slices.dock_manifested == "A")
    hit = slices.filter(nothing & due & (slices.delivered_at_site != "T")).semi_join(received, "slice_id")
    return together(receipts_of(dossier, hit), labels_of(dossier, hit), refunds_of(dossier, hit))
