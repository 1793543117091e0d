"""Planted truth: what the audit finds, misses and wrongly names, on worlds whose truth is known and that no weight has seen.

Run: ``python -m evals.planted [--quick] [--seeds 101,102] [--orders 20000] [--json out.json] [--markdown out.md]``.
"""

import argparse
from collections.abc import Iterator, Sequence

import pandas as pd

from beleg.weigh.weights import shipped
from evals.conditions import COMPLETE, CONDITIONS, ORDERS, SEEDS
from evals.measure import Task, measure
from evals.output import add_outputs, tell
from evals.page import page
from evals.tables import Report, report
from evals.worlds import add_worlds, side_by_side

_QUICK = SEEDS[:3], (COMPLETE, "20 % missing, 20 % late")


def main(arguments: Sequence[str] | None = None) -> Report:
    """Measure, print the page, and write what was asked for."""
    asked = _parse(arguments)
    seeds = asked.seeds or (_QUICK[0] if asked.quick else SEEDS)
    conditions = _QUICK[1] if asked.quick else tuple(CONDITIONS)
    answer = run(conditions, seeds, asked.orders, asked.workers)
    tell(page(answer), answer, asked)
    return answer


def run(conditions: Sequence[str], seeds: Sequence[int], orders: int, workers: int = 2) -> Report:
    """Every condition on every seed."""
    rows = pd.concat(measured(conditions, seeds, orders, workers), ignore_index=True)
    return report(rows, orders, shipped().version)


def measured(conditions: Sequence[str], seeds: Sequence[int], orders: int, workers: int) -> Iterator[pd.DataFrame]:
    """One table of refunds per world; worlds are measured side by side, each in a process of its own."""
    tasks = [Task(condition, seed, orders) for condition in conditions for seed in seeds]
    return side_by_side(measure, tasks, workers)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m evals.planted", description="What the audit finds, misses and wrongly names.")
    add_worlds(parser, SEEDS)
    parser.add_argument("--orders", type=int, default=ORDERS, help="orders per world")
    parser.add_argument("--quick", action="store_true", help="three seeds, complete and very bad sources only")
    add_outputs(parser)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
