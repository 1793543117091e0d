"""Another unit came back than was sent, or the unit is in use after its return."""

import ibis.expr.types as ir

from beleg.detect.rows import facts_of, refunds_of, said, together
from beleg.proofs.dossier import Dossier


def detect(dossier: Dossier) -> ir.Table:
    """Slices whose receipt or inspection shows a serial that was not packed, or whose serial was switched on after receipt."""
    filled = dossier.receipts.filter(dossier.receipts.quantity > 0).select("slice_id", "fact_id")
    wrong = said(dossier, "item_scanned", "against").semi_join(filled, ["slice_id", "fact_id"])
    looked = dossier.table("inspections")
    other = looked.filter(looked.result.isin(["mismatch_instance", "mismatch_class"])).select(fact_id="id")
    seen = said(dossier, "inspected", "against").semi_join(other, "fact_id")
    used = said(dossier, "counted_or_resold", "against").semi_join(dossier.table("activations").select(fact_id="id"), "fact_id")
    hit = together(*(part.select("slice_id") for part in (wrong, seen, used))).distinct()
    found = together(facts_of(wrong, "receipt"), facts_of(seen, "inspection"), facts_of(used, "in_use"))
    return together(found, refunds_of(dossier, hit))
