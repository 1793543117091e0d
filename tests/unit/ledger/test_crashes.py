"""A killed process or database loses nothing that was acknowledged and writes nothing twice; see also tests/acceptance."""

from support.crashes import kill_at_random
from support.stores import folder


def test_five_kills() -> None:
    with folder() as made:
        print(kill_at_random(made / "store", kills=5, seed=1))
