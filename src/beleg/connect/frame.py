"""Rows as a rule sees them: trimmed text by column name or JSON path, exploded where a rule asks for it."""

import json
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from msgspec import Struct

from beleg.connect.batch import Batch
from beleg.connect.columns import Column, empty_column, numerals, pc, repeated, strung, taken, texts
from beleg.connect.paths import Json, Place, as_text, explode, look_up

Index = npt.NDArray[np.int64]


STOCK = ("row", "stem", "digest", "index", "n")


class FileFacts(Struct, frozen=True):
    """What the rows of one file share, for ids and origins."""

    name: str
    stem: str
    digest: str


class Frame:
    """Rows of one batch: all of them, or one per element of a list within them."""

    def __init__(self, batch: Batch, file: FileFacts, empty: Sequence[str]) -> None:
        """Take the batch as it was read; columns are cleaned when first asked for."""
        self._batch, self._empty = batch, list(empty)
        self._cache: dict[str, Column] = {}
        self._places: list[Place] | None = None
        self.file = file
        self.size = len(batch.lines)
        self.parent: Index = np.arange(self.size)
        self.position: Index | None = None
        self.within: Index | None = None

    @property
    def lines(self) -> Index:
        """The line or record number of each row."""
        return self._batch.lines[self.parent]

    def text(self, name: str) -> Column:
        """This column's text, trimmed, nothing where it is blank, lacking or a word that means empty."""
        if name not in self._cache:
            self._cache[name] = clean(self._raw(name), texts(self._empty))
        return self._cache[name]

    def piece(self, name: str) -> Column:
        """A column, or one of the words that stand for the row, its place in a list or group, and its file."""
        if name == "row":
            return numerals(self.lines)
        if name in {"index", "n"}:
            numbers = self.position if name == "index" else self.within
            return numerals(np.ones(self.size, dtype=np.int64) if numbers is None else numbers)
        if name in {"stem", "digest"}:
            return repeated(self.file.stem if name == "stem" else self.file.digest[:12], self.size)
        return self.text(name)

    def contents(self) -> list[str]:
        """Each row as one text, to tell whether a key came again with other contents."""
        records = self._batch.records
        if records is not None:
            return [json.dumps(records[row], sort_keys=True) for row in self.parent]
        columns = [pc.fill_null(_cut(column, self.parent), "") for column in self._batch.columns.values()]
        if not columns:
            return [""] * self.size
        return [str(row) for row in strung(columns, "\x1f").to_pylist()]

    def put(self, name: str, values: Column) -> None:
        """Replace a column, such as by one whose blanks were filled from the row above."""
        self._cache[name] = values

    def _raw(self, name: str) -> Column:
        records = self._batch.records
        if records is None:
            column = self._batch.columns.get(name)
            return empty_column(self.size) if column is None else _cut(column, self.parent)
        if self._places is None:
            self._places = [Place.root(records[row]) for row in self.parent]
        return texts([as_text(look_up(place, name)) for place in self._places])

    def exploded(self, path: str) -> "Frame":
        """One row per element of the list, or per value of the object, at this path; its columns are reached by paths below it."""
        frame = Frame(self._batch, self.file, self._empty)
        roots = [Place.root(record) for record in self._batch.records or ()]
        found = [(row, order, place) for row, root in enumerate(roots) for order, place in enumerate(explode(root, path), 1)]
        frame._places = [place for _, _, place in found]
        frame.parent = np.array([row for row, _, _ in found], dtype=np.int64)
        frame.position = np.array([order for _, order, _ in found], dtype=np.int64)
        frame.size = len(found)
        return frame

    def elements(self, path: str) -> list[Json]:
        """The elements of the list at this path, those of all rows one after the other."""
        roots = [Place.root(record) for record in self._batch.records or ()]
        return [look_up(place, path) for root in roots for place in explode(root, path)]

    def only(self, mask: npt.NDArray[np.bool_]) -> "Frame":
        """The rows of this mask."""
        if mask.all():
            return self
        kept = np.flatnonzero(mask)
        frame = Frame(self._batch, self.file, self._empty)
        frame._cache = {name: taken(values, kept) for name, values in self._cache.items()}
        frame.parent = self.parent[kept]
        frame.position = None if self.position is None else self.position[kept]
        frame.within = None if self.within is None else self.within[kept]
        frame.size = len(kept)
        frame._places = None if self._places is None else [self._places[row] for row in kept]
        return frame


def _cut(column: Column, rows: Index) -> Column:
    return column if len(rows) == len(column) else taken(column, rows)


def clean(text: Column, empty: Column) -> Column:
    """Trim, and turn blank text and the words that mean empty into nothing."""
    trimmed = pc.utf8_trim_whitespace(text)
    blank = pc.equal(pc.binary_length(trimmed), 0)
    if len(empty):
        blank = pc.or_(blank, pc.is_in(trimmed, value_set=empty))
    found: Column = pc.if_else(blank, pa.scalar(None, pa.string()), trimmed)
    return found
