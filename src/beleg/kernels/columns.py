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
    coded = column.combine_chunks().dictionary_encode()
    order = np.asarray(pc.array_sort_indices(coded.dictionary), dtype=np.int64)
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    return place[np.asarray(coded.indices, dtype=np.int64)], coded.dictionary.take(order).to_pylist()


def paired(one: Ints, other: Ints, others: int) -> tuple[Ints, Ints, Ints]:
    """The pairs there are, by their two numbers, and which of them each row is."""
    width = max(others, 1)
    pairs, number = np.unique(one * np.int64(width) + other, return_inverse=True)
    return pairs // width, pairs % width, number


def summed(number: Ints, values: Floats, length: int) -> Floats:
    """The sum of values per number, as floats."""
    return np.bincount(number, values, length).astype(np.float64)


def tabled(schema: pa.Schema, columns: Sequence[Any]) -> pa.Table:
    """Columns as a table of this schema."""
    arrays: list[Any] = [pa.array(list(column), type=field.type) for column, field in zip(columns, schema, strict=True)]
    return pa.Table.from_arrays(arrays, schema=schema)
