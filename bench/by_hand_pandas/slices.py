"""Who is one person, what each refund is for, and the slices with their return parcels."""

from collections import defaultdict
from typing import Any

import numpy as np
import pandas as pd

from bench.by_hand_pandas.tables import HELD, Frame, Tables, same


def people_of(t: Tables) -> "pd.Series[Any]":
    """Login -> person; logins that ever shared a session are one."""
    acts = pd.concat([t[name][["actor", "session"]] for name in ("receipts", "inspections", "dispositions", "dock_arrivals")])
    acts = acts.dropna().drop_duplicates()
    shared = acts[acts.groupby("session").actor.transform("size") > 1]
    parent: dict[str, str] = {}

    def root(node: str) -> str:
        while parent.setdefault(node, node) != node:
            node = parent[node]
        return node

    edges = [(f"p {person}", f"l {login}") for login, person in t["staff"].itertuples(index=False)]
    edges += [(f"s {session}", f"l {login}") for login, session in shared.itertuples(index=False)]
    for one, other in edges:
        parent[root(one)] = root(other)
    staff = t["staff"].drop_duplicates()
    component = staff.login.map(lambda login: root(f"l {login}"))
    return staff.groupby(component).person.transform("min").groupby(staff.login).first()


def allocations(t: Tables) -> Frame:
    """Settled refunds, spread over order lines."""
    refunds = t["refunds"].rename(columns={"id": "fact_id"})
    refunds = refunds[refunds.status == "settled"]
    keep = ["fact_id", "order_id", "line_id", "quantity", "amount", "rule"]
    named = refunds[refunds.order_id.notna()]
    by_line = named[named.line_id.notna()].assign(rule="line")
    left = named[named.line_id.isna()][["fact_id", "order_id", "rma_id", "amount"]]
    lines = t["order_lines"][["order_id", "line_id", "quantity", "paid"]]
    lines = lines[lines.order_id.isin(left.order_id)]
    units = lines.rename(columns={"quantity": "units"})
    returns = t["return_authorisations"][["order_id", "rma_id", "line_id", "quantity"]].merge(units, on=["order_id", "line_id"])
    returns["weight"] = returns.paid * returns.quantity // returns.units.clip(lower=1)
    by_return = _spread(left[left.rma_id.notna()].merge(returns, on=["order_id", "rma_id"]), "return")
    sums = lines.groupby("order_id").agg(lines=("paid", "size"), lines_paid=("paid", "sum")).reset_index()
    orders = t["orders"][t["orders"].order_id.isin(sums.order_id)].groupby("order_id").paid.max()
    rest = left[left.rma_id.isna()].merge(sums, on="order_id")
    whole = (rest.lines == 1) | (rest.amount == rest.lines_paid) | (rest.amount == rest.order_id.map(orders))
    by_order = _spread(rest[whole].drop(columns="rma_id").merge(lines.assign(weight=lines.paid), on="order_id"), "order")
    taken = pd.concat([by_return.fact_id, by_order.fact_id])
    unallocated = left[~left.fact_id.isin(taken)].assign(rule="unallocated", line_id=None, quantity=np.nan)
    tied = _tied(t, refunds[refunds.order_id.isna()])
    return pd.concat([part[keep] for part in (by_line, by_return, by_order, unallocated, tied)], ignore_index=True)


def _spread(joined: Frame, rule: str) -> Frame:
    """Each refund over its lines by weight, the running share rounded down."""
    joined = joined.sort_values(["fact_id", "line_id"])
    by_fact = joined.groupby("fact_id").weight
    total, upto = by_fact.transform("sum"), by_fact.cumsum()
    joined, total, upto = joined[total > 0], total[total > 0], upto[total > 0]
    amount = joined.amount * upto // total - joined.amount * (upto - joined.weight) // total
    return joined.assign(amount=amount, rule=rule)


