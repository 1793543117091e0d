"""Staff sessions that show a takeover; what they say for a claim is worth nothing."""

from typing import Any

import pandas as pd

from bench.by_hand_pandas.tables import DAY, Tables

MINUTE, BURST = 60_000_000, 30
ACTS = ("receipts", "inspections", "dispositions", "dock_arrivals", "staff_actions")


def suspects(t: Tables) -> "pd.Series[Any]":
    """Sessions signed in to from a new place without a badge, with a factor changed within a day or a burst of acts."""
    signed = t["staff_sign_ins"][t["staff_sign_ins"].occurred_at.notna()]
    logons = signed[signed.activity == "logon"]
    began = logons.groupby("login").occurred_at.transform("min")
    new = pd.Series(data=False, index=logons.index)
    for place in ("device", "network"):
        first = logons.groupby(["login", place]).occurred_at.transform("min")
        new |= logons[place].notna() & (first == logons.occurred_at)
    odd = logons[
        new & (began < logons.occurred_at) & ~logons.badge.fillna(value=False).astype(bool) & logons.session.fillna("").ne("")
    ]
    changes = signed[signed.activity.isin(["factor_added", "factor_removed", "password_reset"])][["login", "occurred_at"]]
    near = odd.merge(changes.rename(columns={"occurred_at": "changed_at"}), on="login")
    near = near[(near.occurred_at - near.changed_at).abs() <= DAY]
    acts = pd.concat([t[name][["session", "occurred_at"]] for name in ACTS]).dropna()
    minutes = acts[acts.session != ""].groupby(["session", acts.occurred_at // MINUTE]).size()
    bursts = minutes[minutes >= BURST].index.get_level_values("session")
    found: pd.Series[Any] = pd.concat([near.session, odd.session[odd.session.isin(bursts)]])
    return found
