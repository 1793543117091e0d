"""Claims and contacts from a device that was a stranger to the account: does what is paid stand unsupported for all who lend it."""

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from beleg.detect.acts import DAY
from beleg.detect.comparing import by_shared, facts_behind
from beleg.detect.judged import Judged
from beleg.proofs.dossier import Dossier

# Whoever is given the password signs in before asking: a device is the account's own when it was signed in from so long before.
_KNOWN_FOR = 14 * DAY

# Where an account shows what is its own; a refunder's things come up in claims, contacts and refunds.
_OWN = ("sign_up", "order")


def count(dossier: Dossier) -> ir.Table:
    """Per account and device it asks from: whether refunds of the order asked about stand unsupported, or any, if none is named.

    The devices that are its own count as one entity, which nobody shares: they say how often that is so of all who ask.
    """
    states = dossier.states.filter((dossier.states.standing == "gap") & (dossier.states.amount > 0))
    by_order, by_account = (states.select(key=key).distinct().mutate(gap=1) for key in ("order_id", "account_id"))
    t = _asked(dossier)
    t = t.left_join(by_order, t.order_id == by_order.key).drop("key")
    t = t.left_join(by_account.rename(any_gap="gap"), t.account_id == by_account.key).drop("key")
    entity = t.strange.ifelse("device " + t.device, "own of " + t.account_id)
    t = t.mutate(entity=entity, hit=_said(t.order_id).ifelse(t.gap, t.any_gap).fill_null(0))
    return t.group_by(["account_id", "entity"]).agg(hits=t.hit.max()).rename(subject="account_id")


def judge(counted: pa.Table) -> Judged:
    """By how often those stand unsupported who ask from any device."""
    return by_shared(counted)


def rests_on(dossier: Dossier, named: ir.Table) -> ir.Table:
    """The claims and contacts made from the device."""
    mine = named.select("subject", account_id="member").distinct()
    asked = _asked(dossier).filter(lambda t: t.strange).join(mine, "account_id")
    return facts_behind(asked.mutate(slice_id=ibis.null().cast("string")), "asked")


def _asked(dossier: Dossier) -> ir.Table:
    """Claims and contacts from a device: account_id, device, order_id, fact_id, strange (whether the device was, until then)."""
    columns = ("account_id", "device", "order_id")
    parts = [dossier.table(name).select(*columns, fact_id="id", at="occurred_at") for name in ("claims", "support_contacts")]
    asked = ibis.union(*parts, distinct=False).filter(lambda t: _said(t.device) & _said(t.account_id))
    t = asked.left_join(_own(dossier), ["account_id", "device"])
    # what has no time is taken to have been there all along
    own = t.since.notnull() & (t["at"].isnull() | (t.since <= t["at"]))
    return t.select("account_id", "device", "order_id", "fact_id", strange=~own)


def _own(dossier: Dossier) -> ir.Table:
    """Accounts and the devices that are their own: account_id, device, since."""
    signed = dossier.table("sign_ins").filter(lambda t: _said(t.device) & (t.outcome != "failure"))
    shown = dossier.table("identifiers").filter(lambda t: (t.kind == "device") & (t.seen_in.isnull() | t.seen_in.isin(_OWN)))
    parts = [
        signed.select("account_id", "device", since=(signed.occurred_at + _KNOWN_FOR).fill_null(0)),
        shown.select("account_id", device="value", since=shown.occurred_at.fill_null(0)),
    ]
    return ibis.union(*parts, distinct=False).group_by(["account_id", "device"]).agg(since=lambda t: t.since.min())


def _said(value: ir.Value) -> ir.Value:
    return value.notnull() & (value != "")
