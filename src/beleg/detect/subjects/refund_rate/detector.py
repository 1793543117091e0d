"""Orders with refunded lines per account, against accounts that buy the same categories in the same channel and season."""

import ibis.expr.types as ir
import pyarrow as pa

from beleg.detect import acts
from beleg.detect.comparing import by_peers, facts_behind
from beleg.detect.judged import Judged
from beleg.proofs.dossier import Dossier

# Who buys to sell on sends back two or three times what households do, and is no thief.
LENIENCE = 2.0


def judge(counted: pa.Table) -> Judged:
    """Held against peers, at twice their odds."""
    return by_peers(counted, LENIENCE)


def count(dossier: Dossier) -> ir.Table:
    """Per account, stratum and order: lines bought, and those refunded."""
    bought = acts.lines(dossier)
    refunded = _refunded(dossier).select("order_id", "line_id").distinct()
    t = bought.left_join(refunded.mutate(back=1), ["order_id", "line_id"]).drop("order_id_right", "line_id_right")
    grouped = t.group_by(["account_id", "stratum", "order_id"]).agg(trials=t.count(), hits=t.back.fill_null(0).sum())
    return grouped.rename(subject="account_id", occasion="order_id")


def rests_on(dossier: Dossier, named: ir.Table) -> ir.Table:
    """The refunds of the account's lines."""
    mine = named.select("subject", account_id="member").distinct()
    lines = acts.lines(dossier).select("account_id", "order_id", "line_id").join(mine, "account_id")
    slices = _refunded(dossier).join(lines, ["order_id", "line_id"]).select("subject", "slice_id")
    paid = dossier.refund_facts.select("slice_id", "fact_id").join(slices, "slice_id")
    return facts_behind(paid, "refund")


def _refunded(dossier: Dossier) -> ir.Table:
    """Lines that money went back for: slice_id, order_id, line_id."""
    return dossier.states.filter(dossier.states.amount > 0).select("slice_id", "order_id", "line_id")
