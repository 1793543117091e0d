"""Audits one world as a user would, once or at several moments of its year, and says who was named rightly."""

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec

from beleg.audit.ranking import pick
from beleg.audit.settings import AuditSettings
from beleg.audit.subjects import Gathered
from beleg.gate.decide import Gate
from beleg.gate.history import Replayer, paid
from beleg.gate.policy import load
from beleg.ledger.engines import open_engine
from beleg.ledger.view import View
from beleg.proofs.dossier import Dossier, prepare
from beleg.weigh.scale import Scale
from beleg.weigh.subjects import Heard
from beleg.weigh.weights import shipped
from beleg.world import WorldParameters, write_world
from evals.dossiers import weighed_up
from evals.people_truth import Culprit, People

# The gate's policy, where it is asked.
POLICY = "standard"


class Task(msgspec.Struct, frozen=True):
    """One world to be audited at these shares of its year."""

    condition: str
    parameters: WorldParameters
    cuts: tuple[float, ...] = (1.0,)
    gate: bool = False
    """Whether the gate is asked about every fraud of a ring in the moment before it was paid."""


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """One subject that an audit names above its line. `right` for a ring: at least half of its accounts are one ring's."""

    kind: str
    subject: str
    rank: int
    bits: float
    right: bool
    role: str
    detectors: tuple[str, ...]
    members: int = 0
    wrong_members: int = 0
    ring: str = ""
    recall: float = 0.0


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """One audit: everybody named, honest refunds named, and for every detector whether it ran."""

    when: int
    named: tuple[Named, ...]
    refunds: tuple[str, ...]
    honest_refunds: int
    ran: dict[str, bool]
    seconds: float


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """One world: who is guilty of what, and what each audit said."""

    condition: str
    seed: int
    accounts: int
    staff: int
    culprits: tuple[Culprit, ...]
    rings: dict[str, int]
    months: float
    answers: tuple[Answer, ...]
    slices: tuple[tuple[str, str, str, str, int, int], ...]
    """Frauds of rings: slice, ring, account, member of staff, when and how much was paid."""
    listed: tuple[str, ...] = ()
    """Those of them that the last audit lists as unsupported, named or not."""
    released: tuple[str, ...] | None = None
    """Those of them that the gate would have released, if it was asked."""


def measure(task: Task) -> Measured:
    """Make the world, audit it, and hold what is said against the truth."""
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder) / "world"
        summary = write_world(directory, task.parameters)
        people = People(directory)
        answers = tuple(_audit(Path(folder), people, task.parameters, share) for share in task.cuts)
        listed, released = _before_paid(Path(folder), people) if task.gate else ((), None)
    return Measured(
        condition=task.condition,
        seed=task.parameters.seed,
        accounts=summary.facts["accounts"],
        staff=summary.facts["staff"],
        culprits=(*people.accounts.values(), *people.staff.values()),
        rings={name: len(members) for name, members in people.rings.items()},
        months=task.parameters.days / 30.4,
        answers=answers,
        slices=tuple(people.ring_frauds()),
        listed=listed,
        released=released,
    )


def _before_paid(folder: Path, people: People) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Of the rings' frauds those that stand unsupported, and those that the gate, asked before they were paid, releases."""
    mine = {name for name, *_ in people.ring_frauds()}
    engine = open_engine("duckdb", folder / "gate")
    engine.attach_facts({path.stem: [path] for path in (folder / "world").glob("*.parquet")})
    as_of = engine.rows(engine.table("refunds").agg(last=engine.table("refunds").known_at.max())).to_pylist()[0]["last"]
    dossier = Dossier(View(engine, keeping=True), prepare(engine), as_of)
    gaps = dossier.view.rows(dossier.states.filter(dossier.states.standing == "gap").select("slice_id"))["slice_id"].to_pylist()
    replayer = Replayer(engine, Gate(load(POLICY), Scale(shipped())), dossier.coverage)
    said = replayer.decided([one for one in paid(dossier) if one.claim.slice_id in mine], lambda one: one.at - 1)
    engine.close()
    return tuple(sorted(mine & set(gaps))), tuple(sorted(name for name, one in said.items() if one.answer == "release"))


