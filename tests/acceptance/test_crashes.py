"""A hundred kills of the process and its database at random moments: nothing acknowledged is lost, nothing is there twice."""

from support.crashes import kill_at_random
from support.stores import folder


def test_a_hundred_kills() -> None:
    with folder() as made:
        print(kill_at_random(made / "store", kills=100, seed=2))
