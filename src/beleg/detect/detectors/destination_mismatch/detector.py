"""A return parcel that was delivered somewhere else."""

import ibis.expr.types as ir

from beleg.detect.rows import facts_of, labels_of, refunds_of, said, together
from beleg.proofs.dossier import Dossier


def detect(dossier: Dossier) -> ir.Table:
    """Slices whose return parcel was delivered to a postcode that is not the returns site's, and never stood on its dock."""
    slices = dossier.states
    hit = slices.filter((slices.delivered_at_site == "C") & (slices.dock_manifested != "T"))
    elsewhere = said(dossier, "delivered_at_site", "against").semi_join(hit.select("slice_id"), "slice_id")
    return together(facts_of(elsewhere, "delivered_scan"), labels_of(dossier, hit), refunds_of(dossier, hit))
