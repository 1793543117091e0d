"""False holds: honest customers whom the gate keeps waiting though every proof that their refund needs is on record.

Run: ``python -m evals.holds [--seeds 101,102] [--orders 20000] [--policy standard] [--json out.json] [--markdown out.md]``.
"""

import argparse
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial

import ibis
from msgspec import Struct
from msgspec.structs import replace

from beleg.facts.registry import fact_types
from beleg.gate.decide import Gate
from beleg.gate.decision import Decision
from beleg.gate.history import Past, Replayer, paid
from beleg.gate.policy import load
from beleg.proofs.coverage import DAY
from beleg.proofs.dossier import Dossier
from beleg.proofs.rows import in_words, speaks_for
from beleg.proofs.words import matrix
from beleg.weigh.scale import Scale
from beleg.weigh.weights import shipped
from beleg.world import WorldParameters
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


# The shop of these worlds asks damaged goods back where the policy does; and some who claim damage lie.
ASKS = {
    "asks_strangers_from": 15_000,
    "asks_claimants_from": 5_000,
    "asks_newcomers_from": 50_000,
    "asks_everybody_from": 200_000,
}
LIES, LIE = 3.0, "false_damage"


class Row(Struct, frozen=True, kw_only=True):
    """One world.

    `honest` refunds are `by_a_person` (given for nothing, so that two people agree to them in the gate itself), `without` anything
    that shows that goods are here or the claim is true, or `due`; of these, `held` are not released a quarter of an hour later.
    Some of the held are `waiting` for a proof that is not on record yet: `waits` says for how many days more, and whoever is not
    in it waits until a person looks. `back` are the days from claim to release of those who sent damaged goods back when asked.
    Of `fraud`, refunds that were paid, the gate would have `stopped` so many before they were; `through` says by what rule the
    others went. Of `lies` about damage, counted apart, it would have stopped `lies_stopped`.
    """

    condition: str
    seed: int
    honest: int
    by_a_person: int
    without: int
    due: int
    held: int
    waiting: int
    waits: tuple[float, ...]
    back: tuple[float, ...]
    fraud: int
    stopped: int
    lies: int
    lies_stopped: int
    through: dict[str, int]
    why: dict[str, int]
    pending: dict[str, int]


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


def asking(condition: str, seed: int, orders: int) -> WorldParameters:
    """The world of this condition and seed, whose shop asks damaged goods back."""
    usual = parameters(condition, seed, orders)
    return replace(usual, mix=usual.mix | {LIE: LIES}, **ASKS)


def measure(task: tuple[str, int, int, str]) -> Row:
    """Ask about every honest refund of a world a quarter of an hour after the last proof that it needs came on record."""
    condition, seed, orders, policy = task
    with world(asking(condition, seed, orders)) as (dossier, labels):
        fraud, honest = (set(labels[labels.label == label].slice_id) for label in ("fraud", "honest"))
        method = dict(zip(labels.slice_id, labels.method, strict=True))
        every = paid(dossier)
        past = [one for one in every if one.claim.slice_id in honest]
        given = [one for one in past if matrix()[one.claim.refund_class].groups == (("approved",),)]
        known = _known(dossier)
        ready = _ready(dossier, past, known)
        due = [one for one in past if one.claim.slice_id in ready and one not in given]
        replayer = Replayer(dossier.view.engine, Gate(load(policy), Scale(shipped())), dossier.coverage)
        said = replayer.decided(due, lambda one: ready[one.claim.slice_id] + _MICROS)
        held = {name: one for name, one in said.items() if one.answer != "release"}
        waiting = [one for one in due if (no := held.get(one.claim.slice_id)) and no.answer == "hold" and no.would_release]
        released = _released(replayer, waiting, known, ready)
        before = replayer.decided([one for one in every if one.claim.slice_id in fraud], lambda one: one.at - 1)
        back = _back(dossier, [one for one in due if method[one.claim.slice_id] == "damaged_back"])
    lies = {name: one for name, one in before.items() if method[name] == LIE}
    through = {name: one for name, one in before.items() if one.answer == "release"}
    done = {one.claim.slice_id: ready[one.claim.slice_id] for one in due if one.claim.slice_id not in held} | released
    waited = {one.claim.slice_id for one in waiting}
    return Row(
        condition=condition, seed=seed, honest=len(past), by_a_person=len(given), without=len(past) - len(given) - len(due),
        due=len(due), held=len(held), waiting=len(waiting), waits=_days(released, ready), back=_days(done, back),
        fraud=len(before) - len(lies), stopped=len(before) - len(lies) - len(through.keys() - lies.keys()),
        lies=len(lies), lies_stopped=len(lies.keys() - through.keys()),
        through=dict(Counter(f"{method.get(name, '?')}, by {_speaker(one)}" for name, one in through.items())),
        why=_reasons(one for name, one in held.items() if name not in waited),
        pending=_reasons(one for name, one in held.items() if name in waited),
    )  # fmt: skip


