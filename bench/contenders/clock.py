"""Seconds per stage, told on stdout as JSON."""

import json
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path


class Clock:
    """Counts from one stage to the next."""

    def __init__(self) -> None:
        self.stages: dict[str, float] = {}
        self._now, self._began = "start", time.perf_counter()

    def say(self, step: str, _share: float = 0.0) -> None:
        """A stage begins; its first word is its name."""
        name = step.partition(" ")[0]
        if name != self._now:
            taken = time.perf_counter() - self._began
            self.stages[self._now] = round(self.stages.get(self._now, 0.0) + taken, 2)
            self._now, self._began = name, time.perf_counter()


def run(contender: Callable[[Path, Path, Clock], None]) -> None:
    """Run a contender on the world and into the folder that the command line names."""
    world, out = Path(sys.argv[1]), Path(sys.argv[2])
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    clock = Clock()
    contender(world, out, clock)
    clock.say("end")
    print(json.dumps({name: seconds for name, seconds in clock.stages.items() if name != "start"}))
