"""Every proof's letter, and whether the money stands on evidence."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from bench.by_hand_pandas.tables import BACK, DAY, HELD, PROOFS, Frame, Known, Tables


def overpaid(t: Tables, slices: Frame) -> Frame:
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


def states_of(known: Known, evidence: Frame, over: Frame, as_of: int) -> Frame:
    """Every slice with its letters, components and standing."""
    s, receipts, scans, parcels = known.slices.copy(), known.receipts, known.scans, known.parcels
    s["components"] = _components(evidence, known.people, known.t).reindex(s.slice).fillna(0).astype("int64").to_numpy()
    s["carrier"] = s.slice.map(parcels.groupby("slice").carrier.min())
    s["turned"] = s.slice.isin(parcels.slice[parcels.sent_back])
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
        against, otherwise = ("A", "U") if proof == "left_light" else ("C", "A")
        s[proof] = np.select(conditions, ["N", against, "T", "U", "P"], otherwise)
    s["standing"] = _standing(s, s.slice.isin(over.slice))
    return s


def _components(evidence: Frame, people: "pd.Series[Any]", t: Tables) -> "pd.Series[Any]":
    spoken = evidence[evidence.says]
    acts = pd.concat([t[name] for name in ("receipts", "inspections", "dispositions", "dock_arrivals")])
    # written down long after the moment it gives: nobody is a witness of it
    late = acts.id[acts.source_recorded_at - acts.occurred_at > 2 * DAY]
    human = spoken[spoken.carrier.isna() & ~spoken.fact_id.isin(late)]
    person = human.login.map(people)
    hands = person.groupby(human.slice).nunique()
    # whoever is not known may be any of those who are
    hands = hands.clip(lower=1)
    return spoken.dropna(subset="carrier").groupby("slice").carrier.nunique().add(hands, fill_value=0)


def _silent(t: Tables, s: Frame) -> dict[str, "pd.Series[bool]"]:
    """Per proof: the slices of which its source could not have spoken."""
    per_day = _per_day(t)
    blocked = _blocked(per_day)
    silent = {}
    for proof in _REACH:
        at_site = proof in ("dock_manifested", "put_away")
        place = s.place if at_site else s.carrier
        keys = pd.MultiIndex.from_arrays([place.fillna(""), s.day])
        down = keys.isin(list(blocked[proof])) if blocked[proof] else np.zeros(len(s), dtype=bool)
        if at_site:  # what turned round ends at a site that no label names
            down |= (place.isna() & s.turned & s.day.isin({day for _, day in blocked[proof]})).to_numpy()
        live = per_day.place[per_day.proof == proof]
        silent[proof] = pd.Series(down | (place.notna() & ~place.isin(live)), index=s.index) | (not len(live))
    roster = len(t["staff"]) > 0
    held = t["scans"].status.isin(HELD).any()
    sources = {
        "item_scanned": len(t["receipts"]) > 0, "inspected": len(t["inspections"]) > 0 and roster,
        "counted_or_resold": len(t["stock_counts"]) + len(t["resales"]) > 0, "not_dispatched": held,
        "not_delivered": (t["scans"].status == "delivered").any(), "documented": len(t["claim_documents"]) > 0,
        "approved": t["refunds"].approver.notna().any() and roster, "left_light": False,
    }  # fmt: skip
    return {**silent, **{proof: pd.Series(not there, index=s.index) for proof, there in sources.items()}}


def _applies(s: Frame, proof: str) -> "pd.Series[bool]":
    claims = {
        "not_dispatched": ["cancelled"], "not_delivered": ["not_received"], "documented": ["damaged", "returnless"],
        "approved": ["adjustment", "goodwill"],
    }  # fmt: skip
    if proof == "left_light":
        return (s.claim_kind == "empty_box") & s.refund_class.isin(["not_received", "damaged"])
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
    for proof in (one for one in PROOFS[8:] if one != "left_light"):  # no class needs that one
        letters = s[proof].where(s[proof] != "N", "U").to_numpy()
        needed.append(np.where(_applies(s, proof), letters, ""))
    has = {letter: np.logical_or.reduce([group == letter for group in needed]) for letter in "CAPU"}
    return np.select([over | has["C"] | has["A"], has["P"], has["U"]], ["gap", "not_yet_due", "unchecked"], "supported")
