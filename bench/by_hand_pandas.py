"""What a careful analyst would write with pandas to get Beleg's findings: every slice's proofs and standing, and all detectors.

The counterpart of ``by_hand.sql``, with the same limits: complete exports in Beleg's layout, nothing checked, weighed or explained.
It writes states.parquet and found.parquet.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

DAY = 86_400_000_000
HELD = ["accepted", "in_transit", "out_for_delivery", "delivered", "attempted", "available_for_pickup", "exception"]
BACK = ["return", "instant", "unclassified"]
PROOFS = [
    "carrier_accepted", "weight_plausible", "delivered_at_site", "dock_manifested", "item_scanned", "inspected", "put_away",
    "counted_or_resold", "not_dispatched", "not_delivered", "documented", "approved",
]  # fmt: skip
COLUMNS = {
    "activations": "id occurred_at serial",
    "cancellations": "id order_id line_id",
    "claim_documents": "id occurred_at claim_id order_id account_id content picture number",
    "claims": "id occurred_at claim_id order_id line_id kind quantity",
    "dispositions": "id occurred_at order_id line_id rma_id site kind actor session",
    "disputes": "id occurred_at dispute_id order_id line_id amount currency status",
    "dock_arrivals": "id occurred_at parcel_id site weight actor session",
    "inspections": "id occurred_at order_id line_id rma_id result actor session",
    "order_lines": "id occurred_at order_id line_id account_id article quantity paid currency unit_weight",
    "orders": "order_id paid currency",
    "packed_serials": "occurred_at order_id line_id serial",
    "parcels": "id order_id rma_id parcel_id direction carrier to_postcode to_site declared_weight",
    "receipts": (
        "id occurred_at source_recorded_at order_id line_id rma_id quantity site entry_mode serial lpn actor session"
    ),
    "refunds": (
        "id occurred_at refund_id order_id line_id rma_id claim_id account_id article quantity amount currency status trigger "
        "stated_class requester approver session"
    ),
    "replacements": "id order_id line_id quantity value",
    "resales": "id occurred_at lpn",
    "return_authorisations": "id occurred_at rma_id order_id line_id quantity returnless site actor session",
    "scans": "id occurred_at parcel_id carrier status postcode weight attested",
    "staff": "login person",
    "stock_counts": "id occurred_at lpn found actor",
}  # fmt: skip

Frame = pd.DataFrame
Tables = dict[str, Frame]


@dataclass(kw_only=True)
class Known:
    """The tables, and what was made of them so far."""

    t: Tables
    people: "pd.Series[Any]"
    slices: Frame
    paid_by: Frame
    parcels: Frame
    scans: Frame
    receipts: Frame


def run(world: Path, out: Path) -> None:
    """Answer, and write the answer."""
    tables = {name: pd.read_parquet(world / f"{name}.parquet", columns=columns.split()) for name, columns in COLUMNS.items()}
    as_of = max(pd.read_parquet(path, columns=["known_at"]).known_at.max() for path in world.glob("*.parquet"))
    states, found = answer(tables, as_of)
    out.mkdir(parents=True, exist_ok=True)
    states.to_parquet(out / "states.parquet", index=False)
    found.to_parquet(out / "found.parquet", index=False)


def answer(t: Tables, as_of: int) -> tuple[Frame, Frame]:
    """The states of all slices, and what the detectors found."""
    people = _people(t)
    slices, paid_by = _slices(t, _allocations(t))
    parcels, scans = _return_parcels(t, slices)
    receipts = _of_slice(t["receipts"], slices)
    receipts["person"] = receipts.actor.map(people)
    known = Known(t=t, people=people, slices=slices, paid_by=paid_by, parcels=parcels, scans=scans, receipts=receipts)
    evidence = _evidence(known)
    over = _overpaid(t, slices)
    states = _states(known, evidence, over, as_of)
    found = _found(known, states, evidence, over)
    return states[["slice_id", "refund_class", "amount", "components", "standing", *PROOFS]], found


def _people(t: Tables) -> "pd.Series[Any]":
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


def _allocations(t: Tables) -> Frame:
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


def _slices(t: Tables, allocations: Frame) -> tuple[Frame, Frame]:
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


def _same(one: "pd.Series[Any]", other: "pd.Series[Any]") -> "pd.Series[bool]":
    return one.isna() | other.isna() | (one == other)


def _of_slice(happened: Frame, slices: Frame) -> Frame:
    """Warehouse facts of each slice."""
    keys = slices[["slice", "order_id", "line_id", "rma_id"]].rename(columns={"line_id": "slice_line", "rma_id": "slice_rma"})
    joined = keys.merge(happened[happened.order_id.notna()].rename(columns={"id": "fact_id", "occurred_at": "at"}), on="order_id")
    return joined[_same(joined.line_id, joined.slice_line) & _same(joined.rma_id, joined.slice_rma)].reset_index(drop=True)


def _return_parcels(t: Tables, slices: Frame) -> tuple[Frame, Frame]:
    """Each slice's return parcels, and their scans."""
    parcels, scans = t["parcels"], t["scans"]
    back = parcels[parcels.direction == "return"].assign(sent_back=False)
    turned = scans.parcel_id[scans.status == "return_to_sender"]
    home = parcels[(parcels.direction == "out") & parcels.parcel_id.isin(turned)]
    home = home.assign(sent_back=True, to_postcode=None, to_site=None)
    asked = slices[slices.rma_id.notna() | slices.claim_kind.isna()]
    asked = asked[["slice", "order_id", "quantity", "unit_weight", "rma_id"]].rename(columns={"rma_id": "slice_rma"})
    mine = asked.merge(pd.concat([back, home]), on="order_id")
    mine = mine[_same(mine.rma_id, mine.slice_rma)].rename(columns={"id": "label_fact"})
    mine["expected"] = mine.declared_weight.fillna(mine.unit_weight * mine.quantity)
    mine = mine[["slice", "parcel_id", "carrier", "to_postcode", "to_site", "expected", "sent_back", "label_fact"]]
    seen = mine.merge(scans.drop(columns="carrier").rename(columns={"id": "fact_id", "occurred_at": "at"}), on="parcel_id")
    seen["carrier_says"] = seen.carrier.where(seen.attested)
    seen["in_hand"] = np.where(seen.sent_back, seen.status == "return_to_sender", seen.status.isin(HELD))
    return mine, seen


