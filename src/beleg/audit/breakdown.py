"""Money by month, method, site and class; what could not be checked; how refunds were tied to purchases."""

import datetime
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

import ibis
import ibis.expr.types as ir

from beleg.audit.rates import PARTS
from beleg.audit.result import Closes, Delay, Matching, Row, Sum, Totals
from beleg.detect.run import Run, found
from beleg.proofs.allocate import RULES
from beleg.proofs.dossier import Dossier
from beleg.proofs.words import PROOFS, matrix

_EPOCH = datetime.date(1970, 1, 1)

# What a shop would connect to close a proof that could not be checked.
SOURCES = {
    "carrier_accepted": "carrier scans of return parcels",
    "weight_plausible": "weights from the carrier or the dock",
    "delivered_at_site": "carrier scans of return parcels",
    "dock_manifested": "the dock manifests of the returns sites",
    "item_scanned": "warehouse receipts with how they were entered",
    "inspected": "inspections, and the staff roster",
    "put_away": "put-aways and dispositions",
    "counted_or_resold": "stock counts or resales by licence plate number",
    "not_dispatched": "cancellations and outbound scans",
    "not_delivered": "carrier scans of outbound parcels",
    "left_light": "weights from the carrier on the way out",
    "documented": "the documents handed in with claims",
    "approved": "who asked for and who approved a refund, and the staff roster",
}


class Sums:
    """The money table of an audit, gathered once: class, method, site, day and standing, with counts and losses."""

    def __init__(self, dossier: Dossier, standing: ir.Table) -> None:
        named = standing.select("refund_class", "method_name", "standing", "day", "loss", site=standing.place_site)
        keys = ["refund_class", "method_name", "standing", "site", "day"]
        self.rows = dossier.view.rows(named.group_by(keys).agg(count=named.count(), amount=named.loss.sum())).to_pylist()

    def totals(self) -> Totals:
        """The whole, and its four parts."""
        parts = {name: _sum(row for row in self.rows if row["standing"] == name) for name in _STANDINGS}
        return Totals(refunded=_sum(self.rows), **parts)

    def by_month(self) -> tuple[Row, ...]:
        """In the order of time; refunds of unknown time stand last."""
        return self._by(lambda row: "time unknown" if row["day"] is None else f"{_EPOCH + datetime.timedelta(row['day']):%Y-%m}")

    def by_class(self) -> tuple[Row, ...]:
        """By refund class, largest gap first."""
        return _largest(self._by(lambda row: row["refund_class"]))

    def by_method(self) -> tuple[Row, ...]:
        """Unsupported money by its best explanation, largest first."""
        return _largest(row for row in self._by(lambda row: row["method_name"]) if row.gap.count)

    def by_site(self) -> tuple[Row, ...]:
        """By returns site, largest gap first."""
        return _largest(self._by(lambda row: row["site"] or "no site"))

    def _by(self, key: Callable[[dict[str, Any]], str]) -> tuple[Row, ...]:
        groups: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for row in self.rows:
            groups[key(row)].append(row)
        return tuple(_row(name, groups[name]) for name in sorted(groups))


_STANDINGS = ("supported", "gap", "unchecked", "not_yet_due")


def _sum(rows: Iterable[dict[str, Any]]) -> Sum:
    listed = list(rows)
    return Sum(count=sum(row["count"] for row in listed), amount=sum(row["amount"] or 0 for row in listed))


def _row(name: str, rows: list[dict[str, Any]]) -> Row:
    parts = {part: _sum(row for row in rows if row["standing"] == part) for part in _STANDINGS[1:]}
    return Row(key=name, refunded=_sum(rows), **parts)


def _largest(rows: Iterable[Row]) -> tuple[Row, ...]:
    return tuple(sorted(rows, key=lambda row: (-row.gap.amount, -row.refunded.amount, row.key)))


def closes(dossier: Dossier, standing: ir.Table) -> tuple[Closes, ...]:
    """For every missing source, the refunds that could not be checked for want of it; one may stand under several."""
    open_ = standing.filter(standing.standing == "unchecked")
    needed = {
        proof: open_.refund_class.isin([name for name, need in matrix().items() if any(proof in group for group in need.groups)])
        for proof in PROOFS
    }
    flags = {proof: needed[proof] & (open_[proof] == "U") for proof in PROOFS}
    sums = open_.agg(
        **{f"n_{proof}": flag.ifelse(1, 0).sum() for proof, flag in flags.items()},
        **{f"a_{proof}": flag.ifelse(open_.loss, 0).sum() for proof, flag in flags.items()},
    )
    (row,) = dossier.view.rows(sums).to_pylist()
    by_source: dict[str, list[str]] = defaultdict(list)
    for proof in PROOFS:
        if row[f"n_{proof}"]:
            by_source[SOURCES[proof]].append(proof)
    answers = (
        Closes(source, tuple(proofs), Sum(row[f"n_{proofs[0]}"], row[f"a_{proofs[0]}"] or 0))
        for source, proofs in by_source.items()
    )
    return tuple(sorted(answers, key=lambda one: -one.refunds.amount))


