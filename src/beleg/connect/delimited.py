"""Delimited text into batches of text columns: a fast reader for plain files, a careful one for every other."""

import csv
import re
from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
from msgspec import Struct

from beleg.connect.batch import Batch, Unread
from beleg.connect.columns import texts
from beleg.connect.files import UNREADABLE, InputFile, Look, text_of

BATCH_ROWS = 1 << 16
_LONE = re.compile("[\ud800-\udfff]")
_ENDS_EARLY = "the file ends early or is damaged"
_MEND_FILE = "fetch or export the file again"
_SEPARATORS = (",", ";", "\t", "|")


class Layout(Struct, frozen=True):
    """How the text is cut: separator, the header's names, and the line the header stands on."""

    separator: str
    header: tuple[str, ...]
    header_line: int


def layout_of(file: InputFile, seen: Look, separator: str | None = None, skip_lines: int = 0) -> Layout | Unread | None:
    """Find the separator and the header; None for a file without any text, what is wrong for one that cannot be begun."""
    if seen.broken:
        return _no_text(seen.broken)
    try:
        with text_of(file, seen) as stream:
            feed = _Feed(stream, skip_lines)
            sample = [line for _, line in zip(range(20), feed.kept(), strict=False)]
    except (*UNREADABLE, UnicodeError) as problem:
        return _no_text(f"{type(problem).__name__}: {_ENDS_EARLY}")
    first = next((place for place, line in enumerate(sample) if line.strip("\r\n\t ,;|\ufeff")), None)
    if first is None:
        return None
    sample = sample[first:]
    chosen = separator or _sniffed(sample)
    record = next(_records(_Feed(iter(sample), 0), chosen), None)
    if record is None or isinstance(record, Unread):
        return record
    return Layout(chosen, _unique(record[1]), skip_lines + first + 1)


def _no_text(problem: str) -> Unread:
    return Unread(0, "", problem, "a file that can be read to its end", _MEND_FILE)


def _sniffed(sample: Sequence[str]) -> str:
    """The separator that cuts the header into most fields; a tie goes to the commoner one."""
    return max(_SEPARATORS, key=lambda mark: (_outside_quotes(sample[0], mark), -_SEPARATORS.index(mark)))


def _outside_quotes(line: str, mark: str) -> int:
    return sum(part.count(mark) for part in line.split('"')[::2])


def _unique(names: Sequence[str]) -> tuple[str, ...]:
    """The header's names, trimmed: the second `Name` is `Name_2`, an empty one is named by its place, a stray byte is U+FFFD."""
    found: list[str] = []
    for place, raw in enumerate(names, 1):
        name = _LONE.sub("\ufffd", raw).strip().strip("\ufeff") or f"column_{place}"
        count = 1
        while (name if count == 1 else f"{name}_{count}") in found:
            count += 1
        found.append(name if count == 1 else f"{name}_{count}")
    return tuple(found)


def batches(file: InputFile, seen: Look, layout: Layout) -> Iterator[Batch]:
    """The file's records, some ten thousands at a time, in order."""
    if seen.simple and len(layout.header) > 1:
        done = 0
        try:
            for batch in _fast(file, layout, quotes=seen.quotes):
                done += batch.rows
                yield batch
        except pa.ArrowInvalid:
            yield from _careful(file, seen, layout, skip=done)
    else:
        yield from _careful(file, seen, layout)


def _fast(file: InputFile, layout: Layout, *, quotes: bool) -> Iterator[Batch]:
    read = pacsv.ReadOptions(use_threads=False, block_size=8 << 20, column_names=list(layout.header), skip_rows=layout.header_line)
    parse = pacsv.ParseOptions(delimiter=layout.separator, quote_char='"' if quotes else False, ignore_empty_lines=False)
    convert = pacsv.ConvertOptions(
        column_types=dict.fromkeys(layout.header, pa.string()), strings_can_be_null=False, check_utf8=False
    )
    line = layout.header_line + 1
    with file.open() as stream, pacsv.open_csv(stream, read, parse, convert) as reader:
        for chunk in reader:
            lines = np.arange(line, line + chunk.num_rows)
            line += chunk.num_rows
            for start in range(0, chunk.num_rows, BATCH_ROWS):
                part = chunk.slice(start, BATCH_ROWS)
                yield Batch.of(dict(zip(layout.header, part.columns, strict=True)), lines[start : start + BATCH_ROWS])


