"""Learns the weights that ship with Beleg from worlds whose truth is known.

Run: ``python -m evals.fit``. Rewrites ``src/beleg/weigh/weights.toml``. The seeds and noises used here are used in no evaluation.
"""

from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path

import msgspec
import pandas as pd

from beleg.detect.card import every_detector
from beleg.weigh.patterns import FAMILIES
from beleg.weigh.weights import Counts, Weights, text
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

# Stated, not learned: how often packers err and how often carriers' people steal is a matter of the shop and of its carrier, and
# no figure of either is known that holds elsewhere. Misfortunes of these kinds share evenly, so that what was seen decides.
EVEN = frozenset({"claims of an empty box"})

# Stated, not learned: a planted market's fraud rate says nothing about a real shop's.
PRIOR_BITS, LINE_BITS = -10.0, 2.0

REMARK = "Labelled outcomes, counted by evals/fit.py; see there how the worlds they come from were made."
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
    TARGET.write_text(text(_weights(rows), REMARK), encoding="utf-8")
    print(f"wrote {TARGET.name}")


def _count(rows: pd.DataFrame, names: "pd.Series[str]") -> Table:
    table: Table = defaultdict(lambda: defaultdict(Counter))
    for family in FAMILIES:
        for name, pattern in zip(names, rows[family], strict=True):
            table[str(name)][family][str(pattern)] += 1
    return table


def _weights(rows: pd.DataFrame) -> Weights:
    honest = rows[rows.label == "honest"]
    unlucky = honest.method.isin(list(RIVALS))
    misfortune = honest[unlucky]
    # where nearly every honest refund of a kind is somebody's misfortune, misfortune is what is ordinary there
    rule = unlucky.groupby(honest.group).mean().gt(0.9)
    ordinary = honest[~unlucky | honest.group.map(rule)]
    wrong = rows[rows.label != "honest"]
    seeds = ", ".join(str(one.seed) for one in TRAINING)
    owned = {detector.card.method for detector in every_detector().values()}
    return Weights(
        version="4",
        learned_from=f"worlds of {ORDERS:,} orders, seeds {seeds}",
        prior_bits=PRIOR_BITS,
        line_bits=LINE_BITS,
        honest=_sorted(_count(ordinary, ordinary.group)),
        # where two methods explain a refund equally well, the one that has a detector of its own gives its name
        wrong=_sorted(_count(wrong, wrong.method.map(METHODS.__getitem__)), lambda name: name not in owned),
        rivals=_sorted(_count(misfortune, misfortune.method.map(RIVALS.__getitem__))),
        rival_shares=_shares(honest, misfortune),
        tells_apart=dict(TELLS_APART),
    )


def _sorted(table: Table, last: Callable[[str], bool] = lambda _: False) -> dict[str, dict[str, Counts]]:
    names = sorted(table, key=lambda name: (last(name), name))
    return {name: {family: dict(table[name][family]) for family in FAMILIES} for name in names}


def _shares(honest: pd.DataFrame, misfortune: pd.DataFrame) -> dict[str, dict[str, float]]:
    """How often each misfortune is what happened, among the honest refunds of each kind."""
    every = Counter(map(str, honest.group))
    shares = {}
    for kind, rows in misfortune.groupby("group"):
        counts = sorted(Counter(map(str, rows.method)).items())
        even = len(rows) / len(counts) if kind in EVEN else None
        shares[str(kind)] = {RIVALS[name]: (even or n) / every[str(kind)] for name, n in counts}
    return shares


if __name__ == "__main__":
    main()