def matching(dossier: Dossier) -> tuple[Matching, ...]:
    """How refunds were tied to purchases, and why some were not."""
    rates = dossier.view.prepared("rates").group_by("currency").agg(parts=lambda t: t.parts.max())
    refunds = dossier.table("refunds").select("currency", fact_id="id")
    tied = dossier.allocations.join(refunds, "fact_id").join(rates, "currency")
    sums = tied.group_by("rule").agg(count=tied.fact_id.nunique(), amount=((tied.amount * tied.parts) // PARTS).cast("int64").sum())
    rows = {row["rule"]: row for row in dossier.view.rows(sums).to_pylist()}
    return tuple(
        Matching(rule, Sum(rows[rule]["count"], int(rows[rule]["amount"] or 0)), meaning)
        for rule, meaning in RULES.items()
        if rule in rows
    )


def delays(dossier: Dossier, runs: tuple[Run, ...], standing: ir.Table) -> tuple[Delay, ...]:
    """How many refunds whose every required proof is there each detector would have held up."""
    fine = standing.filter(standing.standing == "supported").select(subject="slice_id")
    hits = found(dossier, runs).select("detector", "subject").distinct().semi_join(fine, "subject")
    counted = dossier.view.rows(hits.group_by("detector").agg(n=hits.count())).to_pylist()
    (total,) = dossier.view.rows(fine.agg(n=fine.count())).to_pylist()
    held = {row["detector"]: row["n"] for row in counted}
    names = [run.detector.name for run in runs if not run.missing]
    return tuple(Delay(name, held.get(name, 0), held.get(name, 0) / max(total["n"], 1)) for name in names)


def detector_sums(dossier: Dossier, runs: tuple[Run, ...], standing: ir.Table) -> dict[str, Sum]:
    """How many subjects each detector found, and the money refunded for them."""
    hits = found(dossier, runs).select("detector", "subject").distinct()
    money = standing.select("loss", subject="slice_id")
    joined = hits.left_join(money, "subject")
    sums = joined.group_by("detector").agg(count=joined.count(), amount=ibis.coalesce(joined.loss.sum(), 0))
    return {row["detector"]: Sum(row["count"], int(row["amount"])) for row in dossier.view.rows(sums).to_pylist()}


def late_deliveries(dossier: Dossier) -> Sum | None:
    """Orders delivered after the promised day, and what was paid for them in minor units; nothing when nothing was promised."""
    orders = dossier.table("orders")
    worth = dossier.view.prepared("rates").group_by("currency").agg(parts=lambda t: t.parts.max())
    promised = orders.filter(orders.promised_at.notnull()).left_join(worth, "currency")
    paid = ((promised.paid * promised.parts.fill_null(PARTS)) // PARTS).cast("int64")
    promised = promised.select("order_id", "promised_at", paid=paid)
    scans = dossier.table("scans")
    arrived = scans.filter((scans.status == "delivered") & scans.occurred_at.notnull()).select("parcel_id", "occurred_at")
    parcels = dossier.table("parcels")
    out = parcels.filter(parcels.direction == "out").select("parcel_id", "order_id").join(arrived, "parcel_id")
    first = out.group_by("order_id").agg(arrived_at=out.occurred_at.min())
    joined = promised.join(first, "order_id")
    late = joined.arrived_at > joined.promised_at
    sums = joined.agg(known=joined.count(), late=late.ifelse(1, 0).sum(), amount=late.ifelse(joined.paid, 0).sum())
    (row,) = dossier.view.rows(sums).to_pylist()
    return Sum(row["late"] or 0, row["amount"] or 0) if row["known"] else None


def missed(dossier: Dossier, standing: ir.Table) -> dict[tuple[str, str], tuple[int, int]]:
    """How often a proof is absent where the goods came back by other witness: (proof, place) -> (witnessed, missed)."""
    there = standing.filter((standing.put_away == "T") & (standing.item_scanned == "T"))
    places = ["place_carrier", "place_site"]
    counts = {(proof, letter): f"{letter}_{proof}" for proof in PROOFS[:8] for letter in "TA"}
    sums = there.group_by(places).agg(**{name: (there[proof] == letter).sum() for (proof, letter), name in counts.items()})
    answers: dict[tuple[str, str], tuple[int, int]] = {}
    for row in dossier.view.rows(sums).to_pylist():
        for proof in PROOFS[:8]:
            key = proof, row["place_carrier" if proof in _CARRIED else "place_site"] or "*"
            there_, absent = (row[counts[proof, letter]] or 0 for letter in "TA")
            witnessed, so_far = answers.get(key, (0, 0))
            answers[key] = (witnessed + there_ + absent, so_far + absent)
    return answers


_CARRIED = ("carrier_accepted", "weight_plausible", "delivered_at_site")


def day_name(day: int) -> str:
    """A day since 1970-01-01 as it is written."""
    return f"{_EPOCH + datetime.timedelta(days=day):%Y-%m-%d}"
