"""How every command speaks: a progress bar while it works, words and an exit code where something cannot be used."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import msgspec
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from beleg.facts.told import ToldError
from beleg.ledger.engines.base import EngineError
from beleg.ledger.store.base import StoreError

# Exit codes: 0 done; 1 looked and found what should not be; 2 the input or the settings cannot be used, and the message says why.
# Anything else is a fault of ours.
FOUND, UNUSABLE = 1, 2


@contextmanager
def bar() -> Iterator[tuple[Progress, TaskID]]:
    """A progress bar on the terminal's error stream, gone when the work is done; nothing where there is no terminal."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        yield progress, progress.add_task("", total=1.0)


@contextmanager
def told() -> Iterator[None]:
    """Tell what cannot be used in words, and end with the exit code that says so."""
    try:
        yield
    except (ToldError, EngineError, StoreError, msgspec.ValidationError, ValueError, OSError) as refused:
        Console(stderr=True, highlight=False).print(f"beleg: {refused}", markup=False, soft_wrap=True)
        sys.exit(UNUSABLE)


def moment(day: str | None) -> int | None:
    """The end of a day such as 2025-12-31, in microseconds; None for none.

    Raises:
        ValueError: it is no day.
    """
    if day is None:
        return None
    try:
        midnight = datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=UTC) + timedelta(days=1)
    except ValueError as wrong:
        raise ValueError(f"--as-of: got {day!r}, expected a day such as 2025-12-31") from wrong
    return int(midnight.timestamp()) * 1_000_000 - 1