def _rows(part: Frame, proof: str, says: "bool | pd.Series[Any]", carrier: str | None = None, login: str | None = None) -> Frame:
    return pd.DataFrame(
        {
            "slice": part.slice, "proof": proof, "says": says, "fact_id": part.fact_id,
            "carrier": part[carrier] if carrier else None, "login": part[login] if login else None,
        }
    )  # fmt: skip


def _evidence(known: Known) -> Frame:
    """Which fact says what about which proof of which slice."""
    t, slices, receipts, people = known.t, known.slices, known.receipts, known.people
    parts = [*_moved(t, known.parcels, known.scans), *_received(t, receipts), _inspected(t, slices, receipts, people)]
    parts += [*_afterwards(t, slices, receipts), *_claimed(t, slices), _approved(t, slices, known.paid_by, people)]
    return pd.concat(parts, ignore_index=True)


def _odd(weight: "pd.Series[Any]", expected: "pd.Series[Any]") -> "pd.Series[bool]":
    return (weight + 150 < expected * 0.6) | (weight - 150 > expected * 1.7)


def _moved(t: Tables, parcels: Frame, scans: Frame) -> list[Frame]:
    held = scans[scans.in_hand]
    weighed = held[held.weight.notna() & held.expected.notna()]
    there = held[(held.status == "delivered") & held.postcode.notna() & held.to_postcode.notna()]
    docked = parcels.merge(t["dock_arrivals"].rename(columns={"id": "fact_id"}), on="parcel_id")
    on_scale = docked[docked.weight.notna() & docked.expected.notna()]
    return [
        _rows(held, "carrier_accepted", True, "carrier_says"),
        _rows(weighed, "weight_plausible", ~_odd(weighed.weight, weighed.expected), "carrier_says"),
        _rows(there, "delivered_at_site", there.postcode == there.to_postcode, "carrier_says"),
        _rows(docked, "dock_manifested", True, login="actor"),
        _rows(on_scale, "weight_plausible", ~_odd(on_scale.weight, on_scale.expected), login="actor"),
    ]  # fmt: skip