def _days(then: Mapping[str, int], since: Mapping[str, int]) -> tuple[float, ...]:
    """Days between two moments of the same refunds, the shortest first."""
    return tuple(sorted(round((at - since[name]) / DAY, 3) for name, at in then.items() if name in since))


def _released(
    replayer: Replayer, waiting: Sequence[Past], known: Mapping[str, Mapping[str, tuple[int, ...]]], ready: Mapping[str, int]
) -> dict[str, int]:
    """When those who wait are released by rule or by time, asked whenever anything more of them comes on record."""
    later = {
        name: sorted({at for moments in known[name].values() for at in moments if at > ready[name] + _MICROS})
        for name in (one.claim.slice_id for one in waiting)
    }
    found: dict[str, int] = {}
    for turn in range(max(map(len, later.values()), default=0)):
        left = [one for one in waiting if (name := one.claim.slice_id) not in found and turn < len(later[name])]
        said = replayer.decided(left, partial(_at, later, turn))
        found |= {name: later[name][turn] for name, one in said.items() if one.answer == "release"}
    return found


def _at(later: Mapping[str, Sequence[int]], turn: int, one: Past) -> int:
    return later[one.claim.slice_id][turn]


def _back(dossier: Dossier, sent: Sequence[Past]) -> dict[str, int]:
    """When each of these claimed that the goods, which they sent back later, were broken."""
    claims = dossier.table("claims").select("claim_id", at="occurred_at")
    first = {row["claim_id"]: row["at"] for row in dossier.view.rows(claims).to_pylist()}
    return {one.claim.slice_id: first[one.claim.claim_id] for one in sent if one.claim.claim_id in first}


def _known(dossier: Dossier) -> Mapping[str, Mapping[str, tuple[int, ...]]]:
    """When each slice's proofs came on record, fact by fact: proof -> moments."""
    tables = [dossier.table(name).select(fact_id="id", known_at="known_at") for name in sorted(fact_types())]
    recorded = ibis.union(*tables, distinct=False)
    spoken = dossier.evidence.filter(speaks_for(dossier.evidence.mark)).select("slice_id", "mark", "fact_id")
    found: dict[str, dict[str, tuple[int, ...]]] = defaultdict(lambda: defaultdict(tuple))
    for row in dossier.view.rows(spoken.join(recorded, "fact_id").drop("fact_id")).to_pylist():
        if row["known_at"] is not None:
            found[row["slice_id"]][in_words(row["mark"])[0]] += (row["known_at"],)
    return found


