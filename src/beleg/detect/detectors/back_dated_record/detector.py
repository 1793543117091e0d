"""A record was written long after the moment it gives for itself."""

import ibis.expr.types as ir

from beleg.detect.rows import facts_of, refunds_of, together
from beleg.proofs.dossier import Dossier


def detect(dossier: Dossier) -> ir.Table:
    """Slices with a receipt that its source itself says was recorded long after (`proofs.rows.LATE`) the moment it gives."""
    receipts = dossier.receipts
    hit = receipts.filter(receipts.late)
    return together(facts_of(hit, "receipt"), refunds_of(dossier, hit))
