"""Insiders among a thousand staff: who stands at the top of the list, who is named, and how often an honest desk names anybody.

Run: ``python -m evals.insiders [--seeds 501-520] [--nulls 9001-9400] [--staff 1000] [--keep folder] [--json out.json]
[--markdown out.md]``. With ``--keep`` every desk's answer is written there when it is ready, and read from there when it is
asked for again; empty the folder when a detector has changed.

Planted: ten insiders who each approve 10, 20 or 40 cases of one ring of twenty accounts in twelve weeks, 2.5 million cases. Recall
is at a budget of 1 % of staff. Null: desks without insiders, of which rings are served by honest staff, with everything that false
alarms are made of. The very functions that the detectors judge by are called; a rate test and, with scikit-learn installed, an
isolation forest run beside them on the same cases. Thresholds were looked at on seeds below 100 and above 10,000.
"""

import argparse
import importlib
import importlib.util
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from time import process_time
from typing import TypeVar

import ibis
import msgspec
import numpy as np
import pyarrow as pa

from beleg.detect.comparing import by_meetings, by_peers, pairs
from beleg.detect.judged import Judged
from beleg.detect.subject import every_subject_detector
from beleg.weigh.subjects import Comparison, Heard, Voice, weigh_subjects
from evals import desk_tables
from evals.insider_worlds import Cases, Desk, Floats, Ints, Plot, make
from evals.insiders_page import Null, Report, Run, page
from evals.output import add_outputs, tell

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


_Answer = TypeVar("_Answer")


def main(arguments: Sequence[str] | None = None) -> Report:
    """Measure, print the page, and write what was asked for."""
    asked = _parse(arguments)
    desk = replace(Desk(), staff=asked.staff, cases=2_500 * asked.staff, accounts=800 * asked.staff)
    runs = [
        _kept(asked.keep, f"planted-{asked.staff}-{seed}-{extra}", Run, partial(planted, desk, seed, extra))
        for seed in _range(asked.seeds)
        for extra in EXTRA
    ]
    nulls = [_kept(asked.keep, f"null-{seed}", Null, partial(honest, seed)) for seed in _range(asked.nulls)]
    report = Report(staff=asked.staff, insiders=INSIDERS, planted=tuple(runs), nulls=tuple(nulls))
    tell(page(report), report, asked)
    return report


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m evals.insiders", description="Insiders among a thousand staff.")
    parser.add_argument("--seeds", default="501-520", help="desks with insiders; empty for none")
    parser.add_argument("--nulls", default="9001-9400", help="desks without; empty for none")
    parser.add_argument("--staff", type=int, default=1_000, help="of the desks with insiders; 2,500 cases each")
    parser.add_argument("--keep", type=Path, help="a folder for every desk's answer, to go on with later")
    add_outputs(parser)
    return parser.parse_args(arguments)


def _kept(keep: Path | None, name: str, kind: type[_Answer], measure: Callable[[], _Answer]) -> _Answer:
    """The answer of this name, read where it was kept, else measured and kept."""
    path = keep / f"{name}.json" if keep is not None else None
    if path is not None and path.exists():
        return msgspec.json.decode(path.read_bytes(), type=kind)
    answer = measure()
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(msgspec.json.encode(answer))
    return answer


def planted(desk: Desk, seed: int, extra: int) -> Run:
    """One desk with insiders, judged."""
    cases = make(desk, Plot(insiders=INSIDERS, extra=extra), seed)
    judged, seconds = judge(cases)
    budget = max(1, desk.staff // 100)
    guilty = {f"s{one}" for one in cases.insiders}
    recall = {name: len(guilty & set(_top(one, budget))) / len(guilty) for name, one in judged.items()}
    named = {one.subject for one in weigh(judged)}
    recall["rate test"] = _recall(desk_tables.rates(cases), budget, guilty)
    if importlib.util.find_spec("sklearn") is not None:
        recall["isolation forest"] = _recall(_forest(cases, seed), budget, guilty)
    print(f"seed {seed}, {extra} extra: {recall}, named {len(named & guilty)}, wrongly {len(named - guilty)}", flush=True)
    return Run(seed=seed, extra=extra, recall=recall, named=len(named & guilty), wrongly=len(named - guilty), seconds=seconds)


def _recall(scored: tuple[Ints, Floats], budget: int, guilty: set[str]) -> float:
    """Of clerks and how ordinary each looks: the share of the guilty among the least ordinary."""
    clerks, ordinary = scored
    return len(guilty & {f"s{one}" for one in clerks[np.argsort(ordinary, kind="stable")[:budget]]}) / len(guilty)


def honest(seed: int) -> Null:
    """The detectors by which an honest desk names somebody; the seed says what is odd about it."""
    judged, _ = judge(make(ODD[seed % len(ODD)], Plot(rings=8), seed))
    return Null(seed=seed, alerts=tuple(sorted({told.detector for one in weigh(judged) for told in one.told if told.passes})))


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


def _forest(cases: Cases, seed: int) -> tuple[Ints, Floats]:
    """Clerks, and how ordinary an isolation forest takes each to be."""
    forest = importlib.import_module("sklearn.ensemble").IsolationForest(n_estimators=300, random_state=seed)
    clerks, table = desk_tables.features(cases)
    return clerks, forest.fit(table).score_samples(table)


def _range(text: str) -> range:
    first, _, last = text.partition("-")
    return range(int(first), int(last or first) + 1) if text else range(0)


if __name__ == "__main__":
    main()
