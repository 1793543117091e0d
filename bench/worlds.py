"""The worlds that are measured: made once per size, kept outside the repository."""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

import pyarrow.parquet as pq

from beleg.world import WorldParameters, write_world

SEED = 7


def folder() -> Path:
    """Where worlds and answers lie: ``BELEG_BENCH``, else a folder among the temporary ones."""
    return Path(os.environ.get("BELEG_BENCH", Path(tempfile.gettempdir()) / "beleg-bench"))


def world(orders: int) -> Path:
    """A world of so many orders."""
    path = folder() / f"world-{SEED}-{orders}"
    if not (path / "_truth" / "parameters.json").exists():
        write_world(path, WorldParameters(seed=SEED, orders=orders))
    return path


def rows(path: Path) -> Mapping[str, int]:
    """How many facts each table has."""
    return {file.stem: pq.ParquetFile(file).metadata.num_rows for file in sorted(path.glob("*.parquet"))}
