"""How the audit grows: seconds, processor seconds and peak memory of ``beleg audit`` on ever larger worlds.

Run: ``python -m bench.growth [--orders N ...] [--json]``. One run a size, unless ``--runs`` says more.
"""

import argparse
import json
import statistics
import tempfile
from pathlib import Path

from bench import worlds
from bench.measure import run

# About one, three, ten and thirty million facts.
ORDERS = [70_000, 210_000, 700_000, 2_200_000]


def main(arguments: list[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.growth")
    parser.add_argument("--orders", type=int, nargs="+", default=ORDERS)
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args(arguments)
    if not asked.json:
        print("| orders | facts | seconds | processor s | processor µs a fact | peak MB |\n|---|---|---|---|---|---|")
    shown = []
    for orders in asked.orders:
        shown.append(_grown(orders, asked.runs))
        if not asked.json:
            print("| {orders:,} | {facts:,} | {wall:.1f} | {cpu:.1f} | {each:.2f} | {peak_mb:,} |".format(**shown[-1]), flush=True)
    if asked.json:
        print(json.dumps(shown, indent=2))


def _grown(orders: int, runs: int) -> dict[str, float]:
    world = worlds.world(orders)
    with tempfile.TemporaryDirectory(dir=worlds.folder()) as out:
        taken = [run("audit", world, Path(out) / "audit") for _ in range(runs)]
    facts = sum(worlds.rows(world).values())
    wall, cpu = statistics.median(one.wall for one in taken), statistics.median(one.cpu for one in taken)
    peak = max(one.peak_mb for one in taken)
    return {"orders": orders, "facts": facts, "wall": wall, "cpu": cpu, "each": cpu / facts * 1e6, "peak_mb": peak}


if __name__ == "__main__":
    main()