def _ready(dossier: Dossier, past: Sequence[Past], known: Mapping[str, Mapping[str, tuple[int, ...]]]) -> Mapping[str, int]:
    """When each refund should be paid, by slice: it is asked for, and the last of the proofs that its class needs is on record.

    A scan may be missing for ever: goods that somebody received, put away or sold again did come back, whatever else shows it.
    Where nothing of the kind is on record, there is no such moment.
    """
    asked = {
        row["slice_id"]: row["first_at"] for row in dossier.view.rows(dossier.slices.select("slice_id", "first_at")).to_pylist()
    }
    ready: dict[str, int] = {}
    for one in past:
        name, groups = one.claim.slice_id, matrix()[one.claim.refund_class].groups
        shown = {proof: min(moments) for proof, moments in known.get(name, {}).items()}
        here = any(proof in shown for proof in _HERE) if one.claim.rma_id or len(groups) > 1 else True
        needed = [at for proof, at in shown.items() if any(proof in group for group in groups) and proof not in _AFTERWARDS]
        if needed and here:
            ready[name] = max(*needed, asked[name])
    return ready


def _speaker(decision: Decision) -> str:
    return decision.rule or "no rule" if decision.by == "rule" else decision.by


def _reasons(decisions: Iterable[Decision]) -> dict[str, int]:
    return dict(Counter(_why(one.rule or "no rule", [reason.code for reason in one.reasons]) for one in decisions))


def _why(rule: str, codes: Sequence[str]) -> str:
    """The reasons that keep it back, in one line."""
    telling = [code for code in codes if not code.startswith(("evidence:", "true:", "rule:", "rival"))]
    return f"{rule}: {', '.join(telling) or 'nothing said'}".replace("|", " or ")


_HEAD = """# Honest customers whom the gate keeps waiting

*Generated by `python -m evals.holds`; do not edit by hand.*

Every honest refund of planted worlds is asked about {minutes} minutes after it was asked for and the last proof that its class
needs came on record (what shows that goods were put away or sold again comes after a refund is due, so nobody waits for it). It
is **held** if the gate does not release it then. Some of the held wait for a proof that is not on record yet: nobody inspected
the goods yet, or no dock saw them, and the policy wants that. They are counted apart, with the days that they wait from that
moment until the gate releases them; for some of them the proof never comes, and a person decides. All others are **false holds**.
Whoever wants to be strict counts all the held: their share stands in brackets. Two kinds are no part of it: money that is given
for nothing, to which two people agree in the gate itself, and refunds of which nothing on record shows that goods came back or
that the claim is true, so that nobody can say when they should have been paid. What the policy wants a person to look at counts
as a false hold like anything else. Policy *{policy}*, weights {weights}, {orders:,} orders a world.

The other side of it: every planted fraud is asked about in the moment before it was paid; *stopped* is what the gate does not
release. Two kinds cannot be told then. The refund of a *double dip* was owed: the goods were back, or the damage documented, and
what makes it one came later, from the bank or as a replacement. A *stalled return* was handed to the carrier, which starts the duty
to pay; at the deadline the law's default applies unless evidence speaks against it and the account did so before.

| condition | worlds | honest | a person's | nothing shown | due | held | waiting | false holds | share | worst | fraud | stopped |
|---|---|---|---|---|---|---|---|---|---|---|---|---|
"""

_WAITS = """
## How long those wait of whom a proof is not on record

Days from the moment they were asked about to their release. *A person* is whoever is not released by the end of the year.

| condition | waiting | median | nine of ten | longest | a person |
|---|---|---|---|---|---|
"""

_BACK = """
## Damaged goods that are asked back

A photo of broken goods costs nothing. Where a claim is dear and the account has no quiet record, the policy asks for the goods, at
the shop's expense, and pays their return. The shop of these worlds does so: from {strangers} minor units of accounts without an
earlier order, from {claimants} of those that claimed before, from {newcomers} of those that have ordered for less than thirty days,
from {everybody} of everybody. Of honest customers {sends:.0%} still have the goods and send them; whoever threw them away waits for
a person, and is a false hold above. Those who send them wait from their claim until the parcel
is back and looked at. Some claims are lies with a photo, planted beside the frauds above. Asked for the goods, {gives_up:.0%} of
the liars give up and are never paid, {nothing:.0%} send an empty box, the others a worn-out unit of the same weight. Below those
amounts, and of accounts with a quiet record, a lie with a photo is paid as the truth is: nothing tells them apart.

| condition | honest, sent back | days from claim to release, median | nine of ten | longest | lies that the shop paid | stopped |
|---|---|---|---|---|---|---|
"""