def _received(t: Tables, receipts: Frame) -> list[Frame]:
    packed = t["packed_serials"]
    units = packed.groupby(["order_id", "line_id"]).size().rename("units").reset_index()
    own = packed[["order_id", "serial"]].dropna().drop_duplicates().assign(packed=True)
    r = receipts.merge(units, on=["order_id", "line_id"], how="left").merge(own, on=["order_id", "serial"], how="left")
    known, mine = r.units.notna(), r.packed.notna()
    others = packed[["serial", "order_id", "occurred_at"]].dropna().rename(columns={"order_id": "other", "occurred_at": "other_at"})
    own_at = packed[["order_id", "line_id", "occurred_at"]].rename(columns={"occurred_at": "own_at"})
    both = (
        r[["slice", "serial", "order_id", "line_id"]].dropna().merge(others, on="serial").merge(own_at, on=["order_id", "line_id"])
    )
    both = both[(both.other != both.order_id) & ((both.other_at - both.own_at).abs() <= 2 * DAY)]
    swapped = pd.MultiIndex.from_frame(r[["slice", "serial"]]).isin(pd.MultiIndex.from_frame(both[["slice", "serial"]]))
    wrong = (r.quantity == 0) | (known & ~swapped & r.serial.notna() & ~mine)
    right = (r.entry_mode == "scan") & (r.quantity > 0) & (~known | mine)
    scanned = r[wrong | right]
    used = t["activations"].rename(columns={"id": "fact_id"})
    sold = t["resales"].lpn.dropna()
    on = r[mine & r.lpn.notna() & ~r.lpn.isin(sold)].drop(columns="fact_id").merge(used, on="serial")
    on = on[on.occurred_at > on["at"]]
    return [_rows(scanned, "item_scanned", ~wrong[wrong | right], login="actor"), _rows(on, "counted_or_resold", False)]


def _inspected(t: Tables, slices: Frame, receipts: Frame, people: "pd.Series[Any]") -> Frame:
    looked = _of_slice(t["inspections"], slices)
    looked["person"] = looked.actor.map(people)
    by_slice = receipts.groupby("slice").person
    low, high = by_slice.min(), by_slice.max()
    nameless = receipts[receipts.person.isna()].slice
    other = looked.person.notna() & ~looked.slice.isin(nameless)
    other &= (looked.person != looked.slice.map(low)) & (looked.person != looked.slice.map(high))
    fine = looked.result.isin(["match", "damaged"])
    return _rows(looked[~fine | other], "inspected", fine[~fine | other], login="actor")


def _afterwards(t: Tables, slices: Frame, receipts: Frame) -> list[Frame]:
    put = _of_slice(t["dispositions"], slices)
    units = receipts[receipts.lpn.notna()][["slice", "lpn"]]
    counts = units.merge(t["stock_counts"].rename(columns={"id": "fact_id"}), on="lpn")
    seen = t["stock_counts"][t["stock_counts"].found].groupby("lpn").occurred_at.max()
    told = counts[counts.found | ~(counts.occurred_at < counts.lpn.map(seen))]
    sold = units.merge(t["resales"][t["resales"].lpn.notna()].rename(columns={"id": "fact_id"}), on="lpn")
    return [
        _rows(put, "put_away", put.kind != "missing", login="actor"),
        _rows(told, "counted_or_resold", told.found, login="actor"),
        _rows(sold, "counted_or_resold", True),
    ]  # fmt: skip


