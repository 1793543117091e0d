"""Each detector's share of an audit's seconds, held against its time budget.

Run: ``python -m bench.detectors [--orders N]``. Ends with 1 when a detector takes longer than its budget and its card gives no
reason (``time_budget`` among its exemptions).
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from beleg.detect.card import every_detector
from bench import worlds
from bench.measure import run

# Of an audit's seconds, so that a busy machine changes little: one about refunds asks of steps that are there, one about subjects
# counts and judges all. Two run side by side, so that shares may add up to more than one.
BUDGET = {"slice": 0.03, "account": 0.15, "ring": 0.3, "staff": 0.06}


def main(arguments: list[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.detectors")
    parser.add_argument("--orders", type=int, default=70_000)
    world = worlds.world(parser.parse_args(arguments).orders)
    with tempfile.TemporaryDirectory(dir=worlds.folder()) as folder:
        taken = run("everybody", world, Path(folder) / "out")
        result = json.loads((Path(folder) / "out" / "result.json").read_bytes())
    ran = [one for one in (*result["detectors"], *result["subjects"]["detectors"]) if one["ran"]]
    ran.sort(key=lambda one: -one["seconds"])
    print(f"{sum(result['facts'].values()):,} facts; {result['seconds']:.1f} s, {taken.cpu:.1f} processor s\n")
    print("| detector | seconds | of the audit | budget | |\n|---|---|---|---|---|")
    over = [one for one in ran if _line(one, one["seconds"] / result["seconds"])]
    return int(bool(over))


def _line(one: dict[str, Any], share: float) -> bool:
    """Print a detector; says whether it is over its budget without a reason."""
    budget = BUDGET[one["about"]]
    known = every_detector().get(one["name"])
    reason = known.card.exemptions.get("time_budget", "") if known is not None else ""
    print(f"| {one['name']} | {one['seconds']:.2f} | {share:.1%} | {budget:.0%} | {(reason or 'over') if share > budget else ''} |")
    return share > budget and not reason


if __name__ == "__main__":
    sys.exit(main())
