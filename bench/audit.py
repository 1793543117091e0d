"""The audit side by side with what one would write by hand: in DuckDB's SQL and in pandas, on the same world, in one run.

Run: ``python -m bench.audit [--orders N ...] [--runs K] [--pandas-up-to N] [--json]``. The contenders take turns, each in a process
of its own; the medians of the runs are shown. Ends with 1 when the answers differ, and never because of a time.
"""

import argparse
import json
import statistics
import sys
import tempfile
from pathlib import Path

from bench import equal, worlds
from bench.measure import Taken, run

NAMES = {
    "audit": "beleg audit, end to end",
    "core": "beleg, proofs and detectors only",
    "sql": "by hand, DuckDB SQL",
    "frames": "by hand, pandas",
}


def main(arguments: list[str] | None = None) -> int:
    """Measure and print."""
    asked = _asked(arguments)
    answers = [one_size(orders, asked.runs, with_pandas=orders <= asked.pandas_up_to) for orders in asked.orders]
    if asked.json:
        print(json.dumps(answers, indent=2))
    else:
        print("\n\n".join(table(answer) for answer in answers))
    return int(any(answer["differing"] for answer in answers))


def _asked(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.audit")
    parser.add_argument("--orders", type=int, nargs="+", default=[70_000])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--pandas-up-to", type=int, default=700_000, help="larger worlds are not given to pandas")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args(arguments)


def one_size(orders: int, runs: int, *, with_pandas: bool) -> dict[str, object]:
    """All contenders on one world."""
    world = worlds.world(orders)
    names = [name for name in NAMES if name != "frames" or with_pandas]
    taken: dict[str, list[Taken]] = {name: [] for name in names}
    with tempfile.TemporaryDirectory(dir=worlds.folder()) as folder:
        out = {name: Path(folder) / name for name in names}
        for _ in range(runs):
            for name in names:
                taken[name].append(run(name, world, out[name]))
        differing = _differing(out)
    facts = sum(worlds.rows(world).values())
    shown = {name: _summary(several, facts) for name, several in taken.items()}
    return {"orders": orders, "facts": facts, "runs": runs, "contenders": shown, "differing": differing}


def _differing(out: dict[str, Path]) -> dict[str, int]:
    """Per pair that should agree, the rows that do not."""
    counted = {"core, sql": equal.differing(out["core"], out["sql"])}
    counted["audit, sql"] = equal.differing_findings(out["audit"], out["sql"])
    if "frames" in out:
        counted["core, frames"] = equal.differing(out["core"], out["frames"])
    return {pair: count for pair, count in counted.items() if count}


def _summary(several: list[Taken], facts: int) -> dict[str, object]:
    wall = statistics.median(one.wall for one in several)
    return {
        "wall": round(wall, 2),
        "fastest": round(min(one.wall for one in several), 2),
        "slowest": round(max(one.wall for one in several), 2),
        "cpu": round(statistics.median(one.cpu for one in several), 2),
        "peak_mb": max(one.peak_mb for one in several),
        "facts_per_second": round(facts / wall),
        "stages": {name: statistics.median(one.stages[name] for one in several) for name in several[0].stages},
    }


def table(answer: dict[str, object]) -> str:
    """The measurement as a Markdown table. The ratio of two medians is steadier on a shared machine than either."""
    shown = answer["contenders"]
    assert isinstance(shown, dict)
    base = shown["sql"]
    head = f"{answer['orders']:,} orders, {answer['facts']:,} facts; median of {answer['runs']} (fastest to slowest)"
    lines = [
        head,
        "",
        "| | seconds | to SQL by hand | processor s | to SQL by hand | peak MB | facts/s |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, one in shown.items():
        spread = f"{one['wall']:.1f} ({one['fastest']:.1f} to {one['slowest']:.1f})"
        clock = f"{spread} | {one['wall'] / base['wall']:.2f}"
        processor = f"{one['cpu']:.1f} | {one['cpu'] / base['cpu']:.2f}"
        lines.append(f"| {NAMES[name]} | {clock} | {processor} | {one['peak_mb']:,} | {one['facts_per_second']:,} |")
    lines += ["", *(f"{NAMES[name]}: {_stages(shown[name]['stages'])}" for name in ("audit", "core"))]
    lines += [f"answers: {answer['differing'] or 'the same'}"]
    return "\n".join(lines)


def _stages(stages: dict[str, float]) -> str:
    return ", ".join(f"{name} {seconds:.1f} s" for name, seconds in stages.items())


if __name__ == "__main__":
    sys.exit(main())