def _claimed(t: Tables, slices: Frame) -> list[Frame]:
    cancellations = t["cancellations"].rename(columns={"id": "fact_id"})
    cancelled = slices[slices.refund_class == "cancelled"][["slice", "order_id"]]
    lines = t["order_lines"][["order_id", "line_id"]]
    lines = lines[lines.order_id.isin(cancelled.order_id)]
    off = pd.MultiIndex.from_frame(cancellations[["order_id", "line_id"]])
    whole = cancellations.order_id[cancellations.line_id.isna()]
    shipped = lines.order_id[~pd.MultiIndex.from_frame(lines).isin(off) & ~lines.order_id.isin(whole)]
    asked = slices[slices.refund_class.isin(["not_received", "cancelled"])][["slice", "order_id", "refund_class"]]
    parcels = t["parcels"][t["parcels"].direction == "out"][["order_id", "parcel_id"]]
    sent = asked.merge(parcels, on="order_id").merge(t["scans"].rename(columns={"id": "fact_id"}), on="parcel_id")
    sent["carrier_says"] = sent.carrier.where(sent.attested)
    left = sent[(sent.refund_class == "cancelled") & sent.status.isin(HELD) & ~sent.order_id.isin(shipped)]
    missing = sent[sent.refund_class == "not_received"]
    arrived = missing[missing.status == "delivered"]
    held = missing[missing.status.isin([*HELD, "lost", "return_to_sender"])]
    keys = ["slice", "parcel_id"]
    open_ = held[~pd.MultiIndex.from_frame(held[keys]).isin(pd.MultiIndex.from_frame(arrived[keys]))]
    wanted = slices[slices.refund_class.isin(["damaged", "returnless"])][["slice", "order_id", "claim_id"]]
    papers = t["claim_documents"].rename(columns={"id": "fact_id"})
    papers = wanted.merge(papers[papers.order_id.notna()], on="order_id", suffixes=("", "_of"))
    papers = papers[papers.claim_id.isna() | (papers.claim_id == papers.claim_id_of)]
    return [
        _rows(cancelled.merge(cancellations, on="order_id"), "not_dispatched", True),
        _rows(left, "not_dispatched", False, "carrier_says"),
        _rows(arrived, "not_delivered", False, "carrier_says"),
        _rows(open_, "not_delivered", True, "carrier_says"),
        _rows(papers, "documented", True),
    ]  # fmt: skip


def _approved(t: Tables, slices: Frame, paid_by: Frame, people: "pd.Series[Any]") -> Frame:
    given = slices.slice[slices.refund_class.isin(["adjustment", "goodwill"])]
    refunds = t["refunds"][t["refunds"].approver.notna()].rename(columns={"id": "fact_id"})
    paid = paid_by[paid_by.slice.isin(given)].merge(refunds[["fact_id", "requester", "approver"]], on="fact_id")
    asking, agreeing = paid.requester.map(people), paid.approver.map(people)
    alone = (paid.requester == paid.approver) | (asking == agreeing)
    said = alone | (asking.notna() & agreeing.notna())
    return _rows(paid[said], "approved", ~alone[said], login="approver")


