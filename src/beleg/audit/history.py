"""A shop's history on an engine of its own: its exports as they are read, or the facts of a store, copied out at one moment."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from beleg.connect import read
from beleg.ledger.engines import copy_out, open_engine
from beleg.ledger.engines.base import Engine

Progress = Callable[[str, float], None]


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
        yield engine, _last(engine, list(tables))
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


def _last(engine: Engine, tables: list[str]) -> int:
    """The last moment anything is known of."""
    lasts = [0]
    for name in tables:
        facts = engine.table(name)
        (row,) = engine.rows(facts.agg(last=facts.known_at.max())).to_pylist()
        lasts.append(row["last"] or 0)
    return max(lasts)
