"""Learns the weights that ship with Beleg from worlds whose truth is known.

Run: ``python -m evals.fit``. Rewrites ``src/beleg/weigh/weights.toml``. The seeds and noises used here are used in no evaluation.
"""

from collections import Counter, defaultdict
from math import log2
from pathlib import Path

import pandas as pd

from beleg.detect.card import every_detector
from beleg.weigh.patterns import FAMILIES
from beleg.world import WorldParameters
from evals.dossiers import labelled_patterns, world
from evals.labels import METHODS, RIVALS

ORDERS = 150_000
TRAINING = (
    WorldParameters(seed=9001, orders=ORDERS, fraud_rate=0.10),
    WorldParameters(seed=9002, orders=ORDERS, fraud_rate=0.10, scan_missing=0.03, dock_missing=0.02),
    WorldParameters(seed=9003, orders=ORDERS, fraud_rate=0.06, scan_missing=0.10, scan_late=0.05, carrier_outage_days=5),
)

# Stated, not learned: a planted market's fraud rate says nothing about a real shop's.
PRIOR_BITS, LINE_BITS = -10.0, 2.0

TARGET = Path(__file__).parents[1] / "src" / "beleg" / "weigh" / "weights.toml"

Table = dict[str, dict[str, Counter[str]]]


def main() -> None:
    """Fit and write."""
    frames = []
    for parameters in TRAINING:
        with world(parameters) as (dossier, labels):
            frames.append(labelled_patterns(dossier, labels))
        print(f"seed {parameters.seed}: {len(frames[-1]):,} refunds")
    rows = pd.concat(frames)
    TARGET.write_text(_toml(rows), encoding="utf-8")
    print(f"wrote {TARGET.name}")


def _count(rows: pd.DataFrame, names: "pd.Series[str]") -> Table:
    table: Table = defaultdict(lambda: defaultdict(Counter))
    for family in FAMILIES:
        for name, pattern in zip(names, rows[family], strict=True):
            table[str(name)][family][str(pattern)] += 1
    return table


def _toml(rows: pd.DataFrame) -> str:
    honest = rows[rows.label == "honest"]
    misfortune = honest[honest.method.isin(list(RIVALS))]
    ordinary = honest[~honest.method.isin(list(RIVALS))]
    wrong = rows[rows.label != "honest"]
    seeds = ", ".join(str(one.seed) for one in TRAINING)
    head = [
        "# Labelled outcomes, counted by evals/fit.py; see there how the worlds they come from were made.",
        'version = "1"',
        f'learned_from = "worlds of {ORDERS:,} orders, seeds {seeds}"',
        f"prior_bits = {PRIOR_BITS}",
        f"line_bits = {LINE_BITS}",
        "",
        "[rival_bits]",
        *(
            f'"{RIVALS[name]}" = {log2(count / len(honest)):.2f}'
            for name, count in sorted(Counter(map(str, misfortune.method)).items())
        ),
        "",
    ]
    parts = {
        "honest": _count(ordinary, ordinary.kind),
        "wrong": _count(wrong, wrong.method.map(METHODS.__getitem__)),
        "rivals": _count(misfortune, misfortune.method.map(RIVALS.__getitem__)),
    }
    body = [line for title, table in parts.items() for line in _section(title, table)]
    return "\n".join([*head, *body])


def _section(title: str, table: Table) -> list[str]:
    lines = []
    owned = {detector.card.method for detector in every_detector().values()}
    # where two methods explain a refund equally well, the one that has a detector of its own gives its name
    for name in sorted(table, key=lambda name: (title == "wrong" and name not in owned, name)):
        for family in FAMILIES:
            counts = table[name][family]
            lines += [f'[{title}."{name}".{family}]', *(f'"{key}" = {counts[key]}' for key in sorted(counts)), ""]
    return lines


if __name__ == "__main__":
    main()