def _audit(folder: Path, people: People, parameters: WorldParameters, share: float) -> Answer:
    """The audit's own steps, from facts to names, without what only a report shows."""
    began = time.process_time()
    end = parameters.start_micros() + round(share * parameters.days * 86_400_000_000) - 1
    settings = AuditSettings(path="", work=folder, key=b"evaluation", staff=True, as_of=end)
    engine = open_engine("duckdb", folder / f"work-{share}")
    engine.attach_facts({path.stem: [path] for path in (folder / "world").glob("*.parquet")})
    dossier = Dossier(View(engine, as_of=end, keeping=True), prepare(engine, end), end)
    weights = shipped()
    stands = weighed_up(dossier, weights)
    gathered = Gathered(dossier, stands, weights, settings)
    above = tuple(name for name, passes in pick(dossier, stands, weights, settings.budget) if passes)
    engine.close()
    return Answer(
        when=end,
        named=tuple(_named(gathered, people, end)),
        refunds=above,
        honest_refunds=len(people.honest.intersection(above)),
        ran={name: one.judged is not None for name, one in gathered.verdicts.items()},
        seconds=round(time.process_time() - began, 2),
    )


def _named(gathered: Gathered, people: People, when: int) -> list[Named]:
    lists = {kind: [one for one in gathered.heard if one.kind == kind] for kind in ("account", "staff", "ring")}
    answers = [_person(one, rank, people, when) for kind in ("account", "staff") for rank, one in enumerate(lists[kind], 1)]
    members = {one.subject: _members(gathered, one.subject) for one in lists["ring"]}
    ranked = [(one, rank) for rank, one in enumerate(lists["ring"], 1)]
    kept = distinct([members[one.subject] for one, _ in ranked])
    return answers + [_ring(*ranked[place], members[ranked[place][0].subject], people, when) for place in kept]


def _members(gathered: Gathered, ring: str) -> frozenset[str]:
    tables = [one.judged.members for one in gathered.verdicts.values() if one.judged is not None]
    return frozenset(row["account"] for table in tables for row in table.to_pylist() if row["subject"] == ring)


def _person(one: Heard, rank: int, people: People, when: int) -> Named:
    right = people.guilty(one.kind, one.subject, when)
    culprit = (people.accounts if one.kind == "account" else people.staff).get(one.subject)
    role = culprit.role if culprit and right else people.looks(one.subject)
    return Named(kind=one.kind, subject=one.subject, rank=rank, bits=one.bits, right=right, role=role, detectors=_passing(one),
                 ring=culprit.ring if culprit else "")  # fmt: skip


def _ring(one: Heard, rank: int, members: frozenset[str], people: People, when: int) -> Named:
    guilty = {name for name in members if people.guilty("account", name, when)}
    overlaps = {ring: len(members & accounts) for ring, accounts in people.rings.items()}
    ring = max(overlaps, key=overlaps.__getitem__, default="")
    acted = {name for name in people.rings.get(ring, ()) if people.accounts[name].by(when)[0]}
    right = bool(members) and 2 * len(guilty) >= len(members)
    looks = sorted({people.looks(name) for name in members - guilty})
    return Named(
        kind="ring", subject=one.subject, rank=rank, bits=one.bits, right=right, role="ring" if right else "; ".join(looks[:3]),
        detectors=_passing(one), members=len(members), wrong_members=len(members - guilty),
        ring=ring if ring and 2 * overlaps[ring] >= len(members) else "", recall=len(members & acted) / max(len(acted), 1),
    )  # fmt: skip


def _passing(one: Heard) -> tuple[str, ...]:
    return tuple(sorted({told.detector for told in one.told if told.passes}))


def distinct(rings: Sequence[frozenset[str]]) -> list[int]:
    """The places of the rings that are not near-identical to one before them: four fifths of both together."""
    kept: list[int] = []
    for place, mine in enumerate(rings):
        if not any(5 * len(mine & rings[other]) >= 4 * len(mine | rings[other]) for other in kept):
            kept.append(place)
    return kept
