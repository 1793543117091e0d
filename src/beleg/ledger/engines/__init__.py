"""The engines that can run an expression, each in a file of its own; nothing else opens a database."""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from beleg.ledger.engines.base import Engine, EngineError
from beleg.ledger.recall import kept

ENGINES = ("duckdb", "sqlite", "postgres", "spark")

_EXTRA = {"postgres": "postgres", "spark": "spark", "sqlite": "sqlite"}


def open_engine(name: str, work: Path, address: str | None = None, *, recalls: bool = False) -> Engine:
    """Open an engine with an empty store.

    Args:
        name: one of `ENGINES`.
        work: a folder for its files and for what it spills.
        address: where it runs, for engines that are servers.
        recalls: use what earlier runs compiled, and keep it for later ones; DuckDB only, others compile anew.

    Raises:
        EngineError: the name is unknown, or what it needs is not installed.
    """
    if name not in ENGINES:
        raise EngineError(f"engine: got {name!r}, expected one of {', '.join(ENGINES)}")
    try:
        module = import_module(f"beleg.ledger.engines.{name}")
    except ImportError as missing:
        raise EngineError(f"engine {name} needs {missing.name}: pip install 'beleg[{_EXTRA.get(name, name)}]'") from missing
    open_here: Callable[[Path, str | None], Engine] = module.open_here
    engine = open_here(work, address)
    if recalls and name == "duckdb":
        engine.recall = kept(name)
    return engine


def copy_out(address: str, folder: Path) -> dict[str, list[Path]]:
    """Copy the facts of the store at this address to Parquet files, all as they are at one moment; the files by table.

    Raises:
        EngineError: what it needs is not installed.
    """
    try:
        live = import_module("beleg.ledger.engines.live")
    except ImportError as missing:
        raise EngineError(f"a store needs {missing.name}: pip install 'beleg[serve]'") from missing
    store = live.open_live(address)
    try:
        copied: dict[str, list[Path]] = store.export(folder)
    finally:
        store.close()
    return copied
