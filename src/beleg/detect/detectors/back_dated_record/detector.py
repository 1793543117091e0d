"""A record was written long after the moment it gives for itself."""

import ibis.expr.types as ir

from beleg.detect.rows import facts_of, refunds_of, together
from beleg.proofs.dossier import Dossier

LATE = 2 * 86_400_000_000  # two days, in microseconds


def detect(dossier: Dossier) -> ir.Table:
    """Slices with a receipt that the source itself says was recorded more than two days after it is said to have happened."""
    receipts = dossier.receipts
    hit = receipts.filter(receipts.source_recorded_at - receipts["at"] > LATE)
    return together(facts_of(hit, "receipt"), refunds_of(dossier, hit))
