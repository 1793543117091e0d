"""What every reader hands on: some rows of one file as text, with the line each came from, and the rows that were no rows."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from beleg.connect.columns import Column

Lines = npt.NDArray[np.int64]


class Unread(Struct, frozen=True):
    """One record that could not even be cut into fields."""

    line: int
    field: str
    got: str
    expected: str
    mend: str


class Batch(Struct):
    """Rows of one file. Delimited text and Parquet come as columns; JSON comes as records, whose columns are looked up by path."""

    columns: dict[str, Column]
    lines: Lines
    unread: list[Unread]
    records: list[Any] | None = None

    @classmethod
    def of(cls, columns: Mapping[str, Column], lines: Lines) -> "Batch":
        """A batch without any broken row."""
        return cls(dict(columns), lines, [])

    @classmethod
    def broken(cls, problem: Unread) -> "Batch":
        """A batch of one record that could not be read, such as a whole damaged file."""
        return cls({}, np.array([], dtype=np.int64), [problem])

    @property
    def rows(self) -> int:
        """The records in it, readable or not."""
        return len(self.lines) + len(self.unread)
