"""Help for the tests of this room: small input folders, real data where it is there, golden texts."""

import os
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from beleg.connect import Intake, read

ROOT = Path(__file__).parents[3]
GOLDEN = ROOT / "tests" / "golden" / "connect"


@pytest.fixture
def folder(tmp_path: Path) -> Callable[[dict[str, str | bytes]], Path]:
    """A folder with these files."""

    def make(files: dict[str, str | bytes]) -> Path:
        base = tmp_path / "in"
        for name, content in files.items():
            path = base / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        return base

    return make


@pytest.fixture
def take(tmp_path: Path, folder) -> Callable[..., Intake]:
    """Read these files with this mapping text."""

    def run(files: dict[str, str | bytes], mapping: str | None = None) -> Intake:
        base = folder(files)
        path = tmp_path / "mapping.toml"
        if mapping is not None:
            path.write_text(mapping)
        return read(base, path if mapping is not None else None, tmp_path / "out", secret=b"test")

    return run


@pytest.fixture
def golden() -> Callable[[str, str], None]:
    """Compare a text with the one kept, or keep it when BELEG_UPDATE_GOLDEN=1."""

    def compare(name: str, text: str) -> None:
        path = GOLDEN / f"{name}.txt"
        if os.environ.get("BELEG_UPDATE_GOLDEN") == "1":
            path.write_text(text + "\n", encoding="utf-8")
        assert path.exists(), f"no golden file {path.name}: run with BELEG_UPDATE_GOLDEN=1 and read what it writes"
        assert text + "\n" == path.read_text(encoding="utf-8")

    return compare


@pytest.fixture
def real() -> Callable[[str], Path]:
    """A folder of the real data, or a skip that says why."""

    def find(name: str) -> Path:
        path = ROOT.parent / "shared" / "data" / name
        if not path.exists():
            pytest.skip(f"real data {name} is not there (looked in ../shared/data)")
        return path

    return find


def rows(intake: Intake, table: str) -> list[dict[str, object]]:
    """The facts of one table."""
    return [row for path in intake.tables.get(table, ()) for row in pq.read_table(path).to_pylist()]
