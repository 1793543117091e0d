"""An account's refunds that stand above the line, day by day, among all that it was paid."""

import ibis
import ibis.expr.types as ir

from beleg.detect.acts import DAY
from beleg.detect.closed import outcomes
from beleg.detect.comparing import by_repeats, facts_behind
from beleg.detect.judged import ABOVE_LINE, FEWEST_PEERS
from beleg.proofs.dossier import Dossier

judge = by_repeats


def count(dossier: Dossier) -> ir.Table:
    """Per account and day: refunds, those above the line, and by how much; as `comparing.repeats` says it.

    A day is the account's own, as nobody else's refunds of that day are its peers'; so all is summed by account, and only the days
    of those who have any above the line are told.
    """
    t = _refunded(dossier)
    t = t.mutate(day=(t.refunded_at // DAY).cast("int64"))
    daily = t.group_by(["account_id", "day"]).agg(trials=t.count(), hits=t.millibits.count(), millibits=t.millibits.min())
    daily = daily.mutate(hit=(daily.hits > 0).ifelse(1, 0))
    each = daily.group_by("account_id").agg(n=daily.count(), k=daily.hit.sum())
    every = each.agg(people=each.count(), hit_people=(each.k > 0).ifelse(1, 0).sum(), occasions=each.n.sum())
    t = daily.join(each, "account_id").cross_join(every)
    t = t.filter((t.k > 0) | (t.people <= FEWEST_PEERS))
    return t.select(
        "trials", "hits", "n", "k", "people", "hit_people", "occasions", subject="account_id", struck="hit",
        stratum=ibis.literal("all accounts that were refunded"), millibits=t.millibits.fill_null(0),
        there=ibis.literal(1, "int64"), tests=(t.people > FEWEST_PEERS).ifelse(t.people, 0),
    )  # fmt: skip


def rests_on(dossier: Dossier, named: ir.Table) -> ir.Table:
    """The refunds above the line."""
    mine = named.select("subject", account_id="member").distinct()
    told = _refunded(dossier).filter(lambda t: t.millibits.notnull()).join(mine, "account_id").select("subject", "slice_id")
    return facts_behind(dossier.refund_facts.select("slice_id", "fact_id").join(told, "slice_id"), "refund")


def _refunded(dossier: Dossier) -> ir.Table:
    """What accounts were refunded: slice_id, account_id, refunded_at; millibits where it stands above the line, unless cleared."""
    paid = dossier.states.filter(
        (dossier.states.amount > 0) & dossier.states.account_id.notnull() & (dossier.states.account_id != "")
    )
    paid = paid.select("slice_id", "account_id", "refunded_at")
    cleared = outcomes(dossier).filter(lambda t: t.wrong == 0)
    above = dossier.view.prepared(ABOVE_LINE).anti_join(cleared, "slice_id")
    return paid.left_join(above, "slice_id").drop("slice_id_right")
