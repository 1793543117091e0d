"""Staff sessions that show a takeover: what was done in them proves nothing until a person clears them."""

import ibis
import ibis.expr.types as ir

from beleg.ledger.view import View

# A factor changed this close to a sign-in from a new place may be the same hand; so many acts in a minute are no hand at all.
NEAR = 86_400_000_000
MINUTE, BURST = 60_000_000, 30
_CHANGES = ("factor_added", "factor_removed", "password_reset")
_ACTS = ("receipts", "inspections", "dispositions", "dock_arrivals", "staff_actions")


def suspects(view: View) -> ir.Table:
    """The sessions (session, login, at) that show signs of a takeover and were not cleared.

    A sign-in from a device or network that this login never used before, with a factor changed within a day of it or a burst of
    acts in its session, and without the person's badge in the building. A clearance holds until the session is signed in to again.
    """
    logons = _placed(view).filter(lambda t: t.session.notnull() & (t.session != ""))
    new = logons.filter((logons.new_device | logons.new_network) & ~logons.badge.fill_null(False))
    odd = ibis.union(_changed(view, new), new.semi_join(_bursts(view), "session").select("session", "login", "at"), distinct=True)
    last = odd.group_by(["session", "login"]).agg(at=odd["at"].max())
    cleared = view.table("session_clearances").group_by("session").agg(cleared_at=lambda t: t.occurred_at.max())
    known = last.left_join(cleared, "session").drop("session_right")
    return known.filter(known.cleared_at.isnull() | (known.cleared_at < known["at"])).drop("cleared_at")


def _placed(view: View) -> ir.Table:
    """Every sign-in that succeeded, with whether its device and its network are new to a login that had signed in before."""
    t = view.table("staff_sign_ins").filter(lambda t: (t.activity == "logon") & t.occurred_at.notnull())
    t = t.select("login", "session", "device", "network", "badge", at="occurred_at")
    began = t["at"].min().over(ibis.window(group_by="login"))
    device = t["at"].min().over(ibis.window(group_by=["login", "device"]))
    network = t["at"].min().over(ibis.window(group_by=["login", "network"]))
    return t.mutate(
        new_device=(t.device.notnull() & (device == t["at"]) & (began < t["at"])).fill_null(False),
        new_network=(t.network.notnull() & (network == t["at"]) & (began < t["at"])).fill_null(False),
    )


def _changed(view: View, new: ir.Table) -> ir.Table:
    changes = view.table("staff_sign_ins").filter(lambda t: t.activity.isin(_CHANGES) & t.occurred_at.notnull())
    near = new.join(changes.select("login", changed_at="occurred_at"), "login")
    return near.filter((near["at"] - near.changed_at).abs() <= NEAR).select("session", "login", "at").distinct()


def _bursts(view: View) -> ir.Table:
    acts = ibis.union(*(view.table(name).select("session", at="occurred_at") for name in _ACTS), distinct=False)
    timed = acts.filter(acts.session.notnull() & (acts.session != "") & acts["at"].notnull())
    minutes = timed.select("session", minute=(timed["at"] // MINUTE).cast("int64")).group_by(["session", "minute"])
    return minutes.agg(acts=lambda t: t.count()).filter(lambda t: t.acts >= BURST).select("session").distinct()
