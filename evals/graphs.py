"""Bad accounts in real graphs whose labels are known: trees on neighbours' means beside an isolation forest and the densest blocks.

Run: ``python -m evals.graphs FOLDER [--seeds 1-10] [--graphs reddit,books] [--json out.json] [--markdown out.md]``. FOLDER (or the
variable ``BELEG_GRAPHS``) holds ``NAME.npz`` files with `x` (nodes x features), `edge_index` (2 x edges) and `y` (1 is bad). Needs
scikit-learn, which is no dependency of Beleg: ``pip install scikit-learn``.

Trees are fitted on 40 % of the nodes, their probabilities calibrated on 20 %, and all methods judged on the other 40 %; a seed is
one such split. Neighbours give their features, never their labels, so nothing leaks from those judged. The graphs have no times:
a split by time, which a shop would make, is not possible here.
"""

import argparse
import importlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import process_time
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from evals.graphs_page import Measured, Report, page
from evals.output import add_outputs, tell
from evals.rings import fraudar_blocks

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

DENSEST = "densest blocks"
FIT, CALIBRATE = 0.4, 0.2
TREES = 300
# With fewer bad nodes a split says nothing.
FEWEST_BAD = 20


class Model(Protocol):
    """What scikit-learn's classifiers do."""

    def fit(self, x: Floats, y: Ints) -> "Model":
        """Learn from rows and their labels."""

    def predict_proba(self, x: Floats) -> Floats:
        """The chance of each label, a column each."""


@dataclass(frozen=True, slots=True)
class Known:
    """A graph: features per node, undirected edges as two columns, and which nodes are bad."""

    x: Floats
    edges: Ints
    bad: Ints


def main(arguments: Sequence[str] | None = None) -> Report:
    """Measure, print the page, and write what was asked for."""
    asked = _parse(arguments)
    report = Report(
        graphs=tuple(one for name in asked.graphs.split(",") for one in measure(name, asked.folder, _seeds(asked.seeds)))
    )
    tell(page(report), report, asked)
    return report


def measure(name: str, folder: Path, seeds: Sequence[int]) -> list[Measured]:
    """Every method on one graph over all splits."""
    path = folder / f"{name}.npz"
    if not path.exists():
        raise SystemExit(f"no graph {path}: expected an .npz file with x, edge_index and y; name the folder that holds it")
    graph = read(path)
    if graph.bad.sum() < FEWEST_BAD:
        print(f"{name}: {graph.bad.sum()} bad nodes, fewer than {FEWEST_BAD}: not measured")
        return []
    wide, dense = neighbourhood(graph), _blocks(graph)
    methods: dict[str, Callable[[Ints, Ints, int], Floats]] = {
        "forest on neighbours": lambda fit, tune, seed: _calibrated(_forest(seed), wide, graph.bad, fit, tune),
        "boosting on neighbours": lambda fit, tune, seed: _calibrated(_boosting(seed), wide, graph.bad, fit, tune),
        "forest on the node alone": lambda fit, tune, seed: _calibrated(_forest(seed), graph.x, graph.bad, fit, tune),
        "isolation forest": lambda _fit, _tune, seed: _isolation(wide, seed),
        DENSEST: lambda _fit, _tune, _seed: dense,
    }
    return [_over(name, method, score, graph, seeds) for method, score in methods.items()]


def read(path: Path) -> Known:
    """A graph's file."""
    held = np.load(path, allow_pickle=False)
    return Known(held["x"].astype(np.float64), held["edge_index"].astype(np.int64), (held["y"] == 1).astype(np.int64))


