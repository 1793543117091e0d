"""An account's refunds that stand above the line, day by day, among all that it was paid."""

import ibis
import ibis.expr.types as ir

from beleg.detect.acts import DAY
from beleg.detect.closed import outcomes
from beleg.detect.comparing import by_repeats, facts_behind, repeats
from beleg.detect.judged import ABOVE_LINE
from beleg.proofs.dossier import Dossier

judge = by_repeats


def count(dossier: Dossier) -> ir.Table:
    """Per account and day: refunds, those above the line, and by how much."""
    t = _refunded(dossier)
    # a day of the account's own: nobody else's refunds of that day are its peers'
    day = t.account_id + " " + (t.refunded_at // DAY).cast("int64").cast("string").fill_null("")
    acts = t.select("millibits", subject="account_id", stratum=ibis.literal("all accounts that were refunded"), occasion=day)
    return repeats(acts)


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
