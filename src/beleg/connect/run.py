"""One run of a mapping over its files: who reads which file, what was delivered twice, and the books."""

import fnmatch
from collections.abc import Iterator, Sequence

import pyarrow as pa
from msgspec import Struct

from beleg.connect.batch import Batch, Unread
from beleg.connect.build import Builder, Rules, of_unread
from beleg.connect.columns import Column, texts
from beleg.connect.delimited import Layout, batches, layout_of
from beleg.connect.errors import ConnectError
from beleg.connect.fields import Setting, template_names
from beleg.connect.files import InputFile, Look
from beleg.connect.frame import STOCK, FileFacts, Frame
from beleg.connect.intake import Book
from beleg.connect.lookups import Lookups, LookupTable, gathered
from beleg.connect.mapping import FactRule, LookupRule, Mapping, SourceRule, as_spec
from beleg.connect.records import json_batches, line_batches, parquet_batches
from beleg.connect.tally import Sums
from beleg.connect.values import duration
from beleg.connect.writer import FactWriter, Quarantine
from beleg.facts.told import closest, listed

UNCLAIMED = "no source of the mapping reads this file"
LOOKED_UP = "read for attributes of other rows"


class Tally(Struct):
    """What one source brought."""

    files: int = 0
    rows: int = 0
    facts: dict[str, int] = {}


class Run:
    """Reads files one after another and remembers what it must."""

    def __init__(self, mapping: Mapping, writer: FactWriter, quarantine: Quarantine, secret: bytes) -> None:
        """Prepare; `prepare` reads the lookups, `file` reads a file."""
        self._mapping, self.writer, self.quarantine, self._secret = mapping, writer, quarantine, secret
        self._builders: dict[str, Builder] = {}
        self._read: dict[str, Book] = {}
        self._guessed: list[str] = []
        self._lacking: list[str] = []
        self._claims: dict[str, str | None] = {}
        self._untimed: dict[str, int] = {}
        self.tallies = {name: Tally(facts={}) for name in mapping.source}

    def prepare(self, files: Sequence[InputFile], looks: Sequence[Look]) -> None:
        """Read the lookups and make each source's builder."""
        lookups = self._mapping.lookup
        self._lacking = [name for name, rule in lookups.items() if not any(fits(file, rule.files) for file in files)]
        tables = {name: self._lookup(rule, files, looks) for name, rule in lookups.items()}
        found = Lookups(tables)
        for name, rule in self._mapping.source.items():
            setting = Setting(rule, found, self._secret)
            facts, ignores = self._mapping.facts_of(name), self._mapping.ignores_of(name)
            feed, delay = rule.feed or self._mapping.name, duration(rule.recording_delay) or 0
            self._builders[name] = Builder(Rules(feed, facts, ignores, setting, delay))

    def file(self, file: InputFile, seen: Look) -> Book:
        """Read one file and answer its account."""
        if seen.digest in self._read:
            return file_again(file, self._read[seen.digest])
        if seen.encoding == "cp1252":
            self._guessed.append(file.name)
        source = self._claimed_by(file)
        book = self._ignored(file, seen) if source is None else self._facts(file, seen, source)
        self._read[seen.digest] = book
        return book

    def notes(self) -> list[str]:
        """What a reader of the books should know besides."""
        notes = []
        if self._guessed:
            notes.append(f"read as cp1252, since they are no UTF-8: {listed(self._guessed, 5)}")
        if self._lacking:
            notes.append(f"looked up nothing, since no file is there for {listed(self._lacking)}")
        if self._untimed:
            notes.append(f"times unknown: facts of {listed(self._untimed)} say no time and stay out of every timed proof")
        return notes

    def _claimed_by(self, file: InputFile) -> str | None:
        for name, rule in self._mapping.source.items():
            if fits(file, rule.files):
                return name
        return None

    def _facts(self, file: InputFile, seen: Look, source: str) -> Book:
        builder = self._builders[source]
        builder.start_file()
        about = FileFacts(file.name, file.stem, seen.digest)
        sums = Sums()
        for batch in self._batches(file, seen, source):
            outcome = builder.take(batch, about)
            sums.add(outcome)
            self.quarantine.add(outcome.quarantined)
            for table, facts in outcome.facts:
                self._note_times(table, facts)
                self.writer.add(table, facts)
        self._tally(source, sums.rows, sums.facts)
        return sums.book(file, seen.digest)

    def _note_times(self, table: str, facts: pa.Table) -> None:
        if facts.column("occurred_at").null_count:
            self._untimed[table] = self._untimed.get(table, 0) + facts.column("occurred_at").null_count

    def _tally(self, source: str, rows: int, counts: dict[str, int]) -> None:
        tally = self.tallies[source]
        tally.files += 1
        tally.rows += rows
        for table, count in counts.items():
            tally.facts[table] = tally.facts.get(table, 0) + count

    def _ignored(self, file: InputFile, seen: Look) -> Book:
        looked_up = any(fits(file, rule.files) for rule in self._mapping.lookup.values())
        rows = quarantined = 0
        for batch in opened(file, seen, None):
            rows, quarantined = rows + batch.rows, quarantined + len(batch.unread)
            self.quarantine.add([of_unread(file.name, bad) for bad in batch.unread])
        unused = next((why for pattern, why in self._mapping.unused.items() if fits(file, pattern)), UNCLAIMED)
        ignored = {LOOKED_UP if looked_up else unused: rows - quarantined} if rows > quarantined else {}
        return Book(file.name, seen.digest, rows, 0, ignored, 0, quarantined, {})

    def _batches(self, file: InputFile, seen: Look, source: str) -> Iterator[Batch]:
        rule = self._mapping.source[source]
        for batch in opened(file, seen, rule):
            if batch.records is None and batch.columns:
                check_columns(file, batch, required_columns(self._mapping, source))
            yield batch

    def _lookup(self, rule: LookupRule, files: Sequence[InputFile], looks: Sequence[Look]) -> LookupTable:
        parts: dict[str, list[Column]] = {column: [] for column in (rule.key, *rule.columns)}
        for file, seen in zip(files, looks, strict=True):
            if not fits(file, rule.files):
                continue
            for batch in opened(file, seen, self._source_of(file)):
                if batch.records is None and batch.columns:
                    check_columns(file, batch, list(parts))
                frame = Frame(batch, FileFacts(file.name, file.stem, seen.digest), [])
                for column, arrays in parts.items():
                    arrays.append(frame.text(column))
        whole = {column: _joined(arrays) for column, arrays in parts.items()}
        return gathered(whole[rule.key], {column: whole[column] for column in rule.columns}, rule.combine, rule.decimal)

    def _source_of(self, file: InputFile) -> SourceRule | None:
        name = self._claimed_by(file)
        return None if name is None else self._mapping.source[name]