def _tied(t: Tables, loose: Frame) -> Frame:
    """Refunds that name no order: earlier purchases of the same customer and article, oldest first, all or nothing."""
    lines = t["order_lines"].merge(loose[["account_id", "article"]].dropna().drop_duplicates(), on=["account_id", "article"])
    stock: dict[tuple[str, str], list[dict[Any, Any]]] = defaultdict(list)
    for row in lines.sort_values(["occurred_at", "id"]).to_dict("records"):
        stock[row["account_id"], row["article"]].append(row)
    rows: list[tuple[Any, ...]] = []
    for refund in loose.sort_values(["occurred_at", "fact_id"]).to_dict("records"):
        bought = stock.get((refund["account_id"], refund["article"]), [])
        earlier = [one for one in bought if one["occurred_at"] <= refund["occurred_at"]]
        if refund["quantity"] > 0 and sum(one["quantity"] for one in earlier) >= refund["quantity"]:
            rows += _taken(refund, earlier)
        else:
            rows.append((refund["fact_id"], None, None, refund["quantity"], refund["amount"], _why_not(refund, bought)))
    return pd.DataFrame(rows, columns=["fact_id", "order_id", "line_id", "quantity", "amount", "rule"])


def _taken(refund: dict[Any, Any], earlier: list[dict[Any, Any]]) -> list[tuple[Any, ...]]:
    """Use purchases up, oldest first."""
    rows = []
    taken = given = 0
    for one in earlier:
        part = min(one["quantity"], refund["quantity"] - taken)
        if part > 0:
            one["quantity"], taken = one["quantity"] - part, taken + part
            share = refund["amount"] * taken // refund["quantity"] - given
            given += share
            rows.append((refund["fact_id"], one["order_id"], one["line_id"], part, share, "purchase"))
    return rows


def _why_not(refund: dict[Any, Any], bought: list[dict[Any, Any]]) -> str:
    if refund["stated_class"] == "adjustment":
        return "service"
    if refund["account_id"] is None:
        return "no_customer"
    if refund["article"] is None or not refund["quantity"] > 0:
        return "no_article"
    return "before_window" if bought else "no_purchase"


# What is the same in every part of a slice that has it.
_FIRST = [
    "order_id", "line_id", "rma_id", "claim_id", "currency", "trigger", "stated_class", "claim_kind", "returnless", "disputed",
    "site", "rule",
]  # fmt: skip


def slices_of(t: Tables, allocations: Frame) -> tuple[Frame, Frame]:
    """One row per slice; and which fact paid for which slice."""
    returns = t["return_authorisations"].assign(thread=lambda r: r.rma_id)
    claims = t["claims"].assign(thread=lambda c: c.claim_id).rename(columns={"kind": "claim_kind"})
    refunds = t["refunds"][["id", "refund_id", "rma_id", "claim_id", "occurred_at", "currency", "trigger", "stated_class"]]
    refunds = allocations.merge(refunds, left_on="fact_id", right_on="id")
    refunds["thread"] = refunds.rma_id.fillna(refunds.claim_id).fillna(refunds.refund_id)
    refunds = refunds.assign(refunded_at=refunds.occurred_at, paid_by=refunds.fact_id)
    disputes = t["disputes"][t["disputes"].status == "lost"]
    disputes = disputes.assign(thread=disputes.dispute_id, refunded_at=disputes.occurred_at, paid_by=disputes.id, disputed=True)
    kept = [*_FIRST, "thread", "quantity", "occurred_at", "refunded_at", "amount", "paid_by"]
    parts = pd.concat([part.reindex(columns=kept) for part in (returns, claims, refunds, disputes)], ignore_index=True)
    parts["slice_id"] = parts.order_id.fillna("") + "/" + parts.line_id.fillna("") + "/" + parts.thread
    how: dict[str, Any] = dict.fromkeys(_FIRST, "first")
    how |= {"quantity": "max", "occurred_at": "min", "refunded_at": "min", "amount": "sum"}
    slices = parts.groupby("slice_id", sort=False).agg(how).reset_index().rename(columns={"occurred_at": "first_at"})
    slices = _with_lines(t, slices)
    slices["refund_class"] = _refund_class(t, slices)
    slices["slice"] = np.arange(len(slices))
    paid_by = parts[["slice_id", "paid_by"]].dropna().drop_duplicates().merge(slices[["slice_id", "slice"]], on="slice_id")
    return slices, paid_by[["slice", "paid_by"]].rename(columns={"paid_by": "fact_id"})


