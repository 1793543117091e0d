"""Parquet in Beleg's own layout: validated in batches, referenced where it lies if it is right, else mended row by row."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from msgspec import Struct

from beleg.connect.checks import Fault, blank, check_names, faults, known_at_complete, needed_columns, to_scan, without_blanks
from beleg.connect.columns import Column, Mask, empty_column, none, pc
from beleg.connect.errors import ConnectError, masked
from beleg.connect.files import InputFile
from beleg.connect.ids import Hashes, Twice, hashes
from beleg.connect.intake import Book, Quarantined
from beleg.connect.seen import digests
from beleg.connect.slots import slots
from beleg.connect.times import known_at
from beleg.connect.writer import FactWriter, Quarantine
from beleg.facts.schema import arrow_schemas

_T = TypeVar("_T")
_ROWS, _AHEAD = 1 << 17, 2
_REPEATED_ID = "an id that no other fact of this table has"


class Checked(Struct):
    """One file after its first pass."""

    file: InputFile
    digest: str
    rows: int
    as_it_is: bool


class OwnParquet:
    """The Parquet files of one table."""

    def __init__(self, table: str, into: Path, writer: FactWriter, quarantine: Quarantine) -> None:
        """Prepare for one table."""
        self._table, self._into, self._writer, self._quarantine = table, into, writer, quarantine
        self._met: set[bytes] = set()
        self._schema = arrow_schemas()[table]

    def read(self, files: list[tuple[InputFile, str]], say: Callable[[str], None]) -> tuple[list[Book], list[Path]]:
        """Account for every file, and answer those that may be used where they lie."""
        books: list[Book] = []
        kept: list[Path] = []
        checked: list[Checked] = []
        with Twice(self._into) as twice:
            for file, digest in files:
                say(file.name)
                checked.append(self._check(file, digest, twice))
            repeated = twice.repeated()
        seen: dict[bytes, bytes] = {}
        for entry in checked:
            if entry.as_it_is and not self._has(entry.file, repeated):
                kept.append(entry.file.path)
                books.append(Book(entry.file.name, entry.digest, entry.rows, entry.rows, {}, 0, 0, {self._table: entry.rows}))
            else:
                say(entry.file.name)
                books.append(self._mend(entry, repeated, seen))
        return books, kept

    def _check(self, file: InputFile, digest: str, twice: Twice) -> Checked:
        with opened(file) as parquet:
            names = parquet.schema_arrow.names
            check_names(file.name, self._table, names, needed_columns(self._table))
            exact = self._exact(parquet.schema_arrow)
            scan = to_scan(parquet, self._table) if exact else ["id"]
            sound = exact and known_at_complete(parquet)
            look = partial(self._look, whole=sound)
            for found, right in _side_by_side(look, parquet.iter_batches(_ROWS, columns=scan)):
                twice.add(found)
                sound = sound and right
            return Checked(file, digest, parquet.metadata.num_rows, sound)

    def _look(self, batch: pa.RecordBatch, *, whole: bool) -> tuple[Hashes, bool]:
        """The hashes of a batch's ids, and whether its columns are as they should be, if the whole is looked at."""
        columns = dict(zip(batch.schema.names, batch.columns, strict=True))
        right = whole and not faults(self._table, columns) and not any(blank(column) for column in columns.values())
        return hashes(columns["id"].cast(pa.string())), right

    def _exact(self, schema: pa.Schema) -> bool:
        found = {field.name: field.type for field in schema}
        return schema.names == self._schema.names and all(found[field.name] == field.type for field in self._schema)

    def _has(self, file: InputFile, repeated: Hashes) -> bool:
        if not len(repeated):
            return False
        with opened(file) as parquet:
            batches = parquet.iter_batches(_ROWS, columns=["id"])
            return any(np.isin(hashes(batch.column(0).cast(pa.string())), repeated).any() for batch in batches)

    def _mend(self, entry: Checked, repeated: Hashes, seen: dict[bytes, bytes]) -> Book:
        """Write the good rows anew in the facts' schema; account for the others."""
        mapped = redelivered = quarantined = start = 0
        for batch in self._batches(entry.file):
            bad = self._faulty(entry.file, batch, start)
            again, conflicts = self._repeats(
                _Part(entry.file.name, batch, start), repeated, seen, {row.row - start - 1 for row in bad}
            )
            rows = bad + conflicts
            good = ~again
            good[[row.row - start - 1 for row in rows]] = False
            self._quarantine.add(rows)
            if good.any():
                self._writer.add(self._table, pa.Table.from_batches([batch]).filter(pa.array(good)))
            mapped, redelivered = mapped + int(good.sum()), redelivered + int(again.sum())
            quarantined, start = quarantined + len(rows), start + batch.num_rows
        facts = {self._table: mapped} if mapped else {}
        return Book(entry.file.name, entry.digest, entry.rows, mapped, {}, redelivered, quarantined, facts)

    def _batches(self, file: InputFile) -> Iterator[pa.RecordBatch]:
        with opened(file) as parquet:
            for batch in parquet.iter_batches(_ROWS):
                yield self._shaped(file, batch)

    def _shaped(self, file: InputFile, batch: pa.RecordBatch) -> pa.RecordBatch:
        """All columns in the facts' order and types; those lacking are empty, or what a fact holds when nothing is said."""
        given = dict(zip(batch.schema.names, batch.columns, strict=True))
        columns = {}
        for field in self._schema:
            default = slots(self._table)[field.name].default
            column = given.get(field.name)
            column = empty_column(batch.num_rows, field.type) if column is None else self._cast(file, field, column)
            column = without_blanks(column)
            columns[field.name] = column if default is None else pc.fill_null(column, pa.scalar(default, field.type))
        columns["known_at"] = pc.coalesce(columns["known_at"], known_at(columns, 0))
        plain = pa.schema([field.with_nullable(True) for field in self._schema])
        return pa.record_batch(list(columns.values()), schema=plain)

    def _cast(self, file: InputFile, field: "pa.Field[Any]", column: Column) -> Column:
        try:
            if pa.types.is_timestamp(column.type):
                return column.cast(pa.timestamp("us")).cast(pa.int64())
            if pa.types.is_floating(column.type):
                raise pa.ArrowInvalid("a binary fraction")
            return column.cast(field.type)
        except pa.ArrowException as problem:
            raise ConnectError(
                f"{file.name}: {field.name}",
                got=f"a column of type {column.type}",
                expected=f"a column of type {field.type}",
                mend="write the column in that type; money is whole minor units, times are microseconds UTC",
            ) from problem

    def _faulty(self, file: InputFile, batch: pa.RecordBatch, start: int) -> list[Quarantined]:
        columns = dict(zip(batch.schema.names, batch.columns, strict=True))
        found: dict[int, Quarantined] = {}
        for fault in faults(self._table, columns):
            for row in np.flatnonzero(fault.mask):
                found.setdefault(int(row), _told(file, fault, columns[fault.field], int(row), start))
        return [found[row] for row in sorted(found)]

    def _repeats(self, at: "_Part", repeated: Hashes, seen: dict[bytes, bytes], bad: set[int]) -> tuple[Mask, list[Quarantined]]:
        """Rows whose id came before: the same row again is a re-delivery, another row under the same id is a conflict."""
        ids = at.batch.column("id")
        again = none(at.batch.num_rows)
        conflicts: list[Quarantined] = []
        for row in np.flatnonzero(np.isin(hashes(ids), repeated)).tolist() if len(repeated) else ():
            if row in bad:
                continue
            key, content = digests([ids[row].as_py(), repr(at.batch.slice(row, 1).to_pylist())]).tolist()
            if seen.setdefault(key, content) != content:
                got = masked(ids[row].as_py()) + " again, with other contents"
                conflicts.append(Quarantined(at.file, at.start + row + 1, "id", got, _REPEATED_ID, "give each fact its own id"))
            else:
                again[row] = key in self._met
            self._met.add(key)
        return again, conflicts


