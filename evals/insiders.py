"""Insiders among a thousand staff: who stands at the top of the list, who is named, and how often an honest desk names anybody.

Run: ``python -m evals.insiders [--seeds 501-520] [--nulls 9001-9400] [--staff 1000] [--json out.json]``.

Planted: ten insiders who each approve 10, 20 or 40 cases of one ring of twenty accounts in twelve weeks, 2.5 million cases. Recall
is at a budget of 1 % of staff. Null: desks without insiders, of which rings are served by honest staff, with everything that false
alarms are made of. The very functions that the detectors judge by are called; with scikit-learn installed, an isolation forest runs
beside them on the same cases. Thresholds were looked at on seeds below 100.
"""

import argparse
import importlib
import importlib.util
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import mean, median
from time import process_time

import ibis
import numpy as np
import pyarrow as pa

from beleg.detect.comparing import by_meetings, by_peers, pairs
from beleg.detect.judged import Judged
from beleg.detect.subject import every_subject_detector
from beleg.weigh.subjects import Comparison, Heard, Voice, weigh_subjects
from evals import desk_tables
from evals.insider_worlds import Cases, Desk, Floats, Plot, make

EXTRA = (10, 20, 40)
INSIDERS = 10

# A desk small enough to be made hundreds of times.
SMALL = Desk(staff=160, cases=80_000, accounts=25_000, sites=2, categories=3)
# What honest desks take turns in, beside the oddities all of them have.
ODD = (
    SMALL,
    replace(SMALL, queue_skew=1.0, speed=0.6),
    replace(SMALL, sticky=0.5, advised=0.05),
    replace(SMALL, campaign_days=10, campaign=3.0, outage_days=8),
    replace(SMALL, trainees=0.25, care=0.5),
    replace(SMALL, helps_out=0.4, pairs_kept=0.8),
)


@dataclass(frozen=True, slots=True)
class Run:
    """One desk with insiders: recall at the budget by detector and in sum, who was named, and processor seconds of judging."""

    seed: int
    extra: int
    recall: dict[str, float]
    named: int
    wrongly: int
    seconds: dict[str, float]


def main() -> None:
    """Print both tables, and write them as JSON where told."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", default="501-520")
    parser.add_argument("--nulls", default="9001-9400")
    parser.add_argument("--staff", type=int, default=1_000)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    desk = replace(Desk(), staff=asked.staff, cases=2_500 * asked.staff, accounts=800 * asked.staff)
    runs = [planted(desk, seed, extra) for seed in _range(asked.seeds) for extra in EXTRA]
    if runs:
        _planted_table(runs)
    nulls = [alerts(ODD[seed % len(ODD)], seed) for seed in _range(asked.nulls)]
    if nulls:
        _null_table(nulls)
    if asked.json:
        told = {"planted": [asdict(one) for one in runs], "nulls": dict(zip(map(str, _range(asked.nulls)), nulls, strict=True))}
        asked.json.write_text(json.dumps(told, indent=1), encoding="utf-8")


def planted(desk: Desk, seed: int, extra: int) -> Run:
    """One desk with insiders, judged."""
    cases = make(desk, Plot(insiders=INSIDERS, extra=extra), seed)
    judged, seconds = judge(cases)
    budget = max(1, desk.staff // 100)
    guilty = {f"s{one}" for one in cases.insiders}
    recall = {name: len(guilty & set(_top(one, budget))) / len(guilty) for name, one in judged.items()}
    named = {one.subject for one in weigh(judged)}
    if importlib.util.find_spec("sklearn") is not None:
        clerks, rare = _forest(cases, seed)
        top = clerks[np.argsort(rare, kind="stable")[:budget]]
        recall["isolation forest"] = len(guilty & {f"s{one}" for one in top}) / len(guilty)
    print(f"seed {seed}, {extra} extra: {recall}, named {len(named & guilty)}, wrongly {len(named - guilty)}", flush=True)
    return Run(seed, extra, recall, len(named & guilty), len(named - guilty), seconds)


def alerts(desk: Desk, seed: int) -> list[str]:
    """The detectors by which an honest desk names somebody."""
    judged, _ = judge(make(desk, Plot(rings=8), seed))
    return sorted({told.detector for one in weigh(judged) for told in one.told if told.passes})


def judge(cases: Cases) -> tuple[dict[str, Judged], dict[str, float]]:
    """What each detector says, and the processor seconds that its judging took, counting apart."""
    shown = {
        "ring_affinity": desk_tables.meetings(cases, cases.ring),
        "missing_proof_receipts": desk_tables.proofs(cases),
        "customer_repeats": _paired(desk_tables.together(cases, cases.clerk, cases.account, "a")),
        "approver_pairs": _paired(desk_tables.together(cases, cases.approver, cases.clerk, "s")),
    }
    judged: dict[str, Judged] = {}
    seconds: dict[str, float] = {}
    for name, table in shown.items():
        began = process_time()
        judged[name] = by_peers(table) if name == "missing_proof_receipts" else by_meetings(table, "here")
        seconds[name] = process_time() - began
    return judged, seconds


def _paired(table: pa.Table) -> pa.Table:
    rows: pa.Table = pairs(ibis.memtable(table)).to_pyarrow()
    return rows


def weigh(judged: Mapping[str, Judged]) -> list[Heard]:
    """Who passes, each detector at its part of the product's error rate."""
    every = every_subject_detector()
    shares = {name: one.card.share for name, one in every.items() if not one.card.weak}
    voices = [
        Voice(detector=name, kind="staff", family=every[name].card.family, tests=one.tests, comparisons=_comparisons(one))
        for name, one in judged.items()
    ]
    return weigh_subjects(voices, shares)


