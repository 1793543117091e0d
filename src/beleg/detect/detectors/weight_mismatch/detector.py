"""A return parcel that weighs too little or too much for what should be in it."""

import ibis.expr.types as ir

from beleg.detect.rows import facts_of, labels_of, refunds_of, said, together
from beleg.proofs.dossier import Dossier


def detect(dossier: Dossier) -> ir.Table:
    """Slices whose return parcel's weight, at the carrier or on the dock, does not fit its contents."""
    wrong = said(dossier, "weight_plausible", "against")
    return together(facts_of(wrong, "weighing"), labels_of(dossier, wrong), refunds_of(dossier, wrong))
