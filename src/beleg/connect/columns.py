"""Arrow's columns and functions as this room uses them, typed in one place."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute

if TYPE_CHECKING:
    Column: TypeAlias = pa.Array[Any]
else:
    Column = pa.Array
Mask: TypeAlias = npt.NDArray[np.bool_]
Numbers: TypeAlias = npt.NDArray[np.int64]

pc: Any = pyarrow.compute  # its published types refuse the mixtures of scalars and columns that it takes


def to_mask(column: Column) -> Mask:
    """A column of truth values as a mask; empty counts as no."""
    return np.asarray(pc.fill_null(column, False).to_numpy(zero_copy_only=False), dtype=np.bool_)


def nulls(column: Column) -> Mask:
    """Where the column is empty."""
    return to_mask(pc.is_null(column))


def none(rows: int) -> Mask:
    """A mask without any row."""
    return np.zeros(rows, dtype=np.bool_)


def to_numbers(column: Column, empty: int = 0) -> Numbers:
    """A column of integers, with a number in place of what is empty."""
    return np.asarray(pc.fill_null(column, empty).to_numpy(zero_copy_only=False), dtype=np.int64)


def taken(column: Column, rows: Numbers) -> Column:
    """These rows of the column."""
    found: Column = pc.take(column, pa.array(rows))
    return found


def repeated(value: str | int, rows: int, kind: pa.DataType | None = None) -> Column:
    """A column of one value."""
    scalar: Any = pa.scalar(value, kind or pa.string())
    found: Column = pa.repeat(scalar, rows)
    return found


def empty_column(rows: int, kind: pa.DataType | None = None) -> Column:
    """A column of nothing."""
    kind_of: Any = kind or pa.string()
    found: Column = pa.nulls(rows, kind_of)
    return found


def texts(values: Sequence[str | None]) -> Column:
    """A column of these texts."""
    return pa.array(values, pa.string())


def strung(parts: Sequence[Column | str], between: str = "") -> Column:
    """Columns and fixed texts put together row by row; empty where any part is."""
    scalars = [pa.scalar(part, pa.string()) if isinstance(part, str) else part for part in parts]
    found: Column = pc.binary_join_element_wise(*scalars, pa.scalar(between))
    return found


def numerals(numbers: Numbers) -> Column:
    """Numbers as text."""
    found: Column = pc.cast(pa.array(numbers), pa.string())
    return found
