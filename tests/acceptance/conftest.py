"""What stories with real shops share: a folder, databases in it, and what their payment provider was told to pay."""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from shops.running import Purse, postgres


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """Not below pytest's own folder: every run of pytest shuts that to other users, and PostgreSQL may be running as one."""
    with tempfile.TemporaryDirectory(prefix="beleg-shops-") as made:
        yield Path(made)


@pytest.fixture(scope="module")
def database(folder: Path) -> Iterator[Callable[[str], str]]:
    with postgres(folder) as made:
        yield made


@pytest.fixture(scope="module")
def purse(folder: Path) -> Purse:
    return Purse(folder / "purse.jsonl")
