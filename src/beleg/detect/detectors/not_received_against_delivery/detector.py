"""A customer says nothing came, and the carrier says it was delivered."""

import ibis.expr.types as ir

from beleg.detect.rows import facts_of, refunds_of, said, together
from beleg.proofs.dossier import Dossier


def detect(dossier: Dossier) -> ir.Table:
    """Slices refunded as not received whose outbound parcel has a delivered scan."""
    slices = dossier.states
    delivered = said(dossier, "not_delivered", "against")
    claims = dossier.table("claims").select("claim_id", fact_id="id")
    claimed = slices.filter(slices.claim_id.notnull()).select("slice_id", "claim_id").join(claims, "claim_id")
    claimed = claimed.semi_join(delivered.select("slice_id"), "slice_id")
    return together(facts_of(delivered, "delivered_scan"), facts_of(claimed, "claim"), refunds_of(dossier, delivered))
