"""A return of nothing was received, and money was paid for it."""

import ibis.expr.types as ir

from beleg.detect.rows import facts_of, refunds_of, together
from beleg.proofs.dossier import Dossier


def detect(dossier: Dossier) -> ir.Table:
    """Refunded slices whose only receipts are of zero units."""
    receipts = dossier.receipts
    counted = receipts.group_by("slice_id").agg(units=receipts.quantity.sum())
    paid = dossier.slices.filter(dossier.slices.amount > 0)
    hit = counted.filter(counted.units == 0).semi_join(paid, "slice_id")
    return together(facts_of(receipts.semi_join(hit, "slice_id"), "receipt"), refunds_of(dossier, hit))
