"""Refunds to an instrument the account never paid with, soon after its credentials changed: per instrument, against all others."""

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from beleg.detect.acts import DAY, headers
from beleg.detect.comparing import by_shared
from beleg.detect.judged import Judged
from beleg.proofs.dossier import Dossier

# A change so shortly before the refund may have been made for it.
BEFORE = 14 * DAY


def count(dossier: Dossier) -> ir.Table:
    """Per instrument and account to which it was new: whether the account's credentials had just changed."""
    refunds = _refunds(dossier)
    changed = _changed(refunds, dossier).select("refund_fact").distinct().mutate(changed=ibis.literal(True))
    t = refunds.left_join(changed, refunds.fact_id == changed.refund_fact)
    hit = t.changed.fill_null(False).ifelse(1, 0)
    return t.group_by(["account_id", "instrument"]).agg(hits=hit.max()).rename(subject="account_id", entity="instrument")


def judge(counted: pa.Table) -> Judged:
    """By how often credentials change before a refund to any new instrument."""
    return by_shared(counted)


def rests_on(dossier: Dossier, named: ir.Table) -> ir.Table:
    """The refunds to the new instrument, and the changes before them."""
    mine = named.select("subject", account_id="member").distinct()
    found = _changed(_refunds(dossier), dossier).join(mine, "account_id")
    slices = dossier.refund_facts.select("slice_id", "fact_id").distinct()
    refunds = found.left_join(slices, found.refund_fact == slices.fact_id)
    refunds = refunds.select("subject", "slice_id", fact_id="refund_fact", role=ibis.literal("refund"))
    changes = found.select("subject", slice_id=ibis.null().cast("string"), fact_id="change", role=ibis.literal("change"))
    return ibis.union(refunds, changes.select(*refunds.columns), distinct=False)


def _refunds(dossier: Dossier) -> ir.Table:
    """Refunds to an instrument that the account never paid with: account_id, instrument, at, fact_id."""
    return dossier.view.step("to_new_instruments", lambda _: _to_new(dossier))


def _to_new(dossier: Dossier) -> ir.Table:
    owners = headers(dossier).select("order_id", "owner")
    t = dossier.table("refunds").filter(lambda r: (r.instrument != "") & r.occurred_at.notnull())
    t = t.select("order_id", "account_id", "instrument", at="occurred_at", fact_id="id").left_join(owners, "order_id")
    t = t.mutate(account_id=ibis.coalesce(t.account_id, t.owner)).filter(lambda r: r.account_id != "")
    orders = dossier.table("orders").select("account_id", instrument="payment")
    # who was refunded to what is far less than all that was ever paid with
    used = orders.semi_join(t, ["account_id", "instrument"])
    t = t.anti_join(used, ["account_id", "instrument"])
    return t.select("account_id", "instrument", "at", "fact_id")


def _changed(refunds: ir.Table, dossier: Dossier) -> ir.Table:
    """Refunds soon after their account's credentials changed: account_id, refund_fact, change."""
    changes = dossier.table("sign_ins").filter(lambda s: s.outcome.isin(("factor_changed", "reset")))
    changes = changes.select("account_id", change="id", changed_at="occurred_at")
    both = refunds.rename(refund_fact="fact_id").join(changes, "account_id")
    soon = (both.changed_at <= both["at"]) & (both["at"] - both.changed_at <= BEFORE)
    return both.filter(soon).select("account_id", "refund_fact", "change")
