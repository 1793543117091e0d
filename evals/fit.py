"""Learns the weights that ship with Beleg from worlds whose truth is known.

Run: ``python -m evals.fit``. Rewrites ``src/beleg/weigh/weights.toml``. The seeds and noises used here are used in no evaluation.
"""

from collections import Counter, defaultdict
from pathlib import Path

import msgspec
import pandas as pd

from beleg.detect.card import every_detector
from beleg.weigh.patterns import FAMILIES
from beleg.world import WorldParameters
from evals.dossiers import labelled_patterns, world
from evals.labels import METHODS, RIVALS, TELLS_APART

ORDERS = 100_000
# Sources from complete to very bad: what a method leaves behind is learned at all of them, what is honest is measured in each shop.
_PERFECT = {"dock_missing": 0.0, "inspection_missing": 0.0, "put_away_missing": 0.0, "lpn_missing": 0.0, "carrier_outage_days": 0}


def _lone(seed: int, fraud_rate: float, **other: float) -> WorldParameters:
    """A world without rings, takeovers and padding: what a record shows does not depend on who is behind it."""
    alone = WorldParameters(seed=seed, orders=ORDERS, fraud_rate=fraud_rate, rings=0, takeovers=0, padded=0)
    return msgspec.structs.replace(alone, **other)


TRAINING = (
    _lone(9001, 0.10),
    _lone(9002, 0.10, scan_missing=0.03, dock_missing=0.02),
    _lone(9003, 0.06, scan_missing=0.10, scan_late=0.05, carrier_outage_days=5),
    _lone(9004, 0.10, scan_missing=0, scan_late=0, **_PERFECT),
    _lone(9005, 0.06, scan_missing=0.25, scan_late=0.10, dock_missing=0.05),
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
    unlucky = honest.method.isin(list(RIVALS))
    misfortune = honest[unlucky]
    # where nearly every honest refund of a kind is somebody's misfortune, misfortune is what is ordinary there
    rule = unlucky.groupby(honest.group).mean().gt(0.9)
    ordinary = honest[~unlucky | honest.group.map(rule)]
    wrong = rows[rows.label != "honest"]
    seeds = ", ".join(str(one.seed) for one in TRAINING)
    head = [
        "# Labelled outcomes, counted by evals/fit.py; see there how the worlds they come from were made.",
        'version = "3"',
        f'learned_from = "worlds of {ORDERS:,} orders, seeds {seeds}"',
        f"prior_bits = {PRIOR_BITS}",
        f"line_bits = {LINE_BITS}",
        "",
        "[tells_apart]",
        *(f'"{name}" = "{text}"' for name, text in TELLS_APART.items()),
        "",
        *_shares(honest, misfortune),
    ]
    parts = {
        "honest": _count(ordinary, ordinary.group),
        "wrong": _count(wrong, wrong.method.map(METHODS.__getitem__)),
        "rivals": _count(misfortune, misfortune.method.map(RIVALS.__getitem__)),
    }
    body = [line for title, table in parts.items() for line in _section(title, table)]
    return "\n".join([*head, *body])


def _shares(honest: pd.DataFrame, misfortune: pd.DataFrame) -> list[str]:
    """How often each misfortune is what happened, among the honest refunds of each kind."""
    every = Counter(map(str, honest.group))
    lines = []
    for kind, rows in misfortune.groupby("group"):
        counted = sorted(Counter(map(str, rows.method)).items())
        lines += [f'[rival_shares."{kind}"]', *(f'"{RIVALS[name]}" = {n / every[str(kind)]:.5f}' for name, n in counted), ""]
    return lines


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
