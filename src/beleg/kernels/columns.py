"""Arrow columns as numbers, and numbers as Arrow columns."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


def floats(column: "pa.ChunkedArray[Any]") -> Floats:
    """Numbers, whole ones and yes or no too; there must be no empty ones."""
    kind = pa.int64() if pa.types.is_boolean(column.type) else pa.float64()
    return np.asarray(column.cast(kind).to_numpy(), dtype=np.float64)


def numbered(column: "pa.ChunkedArray[Any]") -> tuple[Ints, list[Any]]:
    """A number for every value, in the order of values, so that no answer depends on the order of rows; and the values."""
    numbers, values = coded(column)
    return numbers, values.to_pylist()


def coded(column: "pa.ChunkedArray[Any]") -> tuple[Ints, "pa.Array[Any]"]:
    """The same, the values as an array: for a column of very many. Whole numbers from 0 on stay what they are, there or not."""
    if pa.types.is_integer(column.type):
        numbers = np.asarray(column.to_numpy(), dtype=np.int64)
        return numbers, pa.array(np.arange(numbers.max(initial=-1) + 1))
    whole = column.combine_chunks().dictionary_encode()
    order = np.asarray(pc.array_sort_indices(whole.dictionary), dtype=np.int64)
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    return place[np.asarray(whole.indices)], whole.dictionary.take(order)


def paired(one: Ints, other: Ints, others: int) -> tuple[Ints, Ints, Ints]:
    """The pairs there are, by their two numbers, and which of them each row is."""
    width = max(others, 1)
    pairs, number = distinct(one * np.int64(width) + other)
    return pairs // width, pairs % width, number


def distinct(keys: Ints) -> tuple[Ints, Ints]:
    """The different keys, sorted, and which of them each row is; by the quickest way that their kind allows."""
    different = np.empty(len(keys), dtype=np.bool_)
    different[:1], different[1:] = True, keys[1:] != keys[:-1]
    if (keys[1:] >= keys[:-1]).all():
        return keys[different], np.cumsum(different) - 1
    if keys.min() >= 0 and keys.max() < len(keys):
        there = np.bincount(keys) > 0
        return np.flatnonzero(there), (np.cumsum(there) - 1)[keys]
    return np.unique(keys, return_inverse=True)


def summed(number: Ints, values: Floats, length: int) -> Floats:
    """The sum of values per number, as floats."""
    return np.bincount(number, values, length).astype(np.float64)


def tabled(schema: pa.Schema, columns: Sequence[Any]) -> pa.Table:
    """Columns as a table of this schema."""
    arrays: list[Any] = [pa.array(column).cast(field.type) for column, field in zip(columns, schema, strict=True)]
    return pa.Table.from_arrays(arrays, schema=schema)