def fits(file: InputFile, patterns: str | list[str]) -> bool:
    """Whether the file's name, or its name below the input folder, matches a pattern; `.gz` may be there or not."""
    wanted = [patterns] if isinstance(patterns, str) else patterns
    names = {file.path.name, file.name, file.path.name.removesuffix(".gz"), file.name.removesuffix(".gz")}
    return any(fnmatch.fnmatch(name, pattern) for name in names for pattern in wanted)


def opened(file: InputFile, seen: Look, rule: SourceRule | None) -> Iterator[Batch]:
    """The file's rows, by whichever reader its format needs."""
    if file.format == "parquet":
        return parquet_batches(file)
    if file.format == "json":
        return json_batches(file, seen, rule.records if rule else None)
    if file.format == "lines":
        return line_batches(file, seen)
    layout = text_layout(file, seen, rule)
    if isinstance(layout, Unread):
        return iter((Batch.broken(layout),))
    return iter(()) if layout is None else batches(file, seen, layout)


def text_layout(file: InputFile, seen: Look, rule: SourceRule | None) -> Layout | Unread | None:
    """How a delimited file is cut."""
    return layout_of(file, seen, rule.separator if rule else None, rule.skip_lines if rule else 0)


def required_columns(mapping: Mapping, source: str) -> list[str]:
    """The columns without which this source cannot be read: all that its rules speak of, but for those said to be optional."""
    rule = mapping.source[source]
    named = [*rule.signature, *rule.key, *rule.group, *rule.fill_down]
    named += [name for ignore in mapping.ignores_of(source) for name in ignore.when]
    named += [name for fact in mapping.facts_of(source) for name in _named(fact)]
    return [name for name in dict.fromkeys(named) if name not in STOCK and name not in rule.optional]


def _named(fact: FactRule) -> Iterator[str]:
    yield from (*fact.when, *fact.once)
    for spec in map(as_spec, fact.fields.values()):
        yield from (name for name in (spec.column, spec.times, spec.minus, spec.or_else) if name)
        yield from template_names(spec.template or "")


def check_columns(file: InputFile, batch: Batch, wanted: Sequence[str]) -> None:
    """Refuse a file that lacks a column its source needs."""
    for name in wanted:
        if name not in batch.columns:
            raise ConnectError(
                f"{file.name}: header",
                got=f"the columns {listed(batch.columns)}",
                expected=f"a column {name!r}{closest(name, batch.columns)}",
                mend="correct the name in the mapping, or the export",
            )


def _joined(arrays: list[Column]) -> Column:
    return pa.concat_arrays(arrays) if arrays else texts([])


def file_again(file: InputFile, first: Book) -> Book:
    """The account of a file that was delivered before."""
    return Book(file.name, first.digest, first.rows, 0, {}, first.rows, 0, {})
