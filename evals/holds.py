"""False holds: honest customers whom the gate keeps waiting though every proof that their refund needs is on record.

Run: ``python -m evals.holds [--seeds 101,102] [--orders 20000] [--policy standard] [--json out.json] [--markdown out.md]``.
"""

import argparse
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

import ibis
from msgspec import Struct

from beleg.facts.registry import fact_types
from beleg.gate.decide import Gate
from beleg.gate.decision import Decision
from beleg.gate.history import Past, Replayer, paid
from beleg.gate.policy import load
from beleg.proofs.dossier import Dossier
from beleg.proofs.rows import in_words, speaks_for
from beleg.proofs.words import matrix
from beleg.weigh.scale import Scale
from beleg.weigh.weights import shipped
from evals.conditions import ORDERS, parameters
from evals.dossiers import world
from evals.output import add_outputs, tell
from evals.worlds import add_worlds, side_by_side

SEEDS = (101, 102, 103, 104, 105)
CONDITIONS = (
    "complete sources",
    "1 % missing, 1 % late",
    "5 % missing, 5 % late",
    "20 % missing, 20 % late",
    "outages of six days",
)
MINUTES = 15
_MICROS = MINUTES * 60_000_000

# What shows that goods stayed comes after a refund is due, so nobody waits for it.
_AFTERWARDS = frozenset({"put_away", "counted_or_resold"})
_HERE = ("dock_manifested", "item_scanned", "inspected", *sorted(_AFTERWARDS))


class Row(Struct, frozen=True, kw_only=True):
    """One world.

    `honest` refunds are `by_a_person` (given for nothing, so that two people agree to them in the gate itself), `without` anything
    that shows that goods are here or the claim is true, or `due`; of these, `held` are not released a quarter of an hour later.
    Of `fraud`, refunds that were paid, the gate would have `stopped` so many before they were; `through` says by what rule the
    others went.
    """

    condition: str
    seed: int
    honest: int
    by_a_person: int
    without: int
    due: int
    held: int
    fraud: int
    stopped: int
    through: dict[str, int]
    why: dict[str, int]


class Report(Struct, frozen=True, kw_only=True):
    """All worlds."""

    policy: str
    orders: int
    weights: str
    rows: tuple[Row, ...]


def main(arguments: Sequence[str] | None = None) -> Report:
    """Measure, print the page, and write what was asked for."""
    asked = _parse(arguments)
    tasks = [(condition, seed, asked.orders, asked.policy) for condition in CONDITIONS for seed in asked.seeds or SEEDS]
    rows = tuple(side_by_side(measure, tasks, asked.workers))
    answer = Report(policy=asked.policy, orders=asked.orders, weights=shipped().version, rows=rows)
    tell(page(answer), answer, asked)
    return answer


def measure(task: tuple[str, int, int, str]) -> Row:
    """Ask about every honest refund of a world a quarter of an hour after the last proof that it needs came on record."""
    condition, seed, orders, policy = task
    with world(parameters(condition, seed, orders)) as (dossier, labels):
        fraud, honest = (set(labels[labels.label == label].slice_id) for label in ("fraud", "honest"))
        every = paid(dossier)
        past = [one for one in every if one.claim.slice_id in honest]
        given = [one for one in past if matrix()[one.claim.refund_class].groups == (("approved",),)]
        ready = _ready(dossier, past)
        due = [one for one in past if one.claim.slice_id in ready and one not in given]
        replayer = Replayer(dossier.view.engine, Gate(load(policy), Scale(shipped())), dossier.coverage)
        said = replayer.decided(due, lambda one: ready[one.claim.slice_id] + _MICROS)
        before = replayer.decided([one for one in every if one.claim.slice_id in fraud], lambda one: one.at - 1)
    through = {name: one for name, one in before.items() if one.answer == "release"}
    method = dict(zip(labels.slice_id, labels.method, strict=True))
    held = [one for one in said.values() if one.answer != "release"]
    why = Counter(_why(one.rule or "no rule", [reason.code for reason in one.reasons]) for one in held)
    return Row(
        condition=condition, seed=seed, honest=len(past), by_a_person=len(given), without=len(past) - len(given) - len(due),
        due=len(due), held=len(held), why=dict(why), fraud=len(before), stopped=len(before) - len(through),
        through=dict(Counter(f"{method.get(name, '?')}, by {_speaker(one)}" for name, one in through.items())),
    )  # fmt: skip


