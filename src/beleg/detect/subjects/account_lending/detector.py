"""Claims and contacts from a device that the account never used: does what is paid stand unsupported for all who lend to it."""

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from beleg.detect.comparing import by_shared, facts_behind
from beleg.detect.judged import Judged
from beleg.proofs.dossier import Dossier


def count(dossier: Dossier) -> ir.Table:
    """Per device and account that is a stranger to it: whether refunds of the account stand unsupported."""
    states = dossier.states.filter((dossier.states.standing == "gap") & (dossier.states.amount > 0))
    gaps = states.select("account_id").distinct().mutate(gap=1)
    t = _asked(dossier).select("account_id", "device").distinct().left_join(gaps, "account_id")
    return t.select(subject="account_id", entity="device", hits=t.gap.fill_null(0))


def judge(counted: pa.Table) -> Judged:
    """By how often those stand unsupported who ask from any strange device."""
    return by_shared(counted)


def rests_on(dossier: Dossier, named: ir.Table) -> ir.Table:
    """The claims and contacts made from the device."""
    mine = named.select("subject", account_id="member").distinct()
    asked = _asked(dossier).join(mine, "account_id")
    return facts_behind(asked.mutate(slice_id=ibis.null().cast("string")), "asked")


def _asked(dossier: Dossier) -> ir.Table:
    """Claims and contacts from a device that the account was never seen with: account_id, device, fact_id."""
    parts = [dossier.table(name).select("account_id", "device", fact_id="id") for name in ("claims", "support_contacts")]
    asked = ibis.union(*parts, distinct=False).filter(lambda t: (t.device != "") & (t.account_id != ""))
    signed = dossier.table("sign_ins").filter(lambda t: t.device != "").select("account_id", "device")
    seen = dossier.table("identifiers").filter(lambda t: t.kind == "device").select("account_id", device="value")
    return asked.anti_join(ibis.union(signed, seen, distinct=True), ["account_id", "device"])
