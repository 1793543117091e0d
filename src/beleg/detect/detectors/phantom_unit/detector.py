"""A unit that was received and never seen again."""

import ibis.expr.types as ir

from beleg.detect.rows import facts_of, receipts_of, refunds_of, said, together
from beleg.proofs.dossier import Dossier


def detect(dossier: Dossier) -> ir.Table:
    """Slices received, then neither put away nor counted nor resold, or looked for and not found."""
    slices = dossier.states
    received = dossier.receipts.filter(dossier.receipts.quantity > 0)
    gone = (slices.put_away == "A") & slices.counted_or_resold.isin(["A", "U"])
    missed = (slices.put_away == "C") | (slices.counted_or_resold == "C")
    hit = slices.filter(gone | missed).semi_join(received, "slice_id")
    searched = together(facts_of(said(dossier, "put_away", "against"), "not_found"), _counts(dossier))
    searched = searched.semi_join(hit.select(subject="slice_id"), "subject")
    return together(receipts_of(dossier, hit), searched, refunds_of(dossier, hit))


def _counts(dossier: Dossier) -> ir.Table:
    return facts_of(said(dossier, "counted_or_resold", "against"), "not_found")