def _with_lines(t: Tables, slices: Frame) -> Frame:
    lines = t["order_lines"][["order_id", "line_id", "paid", "quantity", "currency", "unit_weight"]]
    lines = lines.rename(columns={"paid": "line_paid", "quantity": "line_quantity", "currency": "line_currency"})
    slices = slices.merge(lines, on=["order_id", "line_id"], how="left")
    slices["quantity"] = slices.quantity.fillna(slices.line_quantity).fillna(1)
    slices["currency"] = slices.currency.fillna(slices.line_currency)
    return slices


def _refund_class(t: Tables, s: Frame) -> "pd.Series[Any]":
    named = t["cancellations"][["order_id", "line_id"]]
    whole = named[named.line_id.isna()][["order_id"]].merge(t["order_lines"][["order_id", "line_id"]], on="order_id")
    called_off = pd.concat([named, whole])
    keys = pd.MultiIndex.from_arrays([s.order_id.fillna("?"), s.line_id.fillna("")])
    listed = keys.isin(pd.MultiIndex.from_arrays([called_off.order_id, called_off.line_id.fillna("")]))
    cancelled = pd.Series(listed, index=s.index)
    triggers = ["on_first_scan", "on_delivered", "on_receipt", "on_inspection"]
    no_return = s.rma_id.isna()
    returnless = s.returnless.eq(other=True) | (s.trigger == "returnless") | (s.claim_kind == "hazardous")
    conditions: list[pd.Series[bool]] = [
        s.disputed.notna(), returnless, s.claim_kind == "not_received", s.claim_kind.notna() & no_return, cancelled & no_return,
        s.trigger == "instant", ~no_return | s.trigger.isin(triggers),
    ]  # fmt: skip
    names = ["chargeback", "returnless", "not_received", "damaged", "cancelled", "instant", "return"]
    classed = pd.Series("unclassified", index=s.index)
    for condition, name in reversed(list(zip(conditions, names, strict=True))):
        classed = classed.mask(condition, name)
    return s.stated_class.fillna(classed)


def return_parcels(t: Tables, slices: Frame) -> tuple[Frame, Frame]:
    """Each slice's return parcels, and their scans."""
    parcels, scans = t["parcels"], t["scans"]
    back = parcels[parcels.direction == "return"].assign(sent_back=False)
    turned = scans.parcel_id[scans.status == "return_to_sender"]
    home = parcels[(parcels.direction == "out") & parcels.parcel_id.isin(turned)]
    home = home.assign(sent_back=True, to_postcode=None, to_site=None)
    asked = slices[slices.rma_id.notna() | slices.claim_kind.isna()]
    asked = asked[["slice", "order_id", "quantity", "unit_weight", "rma_id"]].rename(columns={"rma_id": "slice_rma"})
    mine = asked.merge(pd.concat([back, home]), on="order_id")
    mine = mine[same(mine.rma_id, mine.slice_rma)].rename(columns={"id": "label_fact"})
    mine["expected"] = mine.declared_weight.fillna(mine.unit_weight * mine.quantity)
    mine = mine[["slice", "parcel_id", "carrier", "to_postcode", "to_site", "expected", "sent_back", "label_fact"]]
    seen = mine.merge(scans.drop(columns="carrier").rename(columns={"id": "fact_id", "occurred_at": "at"}), on="parcel_id")
    seen["carrier_says"] = seen.carrier.where(seen.attested)
    seen["in_hand"] = np.where(seen.sent_back, seen.status == "return_to_sender", seen.status.isin(HELD))
    return mine, seen
