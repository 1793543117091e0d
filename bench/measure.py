"""Run a contender in a child process: seconds on the clock, seconds of processor, peak memory, and what it says of its stages."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import msgspec


class Taken(msgspec.Struct, frozen=True):
    """What one run took."""

    wall: float
    cpu: float
    peak_mb: int
    stages: dict[str, float]


def run(contender: str, world: Path, out: Path) -> Taken:
    """One run, start of the process included.

    Raises:
        RuntimeError: it failed.
    """
    command = [sys.executable, "-W", "ignore", "-m", f"bench.contenders.{contender}", str(world), str(out)]
    # an installed program keeps its compiled modules, so a run is not to compile them again
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    began = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[1], env=environment)
    assert child.stdout is not None
    said = child.stdout.read()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise RuntimeError(f"{contender} ended with {child.returncode}")
    wall = time.perf_counter() - began
    return Taken(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss // 1024, json.loads(said))
