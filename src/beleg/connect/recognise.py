"""Which of the mappings that come with Beleg a folder of exports is made for, judged by the headers alone."""

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.parquet as pq

from beleg.connect.checks import needed_columns
from beleg.connect.delimited import Layout
from beleg.connect.errors import ConnectError
from beleg.connect.files import InputFile, glance
from beleg.connect.frame import FileFacts, Frame
from beleg.connect.loading import load
from beleg.connect.mapping import Mapping, shipped
from beleg.connect.own import table_named
from beleg.connect.run import opened, text_layout
from beleg.facts.told import listed


def recognise(files: Sequence[InputFile], path: str) -> Mapping | None:
    """The one mapping whose every signature is found among the headers; None for files in Beleg's own layout."""
    if all(is_own(file) for file in spread(files)):
        return None
    headers = {file.name: columns_of(file) for file in spread(files)}
    known = [load(name) for name in shipped()]
    found = [mapping for mapping in known if fits_headers(mapping, list(headers.values()))]
    if found:
        return max(found, key=lambda mapping: sum(len(rule.signature) for rule in mapping.source.values()))
    if any(table_named(file) for file in files):
        return None
    name, columns = next(iter(headers.items()))
    raise ConnectError(
        path,
        got=f"{name} with the columns {listed(columns)}" if columns else f"{name} without any column",
        expected=f"Beleg's own layout (files named for a table of facts), or an export of {listed(shipped())}",
        mend=f"run `beleg map {path}` to have a mapping proposed, then give it with --mapping",
    )


def spread(files: Sequence[InputFile], most: int = 40) -> list[InputFile]:
    """The files to look at: all, or the first of each folder and ending and then some."""
    first = {(file.path.parent, file.format, file.stem.rstrip("0123456789-_ ")): file for file in reversed(files)}
    return (
        list(first.values())[::-1]
        if len(first) > most
        else list(files[:most]) + [file for file in first.values() if file not in files[:most]]
    )


def fits_headers(mapping: Mapping, headers: Sequence[Sequence[str]]) -> bool:
    """Whether for every source of the mapping some file has all its signature columns."""
    signatures = [set(rule.signature) for rule in mapping.source.values()]
    return all(sign and any(sign <= set(columns) for columns in headers) for sign in signatures)


def columns_of(file: InputFile) -> list[str]:
    """The columns of a file, or the top-level fields of its first record."""
    if file.format == "parquet":
        return _parquet_columns(file)
    seen = glance(file)
    if file.format == "text":
        layout = text_layout(file, seen, None)
        return list(layout.header) if isinstance(layout, Layout) else []
    for batch in opened(file, seen, None):
        if batch.records is None:
            return list(batch.columns)
        if batch.records:
            frame = Frame(batch, FileFacts(file.name, file.stem, seen.digest), [])
            return list(batch.records[0]) if frame.size else []
    return []


def _parquet_columns(file: InputFile) -> list[str]:
    try:
        return list(pq.read_schema(file.path).names)
    except (OSError, pa.ArrowException):
        return []


def is_own(file: InputFile) -> bool:
    """Whether the file is named for a table of facts and has the columns that every fact of it needs."""
    table = table_named(file)
    columns = columns_of(file) if table else []
    return table is not None and (not columns or set(needed_columns(table)) - {"id"} <= set(columns))
