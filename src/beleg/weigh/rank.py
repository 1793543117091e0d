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
        | {f"m_{number}": round(one.bits[method] * 1000) for number, method in enumerate(weights.wrong)}
        for one in weighed
    ]
    columns = [("family", pa.string()), ("kind", pa.string()), ("pattern", pa.string())]
    numbers = [(f"m_{number}", pa.int64()) for number, _ in enumerate(weights.wrong)]
    fields = [pa.field(name, kind) for name, kind in (*columns, *numbers)]
    return pa.Table.from_pylist(rows, schema=pa.schema(fields))


def summed(patterned: ir.Table, table: ir.Table, weights: Weights) -> ir.Table:
    """Per slice the method that explains it best: slice_id, kind, the patterns, method (its number), millibits (prior included)."""
    joined = patterned
    for family in FAMILIES:
        mine = table.filter(table.family == family).drop("family")
        renamed = mine.rename(**{f"{family}_{column}": column for column in mine.columns if column.startswith("m_")})
        renamed = renamed.rename(**{family: "pattern"})
        joined = joined.left_join(renamed, ["kind", family]).drop("kind_right", f"{family}_right")
    prior = round(weights.prior_bits * 1000)
    sums = {
        f"sum_{number}": reduce(add, (joined[f"{family}_m_{number}"].fill_null(0) for family in FAMILIES)) + prior
        for number, _ in enumerate(weights.wrong)
    }
    t = joined.select("slice_id", "kind", *FAMILIES, **sums)
    best = ibis.greatest(*(t[name] for name in sums))
    method = ibis.cases(*((t[name] == best, number) for number, name in enumerate(sums)), else_=-1)
    return t.select("slice_id", "kind", *FAMILIES, method=method.cast("int64"), millibits=best.cast("int64"))
