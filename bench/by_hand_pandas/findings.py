"""What the detectors find."""

from typing import Any

import pandas as pd

from bench.by_hand_pandas.tables import DAY, PROOFS, Frame, Known, Tables

_LABELLED = (
    "delivered_without_receipt", "destination_mismatch", "receipt_without_arrival", "stalled_return", "weight_mismatch",
)  # fmt: skip
_RECEIVED = ("empty_return_received", "faster_than_lane", "phantom_unit", "receipt_without_arrival")


def found_by(known: Known, s: Frame, evidence: Frame, over: Frame) -> Frame:
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
