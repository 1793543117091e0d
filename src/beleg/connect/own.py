"""Beleg's own layout: files or folders named for a table of facts, which need no mapping."""

import difflib
from collections.abc import Callable, Sequence
from pathlib import Path

from msgspec import Struct

from beleg.connect.batch import Batch
from beleg.connect.build import Builder, Rules
from beleg.connect.checks import check_names, needed_columns
from beleg.connect.errors import ConnectError
from beleg.connect.fields import Setting
from beleg.connect.files import InputFile, Look, look
from beleg.connect.frame import FileFacts
from beleg.connect.intake import Book, Intake, Source, usual_notes
from beleg.connect.lookups import Lookups
from beleg.connect.mapping import FactRule, SourceRule
from beleg.connect.own_parquet import OwnParquet
from beleg.connect.run import file_again, opened
from beleg.connect.tally import Sums
from beleg.connect.writer import FactWriter, Quarantine
from beleg.facts.registry import fact_types
from beleg.facts.told import listed

NAME = "beleg"


def table_named(file: InputFile) -> str | None:
    """The table this file is named for, or the innermost folder that is."""
    names = [file.stem, *reversed(Path(file.name).parent.parts), file.path.parent.name]
    return next((name for name in names if name in fact_types()), None)


def read_own(files: Sequence[InputFile], passed: Sequence[str], into: Path, say: Callable[[str, float], None]) -> Intake:
    """Read files in Beleg's own layout."""
    reading = _Reading(into, say, len(files))
    for table, group in _by_table(files).items():
        reading.table(table, group)
    return reading.intake(passed)


def _by_table(files: Sequence[InputFile]) -> dict[str, list[InputFile]]:
    found: dict[str, list[InputFile]] = {}
    for file in files:
        table = table_named(file)
        if table is None:
            near = difflib.get_close_matches(file.stem, fact_types(), n=1, cutoff=0.5)
            raise ConnectError(
                file.name,
                got="a name that is no table of facts" + (f"; the closest is {near[0]!r}" if near else ""),
                expected=f"a file or folder named {listed(fact_types(), 40)}",
                mend="rename it, or begin its name with _ to have it passed over",
            )
        found.setdefault(table, []).append(file)
    return found


class _Part(Struct):
    """What one table gave."""

    books: list[Book]
    paths: list[Path]


class _Reading:
    """The tables read so far."""

    def __init__(self, into: Path, say: Callable[[str, float], None], files: int) -> None:
        self._into, self._say, self._files = into, say, files
        self._writer, self._quarantine = FactWriter(into), Quarantine(into)
        self._done = 0
        self._parts: dict[str, _Part] = {}

    def table(self, table: str, files: list[InputFile]) -> None:
        """Read the files of one table; a file delivered twice is read once."""
        looks = {file.name: self._look(file) for file in files}
        first: dict[str, InputFile] = {}
        for file in files:
            first.setdefault(looks[file.name].digest, file)
        fresh = list(first.values())
        if all(file.format == "parquet" and not file.gzipped for file in fresh):
            reader = OwnParquet(table, self._into, self._writer, self._quarantine)
            part = _Part(*reader.read([(file, looks[file.name].digest) for file in fresh], self._step))
        else:
            part = _Part(self._as_text(table, fresh, looks), [])
        books = {book.digest: book for book in part.books}
        again = [file for file in files if file not in fresh]
        part.books += [file_again(file, books[looks[file.name].digest]) for file in again]
        self._parts[table] = part

    def _look(self, file: InputFile) -> Look:
        self._say(file.name, self._done / (3 * self._files))
        self._done += 1
        return look(file)

    def _step(self, name: str) -> None:
        self._say(name, min(0.99, self._done / (3 * self._files)))
        self._done += 1

    def _as_text(self, table: str, files: list[InputFile], looks: dict[str, Look]) -> list[Book]:
        builders: dict[tuple[str, ...], Builder] = {}
        books = []
        for file in files:
            self._step(file.name)
            about = FileFacts(file.name, file.stem, looks[file.name].digest)
            sums = Sums()
            for batch in opened(file, looks[file.name], None):
                names = _names(batch)
                check_names(file.name, table, names, [name for name in needed_columns(table) if name != "id"] if names else [])
                builder = builders.setdefault(tuple(names), _builder(table, names, next(iter(builders.values()), None)))
                outcome = builder.take(batch, about)
                sums.add(outcome)
                self._quarantine.add(outcome.quarantined)
                for name, facts in outcome.facts:
                    self._writer.add(name, facts)
            books.append(sums.book(file, looks[file.name].digest))
        return books

    def intake(self, passed: Sequence[str]) -> Intake:
        """Everything read."""
        written = self._writer.close()
        quarantine, quarantine_file = self._quarantine.close()
        books = tuple(book for part in self._parts.values() for book in part.books)
        tables = {table: (*part.paths, *written.get(table, ())) for table, part in self._parts.items()}
        self._say("done", 1.0)
        return Intake(
            tables={table: paths for table, paths in tables.items() if paths},
            books=books,
            quarantine=quarantine,
            quarantine_file=quarantine_file,
            sources=tuple(_source(table, part) for table, part in self._parts.items()),
            notes=usual_notes([book for part in self._parts.values() for book in part.books], passed),
            mapping=NAME,
            recording_delay="0s",
        )


def _names(batch: Batch) -> list[str]:
    if batch.records is None:
        return list(batch.columns)
    names = {str(name): None for record in batch.records for name in record if name != "fact"}
    return list(names)


def _builder(table: str, names: Sequence[str], before: Builder | None) -> Builder:
    """A builder that takes each column for the field of its name; it shares what was delivered with the one before."""
    rule = SourceRule(key=["id"] if "id" in names else [])
    fact = FactRule(table=table, fields={name: name for name in names})
    builder = Builder(Rules(NAME, [fact], [], Setting(rule, Lookups({}), b"", own=True)))
    if before is not None:
        builder.share(before)
    return builder


def _source(table: str, part: _Part) -> Source:
    facts = sum(book.facts.get(table, 0) for book in part.books)
    return Source(table, len(part.books), sum(book.rows for book in part.books), {table: facts})
