"""A person's approvals of refunds that nothing supports, day by day, against peers of the same site, category and shift."""

import ibis.expr.types as ir

from beleg.detect import acts
from beleg.detect.comparing import by_peers, facts_behind
from beleg.proofs.dossier import Dossier

judge = by_peers


def count(dossier: Dossier) -> ir.Table:
    """Per person, stratum and day: approvals that could be checked, and those of unsupported refunds."""
    return acts.counted(_checked(dossier))


def rests_on(dossier: Dossier, named: ir.Table) -> ir.Table:
    """The unsupported refunds that were approved."""
    lacking = _checked(dossier).filter(lambda t: t.lacking).join(named.select("subject", person="member").distinct(), "person")
    return facts_behind(lacking, "refund")


def _checked(dossier: Dossier) -> ir.Table:
    return acts.approved(dossier).filter(lambda t: t.checked)
