"""Golden files for the report: what a reader sees, kept as text."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

GOLDEN = Path(__file__).parents[2] / "golden" / "report"


@pytest.fixture
def golden() -> Callable[[str, str], None]:
    """Compare with the golden file of that name; BELEG_UPDATE_GOLDEN=1 writes it anew."""

    def compare(name: str, text: str) -> None:
        path = GOLDEN / name
        if os.environ.get("BELEG_UPDATE_GOLDEN") == "1":
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert path.exists(), f"no golden file {path.name}; write it with BELEG_UPDATE_GOLDEN=1"
        assert text == path.read_text(encoding="utf-8")

    return compare