def _side_by_side(look: Callable[[pa.RecordBatch], _T], batches: Iterator[pa.RecordBatch]) -> Iterator[_T]:
    """What is seen of each batch, in their order, two looked at at a time; no more than a few are held."""
    with ThreadPoolExecutor(max_workers=2, thread_name_prefix="reading") as readers:
        ahead: deque[Future[_T]] = deque()
        for batch in batches:
            ahead.append(readers.submit(look, batch))
            if len(ahead) > _AHEAD:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()


class _Part(Struct):
    """One batch of a file and how many rows stand before it."""

    file: str
    batch: pa.RecordBatch
    start: int


def opened(file: InputFile) -> pq.ParquetFile:
    """The file as Parquet, or a clear error that it is none."""
    try:
        return pq.ParquetFile(file.path)
    except (OSError, pa.ArrowException) as problem:
        raise ConnectError(
            file.name,
            got="bytes that are no Parquet",
            expected="a Parquet file",
            mend="fetch or write the file again; Parquet is not packed with gzip",
        ) from problem


def _told(file: InputFile, fault: Fault, column: Column, row: int, start: int) -> Quarantined:
    value = column[row].as_py()
    got = masked(None if value is None else str(value))
    return Quarantined(file.name, start + row + 1, fault.field, got, fault.expected, "correct the value in the source")
