"""Adds the families up, method by method, and ranks refunds by expected loss within the alert budget."""

from collections.abc import Iterable, Mapping
from functools import reduce
from operator import add

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


def weight_table(weighed: Iterable[Weighed], weights: Weights) -> pa.Table:
    """The weighed patterns as a table: family, kind, pattern, and millibits per method (integers, so that engines agree)."""
    rows = [
        {"family": one.family, "kind": one.kind, "pattern": one.pattern}
        | {f"m_{number}": round(one.bits[method] * 1000) for number, method in enumerate(weights.hypotheses)}
        for one in weighed
    ]
    columns = [("family", pa.string()), ("kind", pa.string()), ("pattern", pa.string())]
    numbers = [(f"m_{number}", pa.int64()) for number, _ in enumerate(weights.hypotheses)]
    fields = [pa.field(name, kind) for name, kind in (*columns, *numbers)]
    return pa.Table.from_pylist(rows, schema=pa.schema(fields))


def summed(patterned: ir.Table, table: ir.Table, weights: Weights) -> ir.Table:
    """Per slice the best explanation: slice_id, kind, patterns, method, rival (hypotheses' numbers), millibits.

    A method's sum is its prior and its families' bits. The best rival's sum is taken off where it is above zero, so that what an
    honest misfortune explains as well as a method does accuses nobody.
    """
    joined = patterned
    for family in FAMILIES:
        mine = table.filter(table.family == family).drop("family")
        renamed = mine.rename(**{f"{family}_{column}": column for column in mine.columns if column.startswith("m_")})
        renamed = renamed.rename(**{family: "pattern"})
        joined = joined.left_join(renamed, ["kind", family]).drop("kind_right", f"{family}_right")
    sums = {f"sum_{number}": _sum(joined, number, weights.prior(name)) for number, name in enumerate(weights.hypotheses)}
    t = joined.select("slice_id", "kind", *FAMILIES, **sums)
    names = list(sums)
    method, best = _best(t, names[: len(weights.wrong)], 0)
    rival, against = _best(t, names[len(weights.wrong) :], len(weights.wrong))
    found = t.select("slice_id", "kind", *FAMILIES, method=method, rival=rival, method_millibits=best, rival_millibits=against)
    return found.mutate(millibits=found.method_millibits - ibis.greatest(found.rival_millibits, 0))


def _sum(t: ir.Table, number: int, prior: float) -> ir.Value:
    return reduce(add, (t[f"{family}_m_{number}"].fill_null(0) for family in FAMILIES)) + round(prior * 1000)


def _best(t: ir.Table, names: list[str], first: int) -> tuple[ir.Value, ir.Value]:
    """The number of the hypothesis with the largest sum, and that sum."""
    best = ibis.greatest(*(t[name] for name in names)) if len(names) > 1 else t[names[0]]
    number = ibis.cases(*((t[name] == best, first + place) for place, name in enumerate(names)), else_=-1)
    return number.cast("int64"), best.cast("int64")
