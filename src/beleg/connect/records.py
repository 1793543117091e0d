"""JSON documents, JSON lines and Parquet files as batches of rows."""

import json
from collections.abc import Iterator, Mapping

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from beleg.connect.batch import Batch, Unread
from beleg.connect.columns import Column, pc, strung, texts
from beleg.connect.files import UNREADABLE, InputFile, Look, text_of
from beleg.connect.paths import Json

_BATCH = 1 << 14
_MEND = "export the file again, or take the broken part out"


def json_batches(file: InputFile, seen: Look, records: str | None) -> Iterator[Batch]:
    """The records of a JSON document: the list or object of objects at the path given, at the top where none is."""
    try:
        with text_of(file, seen) as stream:
            document = _decode(stream.read())
    except (*UNREADABLE, ValueError, RecursionError) as problem:
        yield _broken(0, problem)
        return
    found = _records_in(document, records)
    for start in range(0, len(found), _BATCH):
        part = found[start : start + _BATCH]
        yield _batch(part, list(range(start + 1, start + 1 + len(part))), [])


def of_document(text: str, records: str | None) -> Batch:
    """The records of one JSON document that is in memory, such as a webhook's body."""
    try:
        found = _records_in(_decode(text), records)
    except (ValueError, RecursionError) as problem:
        return _broken(0, problem)
    return _batch(found, list(range(1, 1 + len(found))), [])


def line_batches(file: InputFile, seen: Look) -> Iterator[Batch]:
    """The records of JSON lines; blank lines are none."""
    found: list[Json] = []
    lines: list[int] = []
    unread: list[Unread] = []
    for line, text in _lines(file, seen):
        try:
            if isinstance(text, Exception):
                raise text
            found.append(_decode(text))
            lines.append(line)
        except (*UNREADABLE, ValueError, RecursionError) as problem:
            unread.append(_unread(line, problem))
        if len(found) + len(unread) >= _BATCH:
            yield _batch(found, lines, unread)
            found, lines, unread = [], [], []
    if found or unread:
        yield _batch(found, lines, unread)


def _lines(file: InputFile, seen: Look) -> Iterator[tuple[int, str | Exception]]:
    line = 0
    try:
        with text_of(file, seen) as stream:
            for line, text in enumerate(stream, 1):
                if text.strip("\ufeff \t\r\n"):
                    yield line, text
    except (*UNREADABLE, UnicodeError) as problem:
        yield line + 1, problem


def _decode(text: str) -> Json:
    """JSON with its numbers as they are written, so that no price passes through a binary fraction."""
    if "\\u0000" in text or "\0" in text:
        raise ValueError("a NUL character")
    value = json.loads(text.lstrip("\ufeff"), parse_float=str, parse_int=str, parse_constant=str)
    text.encode()
    json.dumps(value, ensure_ascii=False).encode()
    return value


def _records_in(document: Json, path: str | None) -> list[Json]:
    for step in path.split(".") if path else ():
        document = document.get(step) if isinstance(document, Mapping) else None
    if isinstance(document, list):
        return document
    if isinstance(document, Mapping) and document and all(isinstance(value, Mapping) for value in document.values()):
        return [{"_key": key, **value} for key, value in document.items()]
    return [] if document is None else [document]


def _batch(found: list[Json], lines: list[int], unread: list[Unread]) -> Batch:
    good = [(record, line) for record, line in zip(found, lines, strict=True) if isinstance(record, Mapping)]
    odd = [line for record, line in zip(found, lines, strict=True) if not isinstance(record, Mapping)]
    unread = unread + [Unread(line, "", "a bare value", "an object with named fields", _MEND) for line in odd]
    return Batch({}, np.array([line for _, line in good], dtype=np.int64), unread, [record for record, _ in good])


def _broken(line: int, problem: Exception) -> Batch:
    return Batch({}, np.array([], dtype=np.int64), [_unread(line, problem)], [])


def _unread(line: int, problem: Exception) -> Unread:
    if isinstance(problem, json.JSONDecodeError):
        at = line or problem.lineno
        return Unread(at, "", f"{problem.msg} at column {problem.colno}", "JSON", _MEND)
    if isinstance(problem, RecursionError):
        return Unread(line, "", "JSON nested too deeply", "JSON with at most some hundred levels", _MEND)
    if isinstance(problem, UnicodeError):
        return Unread(line, "", "bytes that are no text", "text in UTF-8", "save the file as UTF-8")
    got = str(problem) if type(problem) is ValueError else "bytes that cannot be read: the file ends early or is damaged"
    return Unread(line, "", got, "JSON", _MEND)


def parquet_batches(file: InputFile) -> Iterator[Batch]:
    """A Parquet file's rows as text, for a mapping to read."""
    line = 1
    try:
        with pq.ParquetFile(file.path) as parquet:
            for chunk in parquet.iter_batches(1 << 16):
                lines = np.arange(line, line + chunk.num_rows)
                line += chunk.num_rows
                columns = {name: _as_text(chunk.column(place)) for place, name in enumerate(chunk.schema.names)}
                yield Batch.of(columns, lines)
    except (OSError, pa.ArrowException):
        yield Batch.broken(Unread(0, "", "bytes that are no Parquet", "a Parquet file", "fetch the file again"))


def _as_text(column: Column) -> Column:
    if pa.types.is_timestamp(column.type):
        return _moments(column)
    try:
        found: Column = pc.cast(column, pa.string())
    except pa.ArrowException:
        found = texts([None if value is None else str(value) for value in column.to_pylist()])
    return found


def _moments(column: Column) -> Column:
    zoned = column.type.tz is not None
    plain = column.cast(pa.timestamp("us")).cast(pa.string())
    return strung([plain, "+00:00"]) if zoned else plain
