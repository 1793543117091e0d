"""A receipt that was typed or sent by a program instead of scanned."""

import ibis.expr.types as ir

from beleg.detect.rows import facts_of, refunds_of, together
from beleg.proofs.dossier import Dossier


def detect(dossier: Dossier) -> ir.Table:
    """Slices whose goods were received by hand or over an interface, never by scan."""
    receipts = dossier.receipts
    by_hand = receipts.filter(receipts.entry_mode.isin(["keyed", "api"]) & (receipts.quantity > 0))
    scanned = receipts.filter(receipts.entry_mode == "scan").select("slice_id")
    hit = by_hand.anti_join(scanned, "slice_id")
    return together(facts_of(hit, "receipt"), refunds_of(dossier, hit))