def neighbourhood(graph: Known) -> Floats:
    """Per node its features, its neighbours' mean, their neighbours' mean, and how many neighbours it has (a logarithm).

    An edge counts once, whichever way and however often it is written; a node is no neighbour of its own.
    """
    nodes = len(graph.x)
    low, high = np.minimum(*graph.edges), np.maximum(*graph.edges)
    once = np.unique((low * nodes + high)[low != high])
    ends = np.concatenate([once // nodes, once % nodes]), np.concatenate([once % nodes, once // nodes])
    degree = np.bincount(ends[0], minlength=nodes)
    near = _mean(graph.x, ends, degree)
    return np.hstack([graph.x, near, _mean(near, ends, degree), np.log1p(degree)[:, None]])


def _mean(x: Floats, ends: tuple[Ints, Ints], degree: Ints) -> Floats:
    """The mean over each node's neighbours; of none, nothing."""
    total = np.zeros_like(x)
    np.add.at(total, ends[0], x[ends[1]])
    mean: Floats = total / np.maximum(degree, 1)[:, None]
    return mean


def split(bad: Ints, seed: int) -> tuple[Ints, Ints, Ints]:
    """Nodes to fit on, to calibrate on and to be judged, the bad ones spread alike."""
    chance = np.random.default_rng(seed)
    parts: tuple[list[Ints], list[Ints], list[Ints]] = ([], [], [])
    for kind in (0, 1):
        mine = chance.permutation(np.flatnonzero(bad == kind))
        first, second = round(FIT * len(mine)), round((FIT + CALIBRATE) * len(mine))
        for part, rows in zip(parts, np.split(mine, [first, second]), strict=True):
            part.append(rows)
    fit, tune, judged = (np.sort(np.concatenate(part)) for part in parts)
    return fit, tune, judged


def _over(graph: str, method: str, score: Callable[[Ints, Ints, int], Floats], known: Known, seeds: Sequence[int]) -> Measured:
    metrics = importlib.import_module("sklearn.metrics")
    found: dict[str, list[float]] = {"auroc": [], "auprc": [], "recall_at_k": [], "calibration_error": []}
    began = process_time()
    for seed in seeds:
        fit, tune, judged = split(known.bad, seed)
        scored, bad = score(fit, tune, seed)[judged], known.bad[judged]
        first = np.argsort(-scored, kind="stable")[: bad.sum()]
        found["auroc"].append(float(metrics.roc_auc_score(bad, scored)))
        found["auprc"].append(float(metrics.average_precision_score(bad, scored)))
        found["recall_at_k"].append(float(bad[first].mean()))
        if scored.min() >= 0 and scored.max() <= 1:
            found["calibration_error"].append(calibration_error(scored, bad))
    # the blocks are the same for all splits
    seconds = None if method == DENSEST else round((process_time() - began) / len(seeds), 2)
    print(f"{graph}, {method}: " + ", ".join(f"{name} {np.mean(one):.3f}" for name, one in found.items() if one), flush=True)
    return Measured(
        graph=graph, nodes=len(known.x), bad=int(known.bad.sum()), method=method, seeds=tuple(seeds), figures=found, seconds=seconds
    )


def calibration_error(chance: Floats, bad: Ints, bins: int = 10) -> float:
    """How far stated chances are from shares, over bins of equally many nodes."""
    parts = np.array_split(np.argsort(chance, kind="stable"), bins)
    return float(sum(abs(chance[part].mean() - bad[part].mean()) * len(part) for part in parts if len(part)) / len(chance))


def _calibrated(model: Model, x: Floats, bad: Ints, fit: Ints, tune: Ints) -> Floats:
    """Chances of every node, by a logistic fit to the model's log-odds on nodes that it was not fitted on."""
    raw = model.fit(x[fit], bad[fit]).predict_proba(x)[:, 1]
    odds = np.log((raw + 1e-4) / (1 - raw + 1e-4))[:, None]
    logistic = importlib.import_module("sklearn.linear_model").LogisticRegression()
    chances: Floats = logistic.fit(odds[tune], bad[tune]).predict_proba(odds)[:, 1]
    return chances


def _forest(seed: int) -> Model:
    ensemble = importlib.import_module("sklearn.ensemble")
    model: Model = ensemble.RandomForestClassifier(TREES, class_weight="balanced_subsample", min_samples_leaf=2, random_state=seed)
    return model


def _boosting(seed: int) -> Model:
    ensemble = importlib.import_module("sklearn.ensemble")
    model: Model = ensemble.HistGradientBoostingClassifier(learning_rate=0.05, max_iter=150, max_leaf_nodes=15, random_state=seed)
    return model


def _isolation(x: Floats, seed: int) -> Floats:
    forest = importlib.import_module("sklearn.ensemble").IsolationForest(n_estimators=TREES, random_state=seed)
    rare: Floats = -1 - forest.fit(x).score_samples(x)
    return rare


def _blocks(graph: Known) -> Floats:
    """FRAUDAR's blocks of nodes and their neighbours: minus the number of the first block that a node is in."""
    ends = np.concatenate([graph.edges, graph.edges[::-1]], axis=1)
    found = fraudar_blocks(pa.table({"account": pa.array(ends[0]), "entity": pa.array(ends[1])}))
    rank = np.full(len(graph.x), -float(len(found)) - 1)
    for number, block in reversed(list(enumerate(found))):
        rank[list(block)] = -float(number) - 1
    return rank


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m evals.graphs", description="Bad accounts in real graphs with labels.")
    folder = os.environ.get("BELEG_GRAPHS")
    parser.add_argument(
        "folder", type=Path, nargs="?" if folder else None, default=folder and Path(folder), help="where NAME.npz are"
    )
    parser.add_argument("--graphs", default="reddit,books", help="their names, by commas")
    parser.add_argument("--seeds", default="1-10", help="splits")
    add_outputs(parser)
    return parser.parse_args(arguments)


def _seeds(text: str) -> range:
    first, _, last = text.partition("-")
    return range(int(first), int(last or first) + 1)


if __name__ == "__main__":
    main()
