"""Refunds just under a round amount, per approver and day, against peers who approve the same."""

import ibis.expr.types as ir

from beleg.detect import acts
from beleg.detect.comparing import by_peers, facts_behind
from beleg.proofs.dossier import Dossier

# Approval limits are round; a refund hugs one that lies within its last twentieth. Prices do so too, and peers' alike.
LIMITS = (5_000, 10_000, 15_000, 20_000, 25_000, 50_000, 100_000, 200_000, 500_000)
NEAR = 20

judge = by_peers


def count(dossier: Dossier) -> ir.Table:
    """Per approver, stratum and day: refunds, and those just under a limit."""
    return acts.counted(_amounts(dossier))


def rests_on(dossier: Dossier, named: ir.Table) -> ir.Table:
    """The refunds just under a limit."""
    near = _amounts(dossier).filter(lambda t: t.lacking).join(named.select("subject", person="member").distinct(), "person")
    return facts_behind(near, "refund")


def _amounts(dossier: Dossier) -> ir.Table:
    """Whole refunds by approver, with `lacking` saying that they hug a limit."""
    t = acts.approved(dossier)
    whole = dossier.table("refunds").select("id", "amount")
    t = t.drop("amount").join(whole, t.fact_id == whole.id)
    one = t.group_by(["person", "fact_id"]).agg(
        slice_id=t.slice_id.min(), stratum=t.stratum.min(), day=t.day.min(), amount=t.amount.max()
    )
    hugs = (one.amount < LIMITS[0]) & (one.amount * NEAR >= LIMITS[0] * (NEAR - 1))
    for limit in LIMITS[1:]:
        hugs |= (one.amount < limit) & (one.amount * NEAR >= limit * (NEAR - 1))
    return one.mutate(lacking=hugs)
