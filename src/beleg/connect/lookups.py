"""Attributes that stand in another file of the same export, taken by a key."""

from collections.abc import Mapping
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc
from msgspec import Struct

from beleg.connect.values import decimal_of


class LookupTable(Struct, frozen=True):
    """One file read as keys and the columns asked for."""

    keys: pa.Array
    columns: dict[str, pa.Array]


class Lookups:
    """All lookups of a mapping; `take` answers ``"orders.purchased"`` for a column of keys."""

    def __init__(self, tables: Mapping[str, LookupTable]) -> None:
        """Hold tables whose keys are unique."""
        self._tables = dict(tables)

    def take(self, path: str, keys: pa.Array) -> pa.Array:
        """The looked-up text for each key, nothing where the key is not there."""
        name, _, column = path.partition(".")
        table = self._tables.get(name)
        if table is None:
            return pa.nulls(len(keys), pa.string())
        return table.columns[column].take(pc.index_in(keys, value_set=table.keys))


def gathered(keys: pa.Array, columns: Mapping[str, pa.Array], combine: str, decimal: str) -> LookupTable:
    """A table with each key once: its first row, or the sum of all its rows."""
    if combine == "sum":
        return _summed(keys, columns, decimal)
    coded = keys.dictionary_encode()
    unique = coded.dictionary
    first = pc.index_in(unique, value_set=keys)
    return LookupTable(unique, {name: values.take(first) for name, values in columns.items()})


def _summed(keys: pa.Array, columns: Mapping[str, pa.Array], decimal: str) -> LookupTable:
    listed = keys.to_pylist()
    order = {key: None for key in listed if key is not None}
    found = {}
    for name, values in columns.items():
        sums: dict[str, Decimal] = dict.fromkeys(order, Decimal(0))
        for key, value in zip(listed, values.to_pylist(), strict=True):
            if key is not None and value is not None:
                sums[key] += decimal_of(value, decimal)
        found[name] = pa.array([str(total).replace(".", decimal) for total in sums.values()], pa.string())
    return LookupTable(pa.array(list(order), pa.string()), found)
