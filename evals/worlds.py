"""Worlds measured side by side, and the options of every evaluation over worlds."""

import argparse
import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import TypeVar

from rich.progress import track

Task = TypeVar("Task")
Measured = TypeVar("Measured")


def add_worlds(parser: argparse.ArgumentParser, seeds: Sequence[int]) -> None:
    """The seeds, these unless others are given, and how many worlds at once."""
    parser.add_argument("--seeds", type=_numbers, help=f"the worlds' seeds, by commas; {len(seeds)} public ones by default")
    parser.add_argument("--workers", type=int, default=min(2, os.cpu_count() or 1), help="worlds measured side by side")


def side_by_side(measure: Callable[[Task], Measured], tasks: Sequence[Task], workers: int) -> Iterator[Measured]:
    """What is measured of every task, in order; each in a process of its own, going on to the next."""
    # an engine's threads do not survive a fork
    with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn")) as pool:
        yield from track(pool.map(measure, tasks), "measuring", total=len(tasks), disable=len(tasks) < 2)


def _numbers(said: str) -> tuple[int, ...]:
    return tuple(int(one) for one in said.split(","))
