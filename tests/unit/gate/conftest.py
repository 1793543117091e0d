"""Help for the tests of the gate: golden texts, a policy to bend, and what a plain return looks like."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from beleg.gate.decide import Gate
from beleg.gate.policy import load
from beleg.weigh.scale import Scale
from beleg.weigh.weights import shipped

GOLDEN = Path(__file__).parents[2] / "golden" / "gate"


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


@pytest.fixture(scope="session")
def gate() -> Gate:
    return Gate(load("standard"), Scale(shipped()))