def _overpaid(t: Tables, slices: Frame) -> Frame:
    """The slices of lines and orders for which more went back than was paid."""
    paid = slices[(slices.amount > 0) & (slices.rule.fillna("") != "purchase")]
    paid = paid[["slice", "order_id", "line_id", "amount", "line_paid", "currency"]]
    orders = t["orders"][t["orders"].order_id.isin(paid.order_id)].groupby("order_id").agg({"paid": "max", "currency": "max"})
    lines = t["order_lines"]
    sums = lines[lines.order_id.isin(paid.order_id)].groupby("order_id").paid.sum()
    keys = ["order_id", "line_id"]
    back = paid[paid.line_paid.notna()].groupby(keys).agg(back=("amount", "sum"), paid=("line_paid", "max")).reset_index()
    sent = t["replacements"].merge(lines[[*keys, "paid", "quantity"]], on=keys, suffixes=("", "_bought"))
    sent["worth"] = sent.value.fillna(sent.paid * sent.quantity // sent.quantity_bought.clip(lower=1))
    back = back.merge(sent.groupby(keys).worth.sum().reset_index(), on=keys, how="left")
    beside = (back.order_id.map(orders.paid) - back.order_id.map(sums)).clip(lower=0).fillna(0)
    over = back[back.back + back.worth.fillna(0) > (back.paid + beside) * 1.02]
    by_line = paid[pd.MultiIndex.from_frame(paid[keys]).isin(pd.MultiIndex.from_frame(over[keys]))]
    same = paid[paid.currency == paid.order_id.map(orders.currency)]
    total = same.groupby("order_id").amount.sum()
    whole = total.index[total > orders.paid.reindex(total.index) * 1.02]
    return pd.concat([by_line, paid[paid.order_id.isin(whole)]])[["slice", "order_id"]].drop_duplicates()


def _per_day(t: Tables) -> Frame:
    held = t["scans"][t["scans"].status.isin(HELD)]
    parts = {
        "carrier_accepted": (held, "carrier"), "weight_plausible": (held[held.weight.notna()], "carrier"),
        "delivered_at_site": (held[held.status == "delivered"], "carrier"), "dock_manifested": (t["dock_arrivals"], "site"),
        "put_away": (t["dispositions"], "site"),
    }  # fmt: skip
    counted = []
    for proof, (rows, column) in parts.items():
        timed = rows[rows.occurred_at.notna()]
        days = (timed.occurred_at // DAY).astype("int64").rename("day")
        facts = timed.groupby([timed[column].fillna("*").rename("place"), days]).size().rename("facts").reset_index()
        counted.append(facts.assign(proof=proof))
    return pd.concat(counted)


# Around the day of a receipt, the days on which a proof's fact would have been written.
_REACH = {
    "carrier_accepted": range(9), "weight_plausible": range(9), "delivered_at_site": range(-1, 4),
    "dock_manifested": range(-1, 3), "put_away": range(-2, 1),
}  # fmt: skip


def _by(rows: Frame, keys: list[str]) -> Iterable[tuple[Any, Frame]]:
    return rows.groupby(keys)


def _blocked(per_day: Frame) -> dict[str, set[tuple[str, int]]]:
    """Per proof: the places and days whose facts would have been written while the source was down."""
    blocked: dict[str, set[tuple[str, int]]] = defaultdict(set)
    for (proof, place), days in _by(per_day, ["proof", "place"]):
        facts = days.set_index("day").facts.reindex(range(days.day.min(), days.day.max() + 1), fill_value=0)
        typical = facts.groupby(facts.index % 7).transform("median")
        for day in facts.index[(typical >= 5) & (facts < 0.1 * typical)]:
            blocked[proof] |= {(place, day + ahead) for ahead in _REACH[proof]}
    return blocked


def _states(known: Known, evidence: Frame, over: Frame, as_of: int) -> Frame:
    s, receipts, scans, parcels = known.slices.copy(), known.receipts, known.scans, known.parcels
    s["components"] = _components(evidence, known.people).reindex(s.slice).fillna(0).astype("int64").to_numpy()
    s["carrier"] = s.slice.map(parcels.groupby("slice").carrier.min())
    s["parcel_site"] = s.slice.map(parcels.dropna(subset="to_site").groupby("slice").to_site.min())
    s["place"] = s.site.fillna(s.parcel_site).fillna(s.slice.map(receipts.groupby("slice").site.min()))
    s["day"] = s.slice.map(receipts.groupby("slice")["at"].min()).fillna(s.refunded_at).fillna(s.first_at) // DAY
    days = s.refund_class.map({"return": 14, "unclassified": 14, "instant": 30, "chargeback": 0}).fillna(7)
    s["due_at"] = s.refunded_at.fillna(s.first_at) + days * DAY
    unplaced = scans.slice[(scans.status == "delivered") & (scans.postcode.isna() | scans.to_postcode.isna())]
    silent = _silent(known.t, s)
    silent["delivered_at_site"] = silent["delivered_at_site"] | s.slice.isin(unplaced)
    says = {(proof, side): s.slice.isin(rows.slice) for (proof, side), rows in evidence.groupby(["proof", "says"])}
    nothing = pd.Series(False, index=s.index)
    for proof in PROOFS:
        pro, con = says.get((proof, True), nothing), says.get((proof, False), nothing)
        applies = _applies(s, proof)
        if proof == "weight_plausible":
            applies &= s.unit_weight.notna() | pro | con
        conditions = [~applies, con, pro, silent[proof] | s.due_at.isna(), s.due_at > as_of]
        s[proof] = np.select(conditions, list("NCTUP"), "A")
    s["standing"] = _standing(s, s.slice.isin(over.slice))
    return s


def _components(evidence: Frame, people: "pd.Series[Any]") -> "pd.Series[Any]":
    spoken = evidence[evidence.says]
    human = spoken[spoken.carrier.isna()]
    person = human.login.map(people)
    hands = person.groupby(human.slice).nunique()
    hands[hands.index.isin(human.slice[person.isna()])] = 1
    return spoken.dropna(subset="carrier").groupby("slice").carrier.nunique().add(hands, fill_value=0)


def _silent(t: Tables, s: Frame) -> dict[str, "pd.Series[bool]"]:
    """Per proof: the slices of which its source could not have spoken."""
    per_day = _per_day(t)
    blocked = _blocked(per_day)
    silent = {}
    for proof in _REACH:
        place = s.place if proof in ("dock_manifested", "put_away") else s.carrier
        keys = pd.MultiIndex.from_arrays([place.fillna(""), s.day])
        down = keys.isin(list(blocked[proof])) if blocked[proof] else np.zeros(len(s), dtype=bool)
        live = per_day.place[per_day.proof == proof]
        silent[proof] = pd.Series(down | (place.notna() & ~place.isin(live)), index=s.index) | (not len(live))
    roster = len(t["staff"]) > 0
    held = t["scans"].status.isin(HELD).any()
    sources = {
        "item_scanned": len(t["receipts"]) > 0, "inspected": len(t["inspections"]) > 0 and roster,
        "counted_or_resold": len(t["stock_counts"]) + len(t["resales"]) > 0, "not_dispatched": held,
        "not_delivered": (t["scans"].status == "delivered").any(), "documented": len(t["claim_documents"]) > 0,
        "approved": t["refunds"].approver.notna().any() and roster,
    }  # fmt: skip
    return {**silent, **{proof: pd.Series(not there, index=s.index) for proof, there in sources.items()}}


def _applies(s: Frame, proof: str) -> "pd.Series[bool]":
    claims = {
        "not_dispatched": ["cancelled"], "not_delivered": ["not_received"], "documented": ["damaged", "returnless"],
        "approved": ["adjustment", "goodwill"],
    }  # fmt: skip
    return s.refund_class.isin(claims.get(proof, BACK))


def _either(one: "pd.Series[Any]", other: "pd.Series[Any]") -> "np.ndarray[Any, Any]":
    return np.select([(one == letter) | (other == letter) for letter in "CTPA"], list("CTPA"), "U")


def _standing(s: Frame, over: "pd.Series[bool]") -> "np.ndarray[Any, Any]":
    arrived = s.delivered_at_site.where(s.dock_manifested != "T", "T")
    groups = [
        _either(s.carrier_accepted, s.dock_manifested), _either(arrived, s.dock_manifested),
        _either(s.item_scanned, s.inspected), _either(s.put_away, s.counted_or_resold),
    ]  # fmt: skip
    back = s.refund_class.isin(BACK).to_numpy()
    needed = [np.where(back, group, "") for group in groups]
    for proof in PROOFS[8:]:
        letters = s[proof].where(s[proof] != "N", "U").to_numpy()
        needed.append(np.where(_applies(s, proof), letters, ""))
    has = {letter: np.logical_or.reduce([group == letter for group in needed]) for letter in "CAPU"}
    return np.select([over | has["C"] | has["A"], has["P"], has["U"]], ["gap", "not_yet_due", "unchecked"], "supported")


_LABELLED = (
    "delivered_without_receipt", "destination_mismatch", "receipt_without_arrival", "stalled_return", "weight_mismatch",
)  # fmt: skip
_RECEIVED = ("empty_return_received", "faster_than_lane", "phantom_unit", "receipt_without_arrival")


def _found(known: Known, s: Frame, evidence: Frame, over: Frame) -> Frame:
    """detector, subject, fact_id, role."""
    t, scans, receipts = known.t, known.scans, known.receipts
    against = {str(proof): rows for proof, rows in evidence[~evidence.says].groupby("proof")}
    against |= {proof: evidence.iloc[:0] for proof in PROOFS if proof not in against}
    wrong = _wrong_units(t, against, receipts)
    hits = _hits(known, s, over)
    hits["serial_mismatch"] = wrong.slice
    hits["weight_mismatch"] = against["weight_plausible"].slice
    hits["not_received_against_delivery"] = against["not_delivered"].slice
    late = receipts[receipts.source_recorded_at - receipts["at"] > 2 * DAY]
    typed = receipts[receipts.entry_mode.isin(["keyed", "api"]) & (receipts.quantity > 0)]
    searched = pd.concat([against["put_away"], against["counted_or_resold"]])
    rows = [
        *(("refund", name, known.paid_by) for name in hits),
        *(("label", name, known.parcels.rename(columns={"label_fact": "fact_id"})) for name in _LABELLED),
        *(("receipt", name, receipts) for name in _RECEIVED),
        ("receipt", "back_dated_record", late),
        ("receipt", "keyed_receipt", typed),
        ("delivered_scan", "delivered_without_receipt", scans[scans.status == "delivered"]),
        ("sent_back_scan", "sent_back_without_return", scans[scans.status == "return_to_sender"]),
        ("scan", "faster_than_lane", scans[scans.status != "pre_transit"]),
        ("scan", "stalled_return", scans),
        ("delivered_scan", "destination_mismatch", against["delivered_at_site"]),
        ("delivered_scan", "not_received_against_delivery", against["not_delivered"]),
        ("claim", "not_received_against_delivery", _named(s, t["claims"], "claim_id")),
        ("not_found", "phantom_unit", searched),
        ("weighing", "weight_mismatch", against["weight_plausible"]),
        ("replacement", "double_dip", _named(s, t["replacements"], "order_id")),
        ("document", "document_reuse", _reused(t, s)),
    ]
    parts = [_part(role, name, facts, hits[name]) for role, name, facts in rows]
    parts += [wrong.assign(detector="serial_mismatch"), _duties(known)]
    every = pd.concat(parts).drop_duplicates().merge(s[["slice", "slice_id"]], on="slice")
    return every.rename(columns={"slice_id": "subject"})[["detector", "subject", "fact_id", "role"]]


def _named(s: Frame, facts: Frame, key: str) -> Frame:
    """The facts that a slice's claim or order is named in."""
    return s[["slice", key]].dropna().merge(facts[[key, "id"]].rename(columns={"id": "fact_id"}), on=key)


def _part(role: str, detector: str, rows: Frame, slices: "pd.Series[Any]") -> Frame:
    mine = rows[rows.slice.isin(slices)]
    return pd.DataFrame({"slice": mine.slice, "fact_id": mine.fact_id, "role": role, "detector": detector})


def _hits(known: Known, s: Frame, over: Frame) -> dict[str, "pd.Series[Any]"]:
    t, receipts, parcels = known.t, known.receipts, known.parcels
    got = s.slice.isin(receipts.slice)
    filled = s.slice.isin(receipts.slice[receipts.quantity > 0])
    turned = s.slice.isin(parcels.slice[parcels.sent_back])
    open_dock, open_scan = s.dock_manifested.isin(["A", "U"]), s.carrier_accepted.isin(["A", "U"])
    due = (s.carrier_accepted == "A") | (s.dock_manifested == "A")
    silent = open_dock & (s.item_scanned == "A") & s.put_away.isin(["A", "U"]) & s.delivered_at_site.isin(["T", "C"])
    gone = ((s.put_away == "A") & s.counted_or_resold.isin(["A", "U"])) | (s.put_away == "C") | (s.counted_or_resold == "C")
    stalled = (s.carrier_accepted == "T") & (s.delivered_at_site == "A") & open_dock
    units = receipts.groupby("slice").quantity.sum()
    by_hand = receipts.slice[receipts.entry_mode.isin(["keyed", "api"]) & (receipts.quantity > 0)]
    scanned = receipts.slice[receipts.entry_mode == "scan"]
    listed = s.order_id.isin(t["orders"].order_id) | s.order_id.isin(t["order_lines"].order_id)
    loose = s.rule.isin(["no_customer", "no_purchase", "no_article"])
    return {
        "back_dated_record": receipts.slice[receipts.source_recorded_at - receipts["at"] > 2 * DAY],
        "delivered_without_receipt": s.slice[silent & ~got],
        "destination_mismatch": s.slice[(s.delivered_at_site == "C") & (s.dock_manifested != "T")],
        "document_reuse": _reused(t, s).slice,
        "double_dip": over.slice,
        "empty_return_received": s.slice[s.slice.isin(units.index[units == 0]) & (s.amount > 0)],
        "faster_than_lane": _too_fast(known.scans, receipts),
        "keyed_receipt": by_hand[~by_hand.isin(scanned)],
        "phantom_unit": s.slice[filled & gone],
        "receipt_without_arrival": s.slice[filled & open_scan & open_dock & due & (s.delivered_at_site != "T")],
        "refund_without_order": s.slice[(s.amount > 0) & (loose | (s.order_id.notna() & ~listed))],
        "sent_back_without_return": s.slice[turned & ~got & (s.dock_manifested == "A") & s.item_scanned.isin(["A", "U"])],
        "stalled_return": s.slice[stalled & ~got & ~turned],
    }


def _too_fast(scans: Frame, receipts: Frame) -> "pd.Series[Any]":
    """Received in less than half the time that the fastest two hundredth of the lane's parcels needed."""
    accepted = scans[scans["at"].notna() & ~scans.sent_back & (scans.status == "accepted")]
    first = accepted[accepted["at"] == accepted.groupby("slice")["at"].transform("min")]
    first = first[["slice", "carrier", "to_site", "at"]].drop_duplicates()
    arrived = receipts[(receipts.quantity > 0) & receipts["at"].notna()].groupby("slice")["at"].min()
    first = first[first.slice.isin(arrived.index)]
    first["taken"] = first.slice.map(arrived) - first["at"]
    lane = first.sort_values("taken").groupby(["carrier", "to_site"])
    parcels, place = lane.slice.transform("size"), lane.cumcount()
    floor = first[(parcels >= 200) & (place == parcels // 200)].set_index(["carrier", "to_site"]).taken // 2
    floors = floor.clip(lower=4 * 3_600_000_000).rename("floor").reset_index()
    held = first.merge(floors, on=["carrier", "to_site"], how="left")
    return held.slice[held.taken < held.floor.fillna(4 * 3_600_000_000)]


def _wrong_units(t: Tables, against: dict[str, Frame], receipts: Frame) -> Frame:
    filled = receipts.fact_id[receipts.quantity > 0]
    inspections = t["inspections"]
    other = inspections.id[inspections.result.isin(["mismatch_instance", "mismatch_class"])]
    parts = {
        "receipt": ("item_scanned", filled),
        "inspection": ("inspected", other),
        "in_use": ("counted_or_resold", t["activations"].id),
    }
    found = []
    for role, (proof, facts) in parts.items():
        rows = against[proof]
        found.append(rows[rows.fact_id.isin(facts)][["slice", "fact_id"]].assign(role=role))
    return pd.concat(found)


def _reused(t: Tables, s: Frame) -> Frame:
    """The documents that back the claims of several accounts, and the slices they are about."""
    known = t["claim_documents"][t["claim_documents"].account_id.notna()]
    shared = pd.Series(False, index=known.index)
    for column in ("content", "picture", "number"):
        accounts = known[known[column].fillna("") != ""].groupby(column).account_id.nunique()
        shared |= known[column].isin(accounts.index[accounts > 1])
    used = known[shared][["claim_id", "order_id", "id"]].dropna().rename(columns={"id": "fact_id"})
    return s[["slice", "claim_id", "order_id"]].merge(used, on=["claim_id", "order_id"])


def _duties(known: Known) -> Frame:
    """One person, or one session, did two of: authorise, receive, ask, approve."""
    t, s = known.t, known.slices
    returns = t["return_authorisations"].rename(columns={"id": "fact_id", "actor": "login"})
    authorised = s[["slice", "rma_id", "order_id", "line_id"]].merge(returns, on=["rma_id", "order_id", "line_id"])
    refunds = known.paid_by.merge(t["refunds"].rename(columns={"id": "fact_id"}), on="fact_id")
    parts = {
        "authorise": authorised, "receive": known.receipts.rename(columns={"actor": "login"}),
        "ask": refunds.assign(login=refunds.requester, session=None), "approve": refunds.assign(login=refunds.approver),
    }  # fmt: skip
    acts = pd.concat([part[["slice", "fact_id", "login", "session"]].assign(role=duty) for duty, part in parts.items()])
    acts = acts[acts.login.notna()]
    by_person = acts.assign(who=acts.login.map(known.people).fillna("login " + acts.login))
    every = pd.concat([by_person, acts[acts.session.notna()].assign(who=lambda a: "session " + a.session)])
    both = every[every.groupby(["slice", "who"]).role.transform("nunique") > 1]
    return both[["slice", "fact_id", "role"]].assign(detector="duty_collapse")
