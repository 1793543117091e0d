"""Attributes that stand in another file of the same export, taken by a key."""

from collections.abc import Mapping
from decimal import Decimal

import pyarrow as pa
from msgspec import Struct

from beleg.connect.columns import Column, empty_column, pc, texts
from beleg.connect.errors import ConnectError, masked
from beleg.connect.values import decimal_of


class LookupTable(Struct, frozen=True):
    """One file read as keys and the columns asked for."""

    keys: Column
    columns: dict[str, Column]


class Lookups:
    """All lookups of a mapping; `take` answers ``"orders.purchased"`` for a column of keys."""

    def __init__(self, tables: Mapping[str, LookupTable]) -> None:
        """Hold tables whose keys are unique."""
        self._tables = dict(tables)

    def take(self, path: str, keys: Column) -> Column:
        """The looked-up text for each key, nothing where the key is not there."""
        name, _, column = path.partition(".")
        table = self._tables.get(name)
        if table is None:
            return empty_column(len(keys), pa.string())
        found: Column = pc.take(table.columns[column], pc.index_in(keys, value_set=table.keys))
        return found


def gathered(keys: Column, columns: Mapping[str, Column], combine: str, decimal: str) -> LookupTable:
    """A table with each key once: its first row, or the sum of all its rows."""
    if combine == "sum":
        return _summed(keys, columns, decimal)
    unique = pc.drop_null(pc.unique(keys))
    first = pc.index_in(unique, value_set=keys)
    return LookupTable(unique, {name: pc.take(values, first) for name, values in columns.items()})


def _summed(keys: Column, columns: Mapping[str, Column], decimal: str) -> LookupTable:
    listed = keys.to_pylist()
    order = dict.fromkeys(key for key in listed if key is not None)
    found = {}
    for name, values in columns.items():
        sums: dict[str, Decimal] = dict.fromkeys(order, Decimal(0))
        for key, value in zip(listed, values.to_pylist(), strict=True):
            if key is not None and value is not None:
                sums[key] += _number(value, name, decimal)
        found[name] = texts([str(total).replace(".", decimal) for total in sums.values()])
    return LookupTable(texts(list(order)), found)


def _number(value: str, column: str, decimal: str) -> Decimal:
    try:
        return decimal_of(value, decimal)
    except ValueError as problem:
        raise ConnectError(
            f"lookup of {column}, which is to be summed",
            got=masked(value),
            expected=f"a number with {decimal!r} as its decimal sign",
            mend="correct the value, or set `decimal` for this lookup in the mapping",
        ) from problem