def _ready(dossier: Dossier, past: Sequence[Past]) -> Mapping[str, int]:
    """When each refund should be paid, by slice: it is asked for, and the last of the proofs that its class needs is on record.

    A scan may be missing for ever: goods that somebody received, put away or sold again did come back, whatever else shows it.
    Where nothing of the kind is on record, there is no such moment.
    """
    known = [dossier.table(name).select(fact_id="id", known_at="known_at") for name in sorted(fact_types())]
    recorded = ibis.union(*known, distinct=False)
    spoken = dossier.evidence.filter(speaks_for(dossier.evidence.mark)).select("slice_id", "mark", "fact_id")
    first = spoken.join(recorded, "fact_id").group_by("slice_id", "mark").agg(at=ibis._.known_at.min())
    proofs: dict[str, dict[str, int]] = defaultdict(dict)
    for row in dossier.view.rows(first).to_pylist():
        proofs[row["slice_id"]][in_words(row["mark"])[0]] = row["at"]
    asked = {
        row["slice_id"]: row["first_at"] for row in dossier.view.rows(dossier.slices.select("slice_id", "first_at")).to_pylist()
    }
    ready: dict[str, int] = {}
    for one in past:
        name, groups = one.claim.slice_id, matrix()[one.claim.refund_class].groups
        shown = proofs[name]
        here = any(proof in shown for proof in _HERE) if one.claim.rma_id or len(groups) > 1 else True
        needed = [at for proof, at in shown.items() if any(proof in group for group in groups) and proof not in _AFTERWARDS]
        if needed and here:
            ready[name] = max(*needed, asked[name])
    return ready


def _speaker(decision: Decision) -> str:
    return decision.rule or "no rule" if decision.by == "rule" else decision.by


def _why(rule: str, codes: Sequence[str]) -> str:
    """The reasons that keep it back, in one line."""
    telling = [code for code in codes if not code.startswith(("evidence:", "true:", "rule:", "rival"))]
    return f"{rule}: {', '.join(telling) or 'nothing said'}".replace("|", " or ")


_HEAD = """# Honest customers whom the gate keeps waiting

*Generated by `python -m evals.holds`; do not edit by hand.*

Every honest refund of planted worlds is asked about {minutes} minutes after it was asked for and the last proof that its class
needs came on record (what shows that goods were put away or sold again comes after a refund is due, so nobody waits for it). It
is a **false hold** if the gate does not release it then. Two kinds are counted apart: money that is given for nothing, to which
two people agree in the gate itself, and refunds of which nothing on record shows that goods came back or that the claim is true,
so that nobody can say when they should have been paid. What the policy wants a person to look at, such as a stranger's claim over
dear goods, counts as held like anything else. Policy *{policy}*, weights {weights}, {orders:,} orders a world.

The other side of it: every planted fraud is asked about in the moment before it was paid; *stopped* is what the gate does not
release. Two kinds cannot be told then. The refund of a *double dip* was owed: the goods were back, or the damage documented, and
what makes it one came later, from the bank or as a replacement. A *stalled return* was handed to the carrier, which starts the duty
to pay; at the deadline the law's default applies unless evidence speaks against it and the account did so before.

| condition | worlds | honest refunds | by a person | nothing to show | due | false holds | share | worst world | fraud | stopped |
|---|---|---|---|---|---|---|---|---|---|---|
"""


def page(answer: Report) -> str:
    """The figures as a page."""
    text = _HEAD.format(minutes=MINUTES, policy=answer.policy, weights=answer.weights, orders=answer.orders)
    text += "".join(f"{line}\n" for line in _table(answer))
    text += "\n## Why they waited\n\n| condition | why | refunds |\n|---|---|---|\n"
    text += "".join(f"{line}\n" for line in _reasons(answer, "why"))
    text += "\n## What went through\n\n| condition | method, and who released it | refunds |\n|---|---|---|\n"
    text += "".join(f"{line}\n" for line in _reasons(answer, "through"))
    seeds = (f"{condition} {', '.join(str(row.seed) for row in rows)}" for condition, rows in _by_condition(answer).items())
    return text + f"\nSeeds: {'; '.join(seeds)}.\n"


def _table(answer: Report) -> Iterator[str]:
    for condition, rows in _by_condition(answer).items():
        sums = [sum(getattr(row, name) for row in rows) for name in ("honest", "by_a_person", "without", "due", "held")]
        worst = max(row.held / max(1, row.due) for row in rows)
        counted = " | ".join(f"{one:,}" for one in sums)
        fraud, stopped = sum(row.fraud for row in rows), sum(row.stopped for row in rows)
        waited = f"{sums[-1] / max(1, sums[-2]):.2%} | {worst:.2%}"
        yield f"| {condition} | {len(rows)} | {counted} | {waited} | {fraud:,} | {stopped:,} ({stopped / max(1, fraud):.0%}) |"


def _reasons(answer: Report, column: str) -> Iterator[str]:
    for condition, rows in _by_condition(answer).items():
        why = sum((Counter(getattr(row, column)) for row in rows), Counter[str]())
        yield from (f"| {condition} | {reason} | {many:,} |" for reason, many in why.most_common(8))


def _by_condition(answer: Report) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in answer.rows:
        found.setdefault(row.condition, []).append(row)
    return found


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m evals.holds", description="Honest customers whom the gate keeps waiting.")
    add_worlds(parser, SEEDS)
    parser.add_argument("--orders", type=int, default=ORDERS, help="orders per world")
    parser.add_argument("--policy", default="standard", help="a shipped policy's name, or a file")
    add_outputs(parser)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
