"""The script by hand for pandas."""

from pathlib import Path

from bench import by_hand_pandas
from bench.contenders.clock import Clock, run


def answer(world: Path, out: Path, clock: Clock) -> None:
    """Run the script."""
    clock.say("all")
    by_hand_pandas.run(world, out)


if __name__ == "__main__":
    run(answer)
