"""Orders with claims of loss, damage or an empty box per account, against accounts that buy the same in the same channel."""

import ibis.expr.types as ir

from beleg.detect import acts
from beleg.detect.comparing import buyers_named, buyers_spoken, by_peers, facts_behind
from beleg.proofs.dossier import Dossier

KINDS = ("not_received", "damaged", "empty_box", "missing_item", "wrong_item")

judge, names, spoken = by_peers, buyers_named, buyers_spoken


def count(dossier: Dossier) -> ir.Table:
    """Per account, stratum and order, in numbers: lines bought, and those claimed for, which are all or none."""
    claimed = acts.headers(dossier).semi_join(_claims(dossier), "order_id").select(occasion="number", claimed=1)
    t = acts.bought(dossier).drop("refunded").left_join(claimed, "occasion").drop("occasion_right")
    return t.mutate(hits=t.claimed.notnull().ifelse(t.trials, 0)).drop("claimed")


def rests_on(dossier: Dossier, named: ir.Table) -> ir.Table:
    """The claims, and what was paid for them."""
    mine = named.select("subject", account_id="member").distinct()
    orders = acts.lines(dossier, mine).select("account_id", "order_id").distinct().join(mine, "account_id")
    claims = _claims(dossier).join(orders, "order_id")
    slices = dossier.states.filter(dossier.states.claim_id.notnull()).select("slice_id", "claim_id")
    return facts_behind(claims.left_join(slices, "claim_id"), "claim")


def _claims(dossier: Dossier) -> ir.Table:
    claims = dossier.table("claims")
    return claims.filter(claims.kind.isin(KINDS)).select("order_id", "claim_id", fact_id="id")
