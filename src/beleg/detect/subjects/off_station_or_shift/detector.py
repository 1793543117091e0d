"""Receipts at another site, without the badge in the building, or at an hour at which the shift does not work."""

import ibis
import ibis.expr.types as ir

from beleg.detect import acts
from beleg.detect.comparing import by_peers, facts_behind
from beleg.proofs.dossier import Dossier

HOUR = 3_600_000_000

# Of a site's and shift's receipts fewer than this share fall into an hour at which that shift does not work.
_RARE = 0.005

judge = by_peers


def count(dossier: Dossier) -> ir.Table:
    """Per person, stratum and day: receipts, and those out of place."""
    return acts.counted(_placed(dossier))


def rests_on(dossier: Dossier, named: ir.Table) -> ir.Table:
    """The receipts out of place."""
    odd = _placed(dossier).filter(lambda t: t.lacking).join(named.select("subject", person="member").distinct(), "person")
    return facts_behind(odd, "receipt")


def _placed(dossier: Dossier) -> ir.Table:
    """Receipts, with `lacking` saying that they are out of place; peers are those whose home and shift are the same."""
    t = acts.received(dossier)
    absent = dossier.table("staff_sign_ins").filter(lambda s: (s.badge == ibis.literal(False)) & (s.session != ""))
    absent = absent.select("session").distinct().mutate(unbadged=ibis.literal(True))
    t = t.left_join(absent, "session").drop("session_right")
    home = t.home.fill_null("any site") + ", " + t["shift"].fill_null("any shift")
    t = t.mutate(stratum=home, hour=((t["at"] // HOUR) % 24).cast("int64"))
    hours = t.group_by(["stratum", "hour"]).agg(n=t.count())
    sizes = t.group_by("stratum").agg(whole=t.count())
    rare = hours.join(sizes, "stratum").filter(lambda h: h.n < _RARE * h.whole).select("stratum", "hour")
    t = t.left_join(rare.mutate(rare=ibis.literal(True)), ["stratum", "hour"]).drop("stratum_right", "hour_right")
    elsewhere = (t.site != t.home).fill_null(False)
    return t.mutate(lacking=t.unbadged.fill_null(False) | t.rare.fill_null(False) | elsewhere)