def page(answer: Report) -> str:
    """The figures as a page."""
    text = _HEAD.format(minutes=MINUTES, policy=answer.policy, weights=answer.weights, orders=answer.orders)
    text += _lines(_table(answer)) + _WAITS + _lines(_waits(answer))
    shop = asking(CONDITIONS[0], 1, 1)
    text += _BACK.format(
        strangers=f"{shop.asks_strangers_from:,}", claimants=f"{shop.asks_claimants_from:,}",
        newcomers=f"{shop.asks_newcomers_from:,}", everybody=f"{shop.asks_everybody_from:,}",
        sends=shop.sends_back, gives_up=shop.liar_gives_up, nothing=shop.liar_sends_nothing,
    )  # fmt: skip
    text += _lines(_sent_back(answer))
    for title, head, column in (
        ("Why they are false holds", "why", "why"),
        ("For what the others wait", "why", "pending"),
        ("What went through", "method, and who released it", "through"),
    ):
        text += f"\n## {title}\n\n| condition | {head} | refunds |\n|---|---|---|\n" + _lines(_counted(answer, column))
    seeds = (f"{condition} {', '.join(str(row.seed) for row in rows)}" for condition, rows in _by_condition(answer).items())
    return text + f"\nSeeds: {'; '.join(seeds)}.\n"


def _lines(rows: Iterable[str]) -> str:
    return "".join(f"{row}\n" for row in rows)


def _table(answer: Report) -> Iterator[str]:
    for condition, rows in _by_condition(answer).items():
        names = ("honest", "by_a_person", "without", "due", "held", "waiting")
        sums = [sum(getattr(row, name) for row in rows) for name in names]
        worst = max((row.held - row.waiting) / max(1, row.due) for row in rows)
        counted = " | ".join(f"{one:,}" for one in sums[:-2])
        due, held, waiting = sums[-3:]
        fraud, stopped = sum(row.fraud for row in rows), sum(row.stopped for row in rows)
        false = f"{held - waiting:,} | {(held - waiting) / max(1, due):.2%} | {worst:.2%}"
        caught = f"{fraud:,} | {stopped:,} ({stopped / max(1, fraud):.0%})"
        yield f"| {condition} | {len(rows)} | {counted} | {held:,} ({held / max(1, due):.2%}) | {waiting:,} | {false} | {caught} |"


def _waits(answer: Report) -> Iterator[str]:
    for condition, rows in _by_condition(answer).items():
        waits, waiting = [one for row in rows for one in row.waits], sum(row.waiting for row in rows)
        yield f"| {condition} | {waiting:,} | {_spread(waits)} | {waiting - len(waits):,} |"


def _sent_back(answer: Report) -> Iterator[str]:
    for condition, rows in _by_condition(answer).items():
        back = [one for row in rows for one in row.back]
        lies, stopped = sum(row.lies for row in rows), sum(row.lies_stopped for row in rows)
        yield f"| {condition} | {len(back):,} | {_spread(back)} | {lies:,} | {stopped:,} ({stopped / max(1, lies):.0%}) |"


def _spread(days: Sequence[float]) -> str:
    """Median, nine of ten and longest, as cells."""
    if not days:
        return "none | none | none"
    known = sorted(days)
    return " | ".join(f"{known[min(len(known) - 1, int(share * len(known)))]:.1f}" for share in (0.5, 0.9, 1.0))


def _counted(answer: Report, column: str) -> Iterator[str]:
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
