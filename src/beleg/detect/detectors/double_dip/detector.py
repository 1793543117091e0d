"""More went back than was paid: a refund besides a lost dispute, a replacement, or another refund."""

import ibis.expr.types as ir

from beleg.detect.rows import facts_of, refunds_of, together
from beleg.proofs.dossier import Dossier


def detect(dossier: Dossier) -> ir.Table:
    """Slices of lines or orders for which refunds, lost disputes and replacements together exceed what was paid."""
    sent = dossier.table("replacements").select("order_id", fact_id="id")
    again = dossier.overpaid.join(sent, "order_id")
    return together(refunds_of(dossier, dossier.overpaid), facts_of(again, "replacement"))
