"""Orders with refunded lines per account, against accounts that buy the same categories in the same channel and season."""

import ibis.expr.types as ir
import pyarrow as pa

from beleg.detect import acts
from beleg.detect.comparing import buyers_named, buyers_spoken, by_peers, facts_behind
from beleg.detect.judged import Judged
from beleg.proofs.dossier import Dossier

# Who buys to sell on sends back two or three times what households do, and is no thief.
LENIENCE = 2.0

names, spoken = buyers_named, buyers_spoken


def judge(counted: pa.Table) -> Judged:
    """Held against peers, at twice their odds."""
    return by_peers(counted, LENIENCE)


def count(dossier: Dossier) -> ir.Table:
    """Per account, stratum and order, in numbers: lines bought, and those refunded."""
    return acts.bought(dossier).rename(hits="refunded")


def rests_on(dossier: Dossier, named: ir.Table) -> ir.Table:
    """The refunds of the account's lines."""
    mine = named.select("subject", account_id="member").distinct()
    lines = acts.lines(dossier, mine).select("account_id", "order_id", "line_id").join(mine, "account_id")
    slices = acts.refunded(dossier).join(lines, ["order_id", "line_id"]).select("subject", "slice_id")
    paid = dossier.refund_facts.select("slice_id", "fact_id").join(slices, "slice_id")
    return facts_behind(paid, "refund")
