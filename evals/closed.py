"""Accounts found by what closed cases taught, beside the same without neighbours, an isolation forest, and every other detector.

Run: ``python -m evals.closed [--seeds 401,402] [--nulls 16] [--json out.json] [--markdown out.md]``. Needs the `learning` extra.

A world's year: the team closes the first refunds of its queue of the first half, by expected loss, each with the outcome that is
true. The audit is made as three quarters of the year are over, and whoever acts after the closed cases' own time is to be found.
"""

import argparse
import importlib
import tempfile
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from msgspec.structs import replace

from beleg.audit.ranking import telling
from beleg.detect.judge import Verdict, judge_all, load_closed
from beleg.detect.judged import CLOSED
from beleg.detect.subject import every_subject_detector
from beleg.detect.subjects.like_confirmed.detector import count
from beleg.kernels import likeness
from beleg.kernels.columns import Floats
from beleg.ledger.engines import open_engine
from beleg.ledger.view import View
from beleg.proofs.dossier import Dossier, prepare
from beleg.weigh.discoveries import LEARNED_FALSE, discoveries
from beleg.weigh.subjects import Comparison, Voice, weigh_subjects
from beleg.weigh.weights import shipped
from beleg.world import WorldParameters, write_world
from evals.closed_page import Method, Report, Rings, World, page
from evals.dossiers import weighed_up
from evals.output import add_outputs, tell
from evals.people_truth import People
from evals.people_worlds import CONDITIONS, honest
from evals.worlds import add_worlds, side_by_side

SEEDS = tuple(range(401, 407))
NULL_SEEDS = tuple(range(6001, 6009))
DAY = 86_400_000_000

# So many cases a team closes at most of a half year, each so long after the refund's proofs were due; the audit is made then.
CASES, CLOSED_AFTER, AUDITED, HALF = 200, 7 * DAY, 0.75, 0.5
# In honest worlds, one case in so many is closed as a fraud by mistake: where all are closed rightly nothing is run at all.
MISTAKEN = 3

WORLDS = {name: CONDITIONS[name] for name in ("as it comes", "five small rings")}
LARGE = "as it comes, 60,000 orders"
HONEST, HONEST_ORDERS = "honest, one case in three wrongly confirmed", 20_000
ORDERS = {LARGE: 60_000, HONEST: HONEST_ORDERS}

TREES, ALONE, ISOLATION, OTHERS = "trees with neighbours", "trees without neighbours", "isolation forest", "every other detector"


class Task(msgspec.Struct, frozen=True):
    """One world."""

    condition: str
    parameters: WorldParameters


