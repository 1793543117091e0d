"""Which sources there are, and on which days each was down at which place: computed before any proof is called absent."""

from collections.abc import Iterable

import ibis
import ibis.expr.types as ir
import msgspec

from beleg.kernels.liveness import Liveness, judge
from beleg.ledger.view import View
from beleg.proofs.rows import HELD_BY_CARRIER
from beleg.proofs.words import Proof

DAY = 86_400_000_000  # microseconds

# Around the day goods were received (else refunded), the days on which a proof's fact would have been written: if its source was
# down on one of them, the proof is unavailable, not absent. The later proofs have weeks to appear, so a day's outage excuses none.
WINDOWS: dict[Proof, tuple[int, int]] = {
    "carrier_accepted": (-8, 0),
    "weight_plausible": (-8, 0),
    "delivered_at_site": (-3, 1),
    "dock_manifested": (-2, 1),
    "put_away": (0, 2),
}


# Proofs that tell two persons apart.
_NEED_ROSTER = ("inspected", "approved")


class Coverage(msgspec.Struct, frozen=True):
    """What is known of the sources: every source and place, judged; and whether there is a staff roster."""

    places: tuple[Liveness, ...]
    roster: bool

    def has(self, proof: Proof) -> bool:
        """Whether any source speaks about this proof at all."""
        return any(one.proof == proof for one in self.places) and (proof not in _NEED_ROSTER or self.roster)

    def live(self, proof: Proof) -> list[str]:
        """The places of which some source of this proof ever spoke."""
        return [one.place for one in self.places if one.proof == proof]

    def down(self, proof: Proof) -> list[tuple[str, int, int]]:
        """Where and when the proof's source was down: place, first day, last day."""
        return [(one.place, *span) for one in self.places if one.proof == proof for span in _spans(one.down_days)]


def _spans(days: tuple[int, ...]) -> Iterable[tuple[int, int]]:
    """Days as unbroken spans."""
    first = [day for day in days if day - 1 not in days]
    last = [day for day in days if day + 1 not in days]
    return zip(first, last, strict=True)


def measure(view: View) -> Coverage:
    """Measure the coverage of everything in view."""
    days = view.ask("days", lambda v: ibis.union(*_daily(v), distinct=False))
    roster = view.ask("any_staff", lambda v: v.table("staff").limit(1).select("login")).num_rows > 0
    return Coverage(places=tuple(judge(days)), roster=roster)


# The facts that warehouses write, and the proofs they speak about.
_AT_SITES: dict[str, Proof] = {
    "dock_arrivals": "dock_manifested",
    "receipts": "item_scanned",
    "inspections": "inspected",
    "dispositions": "put_away",
    "stock_counts": "counted_or_resold",
    "resales": "counted_or_resold",
}


def _daily(view: View) -> Iterable[ir.Table]:
    yield from _scanned(view)
    for table, proof in _AT_SITES.items():
        yield _per_day(view.table(table), proof, view.table(table).site)
    yield _per_day(view.table("claim_documents"), "documented", ibis.literal("*"))
    refunds = view.table("refunds")
    yield _per_day(refunds.filter(refunds.approver.notnull()), "approved", ibis.literal("*"))


def _scanned(view: View) -> Iterable[ir.Table]:
    """What scans say per day; they are the largest table, so they are read once for all proofs."""
    scans = view.table("scans")
    held = scans.filter(scans.status.isin(HELD_BY_CARRIER))
    delivered = (held.status == "delivered").ifelse(1, 0)
    days = _days(held, held.carrier, held=held.count(), weighed=held.weight.count(), delivered=delivered.sum())
    yield _facts(days, "carrier_accepted", days.held)
    yield _facts(days, "not_dispatched", days.held)
    yield _facts(days, "weight_plausible", days.weighed)
    yield _facts(days, "delivered_at_site", days.delivered)
    yield _facts(days, "not_delivered", days.delivered)


def _per_day(happened: ir.Table, proof: Proof, place: ir.Value) -> ir.Table:
    days = _days(happened, place, facts=happened.count())
    return _facts(days, proof, days.facts)


def _days(happened: ir.Table, place: ir.Value, **sums: ir.Value) -> ir.Table:
    """Per place, source and day what was counted; facts without a time count nowhere."""
    day = (happened.occurred_at // DAY).cast("int64")
    grouped = happened.group_by(place=place.fill_null("*"), source=happened.source, day=day).agg(**sums)
    return grouped.filter(grouped.day.notnull())


def _facts(days: ir.Table, proof: Proof, facts: ir.Value) -> ir.Table:
    """One row per place, source and day with facts: proof, place, source, day, facts."""
    rows = days.select("place", "source", "day", proof=ibis.literal(proof), facts=facts.cast("int64"))
    return rows.filter(rows.facts > 0)
