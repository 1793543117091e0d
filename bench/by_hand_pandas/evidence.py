"""Which fact says what about which proof of which slice."""

from typing import Any

import pandas as pd

from bench.by_hand_pandas.sessions import suspects
from bench.by_hand_pandas.tables import DAY, HELD, Frame, Known, Tables, of_slice


def _rows(part: Frame, proof: str, says: "bool | pd.Series[Any]", carrier: str | None = None, login: str | None = None) -> Frame:
    return pd.DataFrame(
        {
            "slice": part.slice, "proof": proof, "says": says, "fact_id": part.fact_id,
            "carrier": part[carrier] if carrier else None, "login": part[login] if login else None,
            "session": part.session if login else None,
        }
    )  # fmt: skip


def evidence_of(known: Known) -> Frame:
    """Which fact says what about which proof of which slice."""
    t, slices, receipts, people = known.t, known.slices, known.receipts, known.people
    parts = [*_moved(t, known.parcels, known.scans), *_received(t, receipts), _inspected(t, slices, receipts, people)]
    parts += [*_afterwards(t, slices, receipts), *_claimed(t, slices), _approved(t, slices, known.paid_by, people)]
    every = pd.concat(parts, ignore_index=True)
    taken = every.session.isin(suspects(t)) & every.says.astype(bool)
    return every[~taken].drop(columns="session").reset_index(drop=True)


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
    looked = of_slice(t["inspections"], slices)
    looked["person"] = looked.actor.map(people)
    by_slice = receipts.groupby("slice").person
    low, high = by_slice.min(), by_slice.max()
    nameless = receipts[receipts.person.isna()].slice
    other = looked.person.notna() & ~looked.slice.isin(nameless)
    other &= (looked.person != looked.slice.map(low)) & (looked.person != looked.slice.map(high))
    fine = looked.result.isin(["match", "damaged"])
    return _rows(looked[~fine | other], "inspected", fine[~fine | other], login="actor")


def _afterwards(t: Tables, slices: Frame, receipts: Frame) -> list[Frame]:
    put = of_slice(t["dispositions"], slices)
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
    empty = slices[(slices.claim_kind == "empty_box") & slices.refund_class.isin(["not_received", "damaged"])]
    empty = empty[["slice", "order_id"]]
    out = t["parcels"][t["parcels"].direction == "out"][["order_id", "parcel_id", "declared_weight"]]
    out = empty.merge(out.assign(least=out.declared_weight * 0.6), on="order_id")
    weighed = out[out.least > 150].merge(t["scans"].rename(columns={"id": "fact_id"}).dropna(subset="weight"), on="parcel_id")
    full = weighed.weight >= weighed.least
    weighed = weighed[(weighed.status == "accepted") | ((weighed.status == "in_transit") & full)]
    weighed["carrier_says"] = weighed.carrier.where(weighed.attested)
    wanted = slices[slices.refund_class.isin(["damaged", "returnless"])][["slice", "order_id", "claim_id"]]
    papers = t["claim_documents"].rename(columns={"id": "fact_id"})
    papers = wanted.merge(papers[papers.order_id.notna()], on="order_id", suffixes=("", "_of"))
    papers = papers[papers.claim_id.isna() | (papers.claim_id == papers.claim_id_of)]
    return [
        _rows(cancelled.merge(cancellations, on="order_id"), "not_dispatched", True),
        _rows(left, "not_dispatched", False, "carrier_says"),
        _rows(arrived, "not_delivered", False, "carrier_says"),
        _rows(open_, "not_delivered", True, "carrier_says"),
        _rows(weighed, "left_light", weighed.weight < weighed.least, "carrier_says"),
        _rows(papers, "documented", True),
    ]  # fmt: skip


def _approved(t: Tables, slices: Frame, paid_by: Frame, people: "pd.Series[Any]") -> Frame:
    given = slices.slice[slices.refund_class.isin(["adjustment", "goodwill"])]
    refunds = t["refunds"][t["refunds"].approver.notna()].rename(columns={"id": "fact_id"})
    paid = paid_by[paid_by.slice.isin(given)].merge(refunds[["fact_id", "requester", "approver", "session"]], on="fact_id")
    asking, agreeing = paid.requester.map(people), paid.approver.map(people)
    alone = (paid.requester == paid.approver) | (asking == agreeing)
    said = alone | (asking.notna() & agreeing.notna())
    return _rows(paid[said], "approved", ~alone[said], login="approver")