def main(arguments: Sequence[str] | None = None) -> Report:
    """Measure, print the page, and write what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m evals.closed", description="Accounts found by what closed cases taught.")
    add_worlds(parser, SEEDS)
    parser.add_argument("--nulls", type=int, default=len(NULL_SEEDS), help="how many honest worlds")
    parser.add_argument("--large", type=int, default=1, help="of the seeds so many for the large shop")
    add_outputs(parser)
    asked = parser.parse_args(arguments)
    seeds = asked.seeds or SEEDS
    tasks = [Task(name, replace(WorldParameters(seed=seed), **more)) for name, more in WORLDS.items() for seed in seeds]
    tasks += [Task(LARGE, WorldParameters(seed=seed, orders=ORDERS[LARGE])) for seed in seeds[: asked.large]]
    tasks += [Task(HONEST, honest(seed, HONEST_ORDERS)) for seed in NULL_SEEDS[: asked.nulls]]
    report = Report(seeds=tuple(seeds), worlds=tuple(side_by_side(measure, tasks, asked.workers)))
    tell(page(report), report, asked)
    return report


def measure(task: Task) -> World:
    """Make the world, close its cases, audit it, and hold what is said against the truth."""
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder) / "world"
        write_world(directory, task.parameters)
        people = People(directory)
        begin = task.parameters.start_micros()
        half, end = (begin + round(share * task.parameters.days * DAY) for share in (HALF, AUDITED))
        engine = open_engine("duckdb", Path(folder) / "work")
        engine.attach_facts({path.stem: [path] for path in directory.glob("*.parquet")})
        dossier = Dossier(View(engine, as_of=end, keeping=True), prepare(engine, end), end)
        weights = shipped()
        stands = weighed_up(dossier, weights)
        queue = stands.filter(stands.fired | (stands.standing == "gap"), stands.due_at < half)
        rows = dossier.view.rows(queue.select("slice_id", "due_at", "loss", "millibits")).to_pandas()
        cases = closed(rows, people, task.parameters.seed)
        above = dossier.view.rows(telling(stands, weights))
        verdicts = judge_all(dossier, above, cases, staff=False)
        without = judge_all(dossier, above, CLOSED.empty_table(), staff=False)
        load_closed(dossier, cases)
        counted = dossier.view.rows(count(dossier))
        engine.close()
    told_above = set(people.slices[people.slices.slice_id.isin(above["slice_id"].to_pylist())].account_id)
    truth = _Truth(people, half, end, told_above, _named(without, "account"))
    return World(
        condition=task.condition,
        seed=task.parameters.seed,
        orders=task.parameters.orders,
        closed=cases.num_rows,
        confirmed=int(pc.sum(cases["wrong"]).as_py() or 0),
        methods=tuple(methods(counted, truth)),
        rings=(_rings(without, people, end), _rings(verdicts, people, end)),
    )


def closed(queue: pd.DataFrame, people: People, seed: int) -> pa.Table:
    """The first of the queue by expected loss, closed with the truth; in an honest world, some as frauds by mistake."""
    truth = people.slices.sort_values("label").drop_duplicates("slice_id").set_index("slice_id").label
    rows = queue[queue.slice_id.isin(truth.index)]
    expected = rows.loss / (1 + np.exp2(-rows.millibits / 1000))
    first = rows.iloc[np.lexsort((rows.slice_id.to_numpy(str), -expected))[:CASES]]
    wrong = (truth.reindex(first.slice_id) == "fraud").to_numpy()
    if not wrong.any():
        wrong = np.random.default_rng(seed).random(len(first)) < 1 / MISTAKEN
    said = {"slice_id": first.slice_id.tolist(), "account_id": [None] * len(first), "wrong": wrong.astype(int).tolist()}
    columns = [pa.array(values, CLOSED.field(name).type) for name, values in said.items()]
    return pa.table([*columns, pa.array([int(due) + CLOSED_AFTER for due in first.due_at], pa.int64())], schema=CLOSED)


class _Truth(msgspec.Struct, frozen=True):
    """What is true, and what others said: who stands above the line, and whom other detectors name."""

    people: People
    half: int
    end: int
    above: set[str]
    others: set[str]

    def guilty(self, account: str) -> bool:
        return self.people.guilty("account", account, self.end)

    def acted(self, account: str) -> bool:
        """Whether it committed a fraud in the time that is judged."""
        one = self.people.accounts.get(account)
        return one is not None and one.by(self.end)[0] > one.by(self.half)[0]

    def method(self, name: str, judged: list[str], score: dict[str, float], named: set[str]) -> Method:
        """What one method is worth; `score` says in which order it puts the judged."""
        there = [one for one in judged if self.acted(one)]
        first = sorted(judged, key=lambda one: (-score.get(one, 0.0), one))[: len(there)]
        return Method(
            name=name,
            judged=len(judged),
            there=len(there),
            first=sum(self.acted(one) for one in first),
            named=len(named),
            wrong=sum(not self.guilty(one) for one in named),
            found=sum(self.acted(one) for one in named),
            below_line=sum(self.guilty(one) and one not in self.above for one in named),
            alone=sum(self.guilty(one) and one not in self.others for one in named),
        )


def methods(counted: pa.Table, truth: _Truth) -> list[Method]:
    """Every method on the same accounts, each held against the same ones."""
    said: list[Method] = []
    judged: list[str] = []
    for name, neighbours in ((TREES, True), (ALONE, False), (ISOLATION, True)):
        ready = likeness.get_ready(counted, neighbours=neighbours)
        if isinstance(ready, str):
            return []
        score = _isolation if name == ISOLATION else _trees
        against, scores = score(ready)
        p = likeness.conformal(scores, against[~ready.held.confirmed], ready.weight[~ready.held.confirmed])
        accounts = [ready.book.names[one] for one in ready.judged.account]
        passes = discoveries(p.tolist(), len(p), LEARNED_FALSE, plain=True)
        best: dict[str, float] = {}
        for one, high in zip(accounts, scores.tolist(), strict=True):
            best[one] = max(best.get(one, -1e9), high)
        judged = sorted(best)
        said.append(truth.method(name, judged, best, {one for one, passed in zip(accounts, passes, strict=True) if passed}))
    others = truth.others & set(judged)
    return [*said, truth.method(OTHERS, judged, dict.fromkeys(others, 1.0), others)]


def _trees(ready: likeness.Ready) -> tuple[Floats, Floats]:
    forest = likeness.learn(ready.fit)
    return forest.predict_proba(ready.held.x)[:, 1], forest.predict_proba(ready.judged.x)[:, 1]


def _isolation(ready: likeness.Ready) -> tuple[Floats, Floats]:
    forest = importlib.import_module("sklearn.ensemble").IsolationForest(n_estimators=likeness.TREES, random_state=0)
    forest.fit(ready.fit.x)
    return -forest.score_samples(ready.held.x), -forest.score_samples(ready.judged.x)


def _heard(verdicts: Sequence[Verdict]) -> list[tuple[str, str]]:
    shares = {one.name: one.card.share for one in every_subject_detector().values() if not (one.card.weak or one.card.learned)}
    voices = []
    for one in verdicts:
        card = one.detector.card
        if one.judged is not None:
            rows = one.judged.rows.select(["subject", "counterpart", "p", "log2_e"]).to_pylist()
            said = [Comparison(**row) for row in rows]
            voices.append(
                Voice(
                    detector=one.detector.name, kind=card.subject, family=card.family, comparisons=said, tests=one.judged.tests,
                    searched=one.judged.searched,
                    weak=card.weak, learned=card.learned,
                )
            )  # fmt: skip
    return [(one.kind, one.subject) for one in weigh_subjects(voices, shares)]


def _named(verdicts: Sequence[Verdict], kind: str) -> set[str]:
    """Accounts that are named, by themselves or in a ring."""
    heard = _heard(verdicts)
    rings = {subject for what, subject in heard if what == "ring"}
    members = [row for one in verdicts if one.judged is not None for row in one.judged.members.to_pylist()]
    return {subject for what, subject in heard if what == kind} | {row["account"] for row in members if row["subject"] in rings}


def _rings(verdicts: Sequence[Verdict], people: People, end: int) -> Rings:
    """Rings named, and how much of the true ones they reach."""
    named = {subject for what, subject in _heard(verdicts) if what == "ring"}
    members: dict[str, set[str]] = {}
    for one in verdicts:
        for row in one.judged.members.to_pylist() if one.judged is not None else ():
            if row["subject"] in named:
                members.setdefault(row["subject"], set()).add(row["account"])
    acted = {one for mine in people.rings.values() for one in mine if people.accounts[one].by(end)[0]}
    reached = set().union(*members.values()) if members else set()
    wrong = sum(2 * sum(people.guilty("account", one, end) for one in mine) < len(mine) for mine in members.values())
    return Rings(named=len(members), wrong=wrong, acted=len(acted), reached=len(reached & acted))


if __name__ == "__main__":
    main()
