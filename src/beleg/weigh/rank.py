"""Adds the families up, method by method, and ranks refunds by expected loss within the alert budget."""

from collections.abc import Iterable, Mapping
from math import log2

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from beleg.weigh.bits import Weighed
from beleg.weigh.patterns import FAMILIES
from beleg.weigh.weights import Weights


def reference(patterned: ir.Table) -> ir.Table:
    """The shop's own honest reference: family, kind, pattern, count, where the other families say that the goods are there."""
    t = patterned
    stayed = t.afterlife.startswith("T") | t.afterlife.startswith("UT")
    held = t.item.startswith("T")
    arrived = t.movement.substr(2, 1) == "T"
    kept = ~t.afterlife.contains("C")
    witnessed: Mapping[str, ir.Value] = {
        "movement": stayed & held & kept,
        "weight": stayed & arrived & kept,
        "item": arrived & stayed & kept,
        "afterlife": arrived & held,
    }
    parts = [_counted(t.filter(condition), family) for family, condition in witnessed.items()]
    return ibis.union(*parts, distinct=False)


def seen(patterned: ir.Table) -> ir.Table:
    """Every pattern there is: family, kind, pattern, count."""
    return ibis.union(*(_counted(patterned, family) for family in FAMILIES), distinct=False)


def _counted(t: ir.Table, family: str) -> ir.Table:
    named = t.select("kind", family=ibis.literal(family), pattern=t[family])
    return named.group_by(["family", "kind", "pattern"]).agg(count=named.count())


def combinations(patterned: ir.Table) -> ir.Table:
    """The few combinations of patterns that slices show: kind and one pattern per family."""
    return patterned.select("kind", *FAMILIES).distinct()


def score(shown: pa.Table, weighed: Iterable[Weighed], weights: Weights) -> pa.Table:
    """Add the families up for every combination of patterns.

    A method's sum is its prior and its families' bits. From the best one is taken off what the honest explanations reach together:
    goods in their place and every misfortune, each by its share of the honest refunds of this kind. So what a misfortune explains
    as well accuses nobody.

    Args:
        shown: what `combinations` gives.
        weighed: every pattern's bits.
        weights: for the priors.

    Returns:
        The combinations with method and rival (their numbers in `weights.hypotheses`), rival_millibits and millibits.
    """
    bits = {(one.family, one.kind, one.pattern): one.bits for one in weighed}
    rows = [row | added_up(row, bits, weights) for row in shown.to_pylist()]
    columns: list[tuple[str, pa.DataType]] = [(name, pa.string()) for name in ("kind", *FAMILIES)]
    columns += [(name, pa.int64()) for name in ("method", "rival", "rival_millibits", "millibits")]
    return pa.Table.from_pylist(rows, schema=pa.schema(columns))


def added_up(row: Mapping[str, str], bits: Mapping[tuple[str, str, str], Mapping[str, float]], weights: Weights) -> dict[str, int]:
    """One combination's score: its kind and a pattern per family, and the bits of each, by family, kind and pattern."""
    mine = [bits[family, row["kind"], row[family]] for family in FAMILIES]
    sums = {name: sum(one[name] for one in mine) for name in weights.hypotheses}
    names = list(sums)
    methods = [round(1000 * (weights.prior_bits + sums[name])) for name in weights.wrong]
    shares = weights.rival_shares.get(row["kind"], {})
    chances = {name: share * 2 ** sums[name] for name, share in shares.items()}
    rival = max(chances, key=lambda name: chances[name], default=names[-1])
    plain = max(0.0, 1 - sum(shares.values()))
    against = max(0, round(1000 * log2(plain + sum(chances.values()) or 1)))
    method = max(range(len(methods)), key=lambda number: methods[number])
    return {"method": method, "rival": names.index(rival), "rival_millibits": against, "millibits": methods[method] - against}


def scored(patterned: ir.Table, scores: ir.Table) -> ir.Table:
    """Each slice with its patterns and their score."""
    keys = ["kind", *FAMILIES]
    return patterned.join(scores, keys)
