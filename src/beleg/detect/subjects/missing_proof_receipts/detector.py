"""A person's receipts without proofs, day by day, against peers who receive the same categories at the same site and shift."""

import ibis.expr.types as ir

from beleg.detect import acts
from beleg.detect.comparing import by_peers, with_refunds
from beleg.proofs.dossier import Dossier

judge = by_peers


def count(dossier: Dossier) -> ir.Table:
    """Per person, stratum and day: receipts that could be checked, and those that lack proofs."""
    return acts.counted(_checked(dossier))


def rests_on(dossier: Dossier, named: ir.Table) -> ir.Table:
    """The receipts that lack proofs, and the refunds that followed."""
    lacking = _checked(dossier).filter(lambda t: t.lacking).join(named.select("subject", person="member").distinct(), "person")
    return with_refunds(dossier, lacking, "receipt")


def _checked(dossier: Dossier) -> ir.Table:
    return acts.received(dossier).filter(lambda t: t.checked)