class _Feed:
    """Lines with their numbers, which can be handed back: an unclosed quote then costs one line and not the rest of the file."""

    def __init__(self, stream: Iterator[str], skip: int) -> None:
        self._stream, self._again = stream, list[str]()
        self.line, self._pending = 0, list[str]()
        for _ in range(skip):
            if self._next() is None:
                break

    def _next(self) -> str | None:
        if self._again:
            line: str | None = self._again.pop()
        else:
            line = next(self._stream, None)
        if line is not None:
            self.line += 1
        return line

    def kept(self) -> Iterator[str]:
        while (line := self._next()) is not None:
            self._pending.append(line)
            yield line

    def start(self) -> None:
        self._pending.clear()

    @property
    def first_line(self) -> int:
        return self.line - len(self._pending) + 1

    def give_back_all_but_first(self) -> None:
        self._again.extend(reversed(self._pending[1:]))
        self.line -= len(self._pending) - 1
        self._pending = self._pending[:1]


def _records(feed: _Feed, separator: str) -> Iterator[tuple[int, list[str]] | Unread]:
    reader = csv.reader(feed.kept(), delimiter=separator, strict=True)
    while True:
        feed.start()
        try:
            record = next(reader, None)
        except csv.Error as problem:
            line = feed.first_line
            feed.give_back_all_but_first()
            reader = csv.reader(feed.kept(), delimiter=separator, strict=True)
            yield Unread(line, "", "text with a quote out of place", f"fields with their quotes in pairs ({problem})", _MEND_QUOTES)
            continue
        if record is None:
            return
        if record:
            yield feed.first_line, record


_MEND_QUOTES = "double each quote inside a quoted field, or export the file again"


def _careful(file: InputFile, seen: Look, layout: Layout, skip: int = 0) -> Iterator[Batch]:
    with text_of(file, seen) as stream:
        records = _to_the_end(_records(_Feed(stream, layout.header_line), layout.separator))
        yield from _grouped(islice(records, skip, None), layout, sound=seen.sound)


def _grouped(records: Iterator[tuple[int, list[str]] | Unread], layout: Layout, *, sound: bool) -> Iterator[Batch]:
    rows: list[list[str]] = []
    lines: list[int] = []
    unread: list[Unread] = []
    width = len(layout.header)
    for record in records:
        if isinstance(record, Unread):
            unread.append(record)
        elif (len(record[1]) != width or not sound) and (problem := _misfit(record, layout)):
            unread.append(problem)
        else:
            lines.append(record[0])
            rows.append(record[1])
        if len(rows) + len(unread) >= BATCH_ROWS:
            yield _batch(rows, lines, unread, layout)
            rows, lines, unread = [], [], []
    if rows or unread:
        yield _batch(rows, lines, unread, layout)


def _to_the_end(records: Iterator[tuple[int, list[str]] | Unread]) -> Iterator[tuple[int, list[str]] | Unread]:
    """Records until the stream breaks, then one that says so."""
    try:
        yield from records
    except (*UNREADABLE, UnicodeError) as problem:
        yield _no_text(f"{type(problem).__name__}: {_ENDS_EARLY}")


def _misfit(record: tuple[int, list[str]], layout: Layout) -> Unread | None:
    line, fields = record
    width = len(layout.header)
    if len(fields) > width and not any(field.strip() for field in fields[width:]):
        del fields[width:]
    if len(fields) != width:
        return Unread(
            line, "", f"{len(fields)} fields", f"{width} fields, as in the header",
            "look for a stray separator, quote or line break in this row",
        )  # fmt: skip
    for name, field in zip(layout.header, fields, strict=True):
        if not field.isascii() and _LONE.search(field):
            return Unread(line, name, "bytes that are no text", "text in the file's encoding", "save the file as UTF-8")
        if "\0" in field:
            return Unread(line, name, "text with a NUL character", "text without NUL characters", "export the file again")
    return None


def _batch(rows: list[list[str]], lines: list[int], unread: list[Unread], layout: Layout) -> Batch:
    columns = zip(*rows, strict=True) if rows else [() for _ in layout.header]
    arrays = {name: texts(column) for name, column in zip(layout.header, columns, strict=True)}
    return Batch(arrays, np.array(lines, dtype=np.int64), unread)
