"""Money by where it stands: every refunded slice with its loss in the report's currency, its best explanation and its bits."""

import ibis
import ibis.expr.types as ir
import msgspec

from beleg.audit.rates import PARTS, main_currency, rate_table
from beleg.detect.run import Run, found
from beleg.proofs.coverage import DAY
from beleg.proofs.dossier import Dossier
from beleg.weigh.bits import Observed, Weighed, weigh
from beleg.weigh.patterns import FAMILIES, SEPARATOR, patterns
from beleg.weigh.rank import combinations, reference, score, scored, seen
from beleg.weigh.weights import Weights

# What gap refunds are called when no detector says more.
NO_REASON, NO_PROOF = "no reason on record", "proofs missing"


def patterned(dossier: Dossier, runs: tuple[Run, ...]) -> ir.Table:
    """Each slice's pattern per family."""
    families = {run.detector.name: str(run.detector.card.family) for run in runs if not run.missing}
    found_rows = found(dossier, runs).select("detector", "subject").distinct()
    return dossier.view.step("patterns", lambda _: patterns(dossier.states, found_rows, families))


class Here(msgspec.Struct, frozen=True):
    """What is to be weighed in this shop, what its honest refunds look like, and which detectors did not run."""

    every: tuple[tuple[str, str, str], ...]
    observed: tuple[Observed, ...]
    silent: tuple[str, ...]

    def weighed(self, weights: Weights) -> list[Weighed]:
        """Every pattern that occurs, weighed."""
        return weigh(self.every, self.observed, weights, self.silent)


def here(dossier: Dossier, runs: tuple[Run, ...], patterned_slices: ir.Table) -> Here:
    """All that weighing takes from the shop itself."""
    rows = dossier.view.rows(reference(patterned_slices)).to_pylist()
    every = dossier.view.rows(seen(patterned_slices)).to_pylist()
    return Here(
        tuple((row["family"], row["kind"], row["pattern"]) for row in every),
        tuple(Observed(row["family"], row["kind"], row["pattern"], row["count"]) for row in rows),
        tuple(run.detector.name for run in runs if run.missing),
    )


def weighed(dossier: Dossier, runs: tuple[Run, ...], patterned_slices: ir.Table, weights: Weights) -> list[Weighed]:
    """Weigh every pattern that occurs, and load the score of every combination as a table."""
    answer = here(dossier, runs, patterned_slices).weighed(weights)
    dossier.view.engine.load("scores", score(dossier.view.rows(combinations(patterned_slices)), answer, weights))
    return answer


def convert(dossier: Dossier, base: str | None) -> tuple[str, tuple[str, ...]]:
    """Load the rates that are needed; returns the report's currency and the currencies without a rate."""
    paid = _paid(dossier)
    counted = paid.group_by("currency").agg(n=paid.count())
    by_currency = {row["currency"]: row["n"] for row in dossier.view.rows(counted).to_pylist() if row["currency"]}
    base = base or main_currency(by_currency or _order_currencies(dossier))
    table, unknown = rate_table(dossier.view.rows(paid.select("currency", "day").distinct()), base)
    dossier.view.engine.load("rates", table)
    return base, unknown


def _order_currencies(dossier: Dossier) -> dict[str, int]:
    orders = dossier.table("orders")
    counted = orders.group_by("currency").agg(n=orders.count())
    return {row["currency"]: row["n"] for row in dossier.view.rows(counted).to_pylist()}


def _paid(dossier: Dossier) -> ir.Table:
    paid = dossier.states.filter(dossier.states.amount > 0)
    return paid.mutate(day=(paid.refunded_at // DAY).cast("int64"))


def standing(dossier: Dossier, patterned_slices: ir.Table, weights: Weights) -> ir.Table:
    """One row per refunded slice: its state, day, loss (report currency), method, millibits, fired (whether a detector did)."""
    return dossier.view.step("standing", lambda _: _standing(dossier, patterned_slices, weights))


def _standing(dossier: Dossier, patterned_slices: ir.Table, weights: Weights) -> ir.Table:
    rates = dossier.view.prepared("rates").mutate(rate_day=lambda t: t.day.fill_null(-1)).drop("day")
    paid = _paid(dossier).mutate(rate_day=lambda t: t.day.fill_null(-1))
    paid = paid.join(rates, ["currency", "rate_day"]).drop("rate_day")
    t = paid.join(scored(patterned_slices, dossier.view.prepared("scores")), "slice_id")
    fired = ibis.literal(False)
    for family in FAMILIES:
        fired |= t[family].contains(SEPARATOR)
    t = t.mutate(fired=fired, loss=((t.amount * t.parts) // PARTS).cast("int64"))
    names = [(t.method == number, name) for number, name in enumerate(weights.wrong)]
    plain = (t.refund_class == "unclassified").ifelse(NO_REASON, NO_PROOF)
    return t.mutate(method_name=t.fired.ifelse(ibis.cases(*names, else_=NO_PROOF), plain))