def _comparisons(judged: Judged) -> list[Comparison]:
    return [Comparison(**row) for row in judged.rows.select(["subject", "counterpart", "p", "log2_e"]).to_pylist()]


def _top(judged: Judged, budget: int) -> list[str]:
    """The subjects with the strongest evidence."""
    best: dict[str, float] = {}
    for row in judged.rows.select(["subject", "p", "log2_e"]).to_pylist():
        rare = row["p"] if row["p"] is not None else 2.0 ** -row["log2_e"]
        best[row["subject"]] = min(rare, best.get(row["subject"], 2.0))
    return sorted(best, key=lambda name: (best[name], name))[:budget]


def _forest(cases: Cases, seed: int) -> tuple[np.ndarray, Floats]:
    """Clerks, and how ordinary an isolation forest takes each to be."""
    forest = importlib.import_module("sklearn.ensemble").IsolationForest(n_estimators=300, random_state=seed)
    clerks, table = desk_tables.features(cases)
    return clerks, forest.fit(table).score_samples(table)


def _planted_table(runs: Sequence[Run]) -> None:
    names = list(runs[0].recall)
    print(f"\nseeds {min(one.seed for one in runs)} to {max(one.seed for one in runs)}; recall at 1 % of staff, mean (worst)")
    print("| extra approvals | " + " | ".join(names) + " | named by the product | false discoveries, mean (worst) |")
    print("|---|" + "---|" * (len(names) + 2))
    for extra in EXTRA:
        mine = [one for one in runs if one.extra == extra]
        cells = [f"{mean(one.recall[name] for one in mine):.3f} ({min(one.recall[name] for one in mine):.1f})" for name in names]
        wrong = [one.wrongly / max(one.named + one.wrongly, 1) for one in mine]
        named = f"{mean(one.named for one in mine) / INSIDERS:.2f}"
        print(f"| {extra} | " + " | ".join([*cells, named, f"{mean(wrong):.3f} ({max(wrong):.2f})"]) + " |")
    took = {name: median(one.seconds[name] for one in runs) for name in runs[0].seconds}
    print("judging, median processor seconds: " + ", ".join(f"{name} {one:.2f}" for name, one in took.items()))


def _null_table(nulls: Sequence[Sequence[str]]) -> None:
    print(f"\n{len(nulls)} desks without insiders: share with any alert, 95 % upper bound (Clopper and Pearson)")
    for name in ("ring_affinity", "missing_proof_receipts", "customer_repeats", "approver_pairs"):
        _share(name, sum(name in one for one in nulls), len(nulls))
    _share("all together", sum(bool(one) for one in nulls), len(nulls))


def _share(name: str, hits: int, worlds: int) -> None:
    print(f"| {name} | {hits} of {worlds} | {hits / worlds:.4f} | {_upper(hits, worlds):.4f} |")


def _upper(hits: int, worlds: int) -> float:
    """The one-sided 95 % bound of Clopper and Pearson, by bisection of the binomial's lower tail."""
    low, high = hits / worlds, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        steps = np.arange(hits + 1)
        logs = np.concatenate([[0.0], np.cumsum(np.log((worlds - steps[:-1]) / (steps[:-1] + 1)))])
        tail = np.exp(logs + steps * np.log(middle) + (worlds - steps) * np.log1p(-middle)).sum()
        low, high = (middle, high) if tail > 0.05 else (low, middle)
    return high


def _range(text: str) -> range:
    first, _, last = text.partition("-")
    return range(int(first), int(last or first) + 1) if text else range(0)


if __name__ == "__main__":
    main()
