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
    days = view.rows(ibis.union(*_daily(view), distinct=False))
    roster = view.rows(view.table("staff").limit(1).select("login")).num_rows > 0
    return Coverage(places=tuple(judge(days)), roster=roster)


def _daily(view: View) -> Iterable[ir.Table]:
    held = view.table("scans")
    held = held.filter(held.status.isin(HELD_BY_CARRIER))
    for proof in ("carrier_accepted", "not_dispatched"):
        yield _per_day(held, proof, held.carrier)
    yield _per_day(held.filter(held.weight.notnull()), "weight_plausible", held.carrier)
    for proof in ("delivered_at_site", "not_delivered"):
        yield _per_day(held.filter(held.status == "delivered"), proof, held.carrier)
    for table, proof in (("dock_arrivals", "dock_manifested"), ("receipts", "item_scanned"), ("inspections", "inspected")):
        yield _per_day(view.table(table), proof, view.table(table).site)
    yield _per_day(view.table("dispositions"), "put_away", view.table("dispositions").site)
    for table in ("stock_counts", "resales"):
        yield _per_day(view.table(table), "counted_or_resold", view.table(table).site)
    yield _per_day(view.table("claim_documents"), "documented", ibis.literal("*"))
    refunds = view.table("refunds")
    yield _per_day(refunds.filter(refunds.approver.notnull()), "approved", ibis.literal("*"))


def _per_day(happened: ir.Table, proof: str, place: ir.Value) -> ir.Table:
    timed = happened.mutate(place=place).filter(lambda t: t.occurred_at.notnull())
    days = timed.select(
        proof=ibis.literal(proof),
        place=timed.place.fill_null("*"),
        source=timed.source,
        day=(timed.occurred_at // DAY).cast("int64"),
    )
    return days.group_by(["proof", "place", "source", "day"]).agg(facts=days.count())
