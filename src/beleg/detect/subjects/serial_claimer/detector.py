"""Orders with claims of loss, damage or an empty box per account, against accounts that buy the same in the same channel."""

import ibis.expr.types as ir

from beleg.detect import acts
from beleg.detect.comparing import by_peers, facts_behind
from beleg.proofs.dossier import Dossier

KINDS = ("not_received", "damaged", "empty_box", "missing_item", "wrong_item")

judge = by_peers


def count(dossier: Dossier) -> ir.Table:
    """Per account, stratum and order: lines bought, and those claimed for."""
    bought = acts.lines(dossier)
    claimed = _claims(dossier).select("order_id").distinct()
    t = bought.left_join(claimed.mutate(claimed=1), "order_id").drop("order_id_right")
    grouped = t.group_by(["account_id", "stratum", "order_id"]).agg(trials=t.count(), hits=t.claimed.fill_null(0).sum())
    return grouped.rename(subject="account_id", occasion="order_id")


def rests_on(dossier: Dossier, named: ir.Table) -> ir.Table:
    """The claims, and what was paid for them."""
    mine = named.select("subject", account_id="member").distinct()
    orders = acts.lines(dossier).select("account_id", "order_id").distinct().join(mine, "account_id")
    claims = _claims(dossier).join(orders, "order_id")
    slices = dossier.states.filter(dossier.states.claim_id.notnull()).select("slice_id", "claim_id")
    return facts_behind(claims.left_join(slices, "claim_id"), "claim")


def _claims(dossier: Dossier) -> ir.Table:
    claims = dossier.table("claims")
    return claims.filter(claims.kind.isin(KINDS)).select("order_id", "claim_id", fact_id="id")
