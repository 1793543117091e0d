"""A shop's history on an engine of its own: its exports as they are read, or the facts of a store, copied out at one moment."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pyarrow.parquet as pq

from beleg.connect import Book, Intake, read
from beleg.connect.intake import usual_notes
from beleg.ledger.engines import copy_out, open_engine
from beleg.ledger.engines.base import Engine
from beleg.proofs.span import span

Progress = Callable[[str, float], None]

# What the ledger is called where a report names its input.
LEDGER = "the ledger"


class History(msgspec.Struct, frozen=True, kw_only=True):
    """Where it lies: `path` of exports, with `mapping` and the `key` of pseudonyms, or else `store`, the address of a database."""

    path: str = ""
    store: str = ""
    mapping: str | None = None
    key: bytes | None = None


@contextmanager
def attached(history: History, work: Path, progress: Progress) -> Iterator[tuple[Engine, int]]:
    """An engine with the history's facts, and the last moment anything is known of; `work` is a folder for what is on the way.

    Raises:
        ToldError: the exports cannot be used.
        EngineError: an engine cannot be opened.
    """
    tables = _exports(history, work, progress) if history.path else _copied(history, work, progress)
    engine = open_engine("duckdb", work / "engine", None)
    try:
        engine.attach_facts(tables)
        yield engine, span(engine)[1] or 0
    finally:
        engine.close()


def _exports(history: History, work: Path, progress: Progress) -> dict[str, list[Path]]:
    intake = read(
        history.path, history.mapping, work / "facts", lambda step, _: progress(f"reading {step}", 0.0), secret=history.key
    )
    return {name: list(files) for name, files in intake.tables.items()}


def _copied(history: History, work: Path, progress: Progress) -> dict[str, list[Path]]:
    progress("copying the store's facts", 0.0)
    return copy_out(history.store, work / "facts")


def taken(store: str, work: Path, progress: Progress) -> Intake:
    """The facts of a store, copied out at one moment, as an intake: each table is a file of its own, mapped whole.

    Raises:
        EngineError: what it needs is not installed.
    """
    progress("copying the ledger's facts", 0.0)
    tables = {name: tuple(files) for name, files in copy_out(store, work / "facts").items()}
    books = tuple(_book(name, sum(pq.read_metadata(file).num_rows for file in files)) for name, files in tables.items())
    return Intake(
        tables=tables,
        books=books,
        quarantine=(),
        quarantine_file=None,
        sources=(),
        notes=usual_notes(books, ()),
        mapping=LEDGER,
        recording_delay="",
    )


def _book(table: str, rows: int) -> Book:
    return Book(f"{LEDGER}: {table}", "", rows, rows, {}, 0, 0, {table: rows})
