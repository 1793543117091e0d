"""Help for the tests of the gate: golden texts, a policy to bend, and what a plain return looks like."""

from collections.abc import Callable

import pytest

from beleg.gate.decide import Gate
from beleg.gate.policy import load
from beleg.weigh.scale import Scale
from beleg.weigh.weights import shipped
from support.golden import kept


@pytest.fixture
def golden() -> Callable[[str, str], None]:
    """Compare a text with the one kept, or keep it when BELEG_UPDATE_GOLDEN=1."""
    return kept("gate")


@pytest.fixture(scope="session")
def gate() -> Gate:
    return Gate(load("standard"), Scale(shipped()))
