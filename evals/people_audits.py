"""Audits one world as a user would, once or at several moments of its year, and says who was named rightly."""

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec

from beleg.audit.pipeline import Audit
from beleg.audit.result import AuditResult, Subject
from beleg.audit.settings import AuditSettings
from beleg.world import WorldParameters, write_world
from evals.people_truth import Culprit, People

KEY = b"an evaluation needs no secret key"


class Task(msgspec.Struct, frozen=True):
    """One world to be audited at these shares of its year."""

    condition: str
    parameters: WorldParameters
    cuts: tuple[float, ...] = (1.0,)


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
    """Frauds of rings: slice, ring, account, member of staff (pseudonyms), when and how much was paid."""


def measure(task: Task) -> Measured:
    """Make the world, audit it, and hold what is said against the truth."""
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder) / "world"
        summary = write_world(directory, task.parameters)
        people = People(directory, KEY)
        answers = tuple(_audit(Path(folder), people, task.parameters, share) for share in task.cuts)
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
    )


def _audit(folder: Path, people: People, parameters: WorldParameters, share: float) -> Answer:
    began = time.process_time()
    end = parameters.start_micros() + round(share * parameters.days * 86_400_000_000) - 1
    settings = AuditSettings(
        path=str(folder / "world"), work=folder / f"work-{share}", key=KEY, staff=True, as_of=None if share == 1 else end
    )
    result = Audit(settings).run()
    above = tuple(one.slice_id for one in result.ranked if one.above_line)
    honest = set(people.honest.slice_id)
    return Answer(
        when=end,
        named=tuple(_named(result, people, end)),
        refunds=above,
        honest_refunds=len(honest.intersection(above)),
        ran={one.name: one.ran for one in result.subjects.detectors},
        seconds=round(time.process_time() - began, 2),
    )


def _named(result: AuditResult, people: People, when: int) -> list[Named]:
    found = result.subjects
    answers = [_person(one, people, when) for one in (*found.accounts, *(found.staff or ()))]
    return answers + [_ring(one, people, when) for one in distinct(found.rings)]


def _person(one: Subject, people: People, when: int) -> Named:
    right = people.guilty(one.kind, one.name, when)
    culprit = (people.accounts if one.kind == "account" else people.staff).get(one.name)
    role = culprit.role if culprit and right else people.looks(one.name)
    return Named(kind=one.kind, subject=one.name, rank=one.rank, bits=one.bits, right=right, role=role, detectors=_passing(one),
                 ring=culprit.ring if culprit else "")  # fmt: skip


def _ring(one: Subject, people: People, when: int) -> Named:
    members = set(one.members)
    guilty = {name for name in members if people.guilty("account", name, when)}
    overlaps = {ring: len(members & accounts) for ring, accounts in people.rings.items()}
    ring = max(overlaps, key=overlaps.__getitem__, default="")
    acted = {name for name in people.rings.get(ring, ()) if people.accounts[name].by(when)[0]}
    right = bool(members) and 2 * len(guilty) >= len(members)
    looks = sorted({people.looks(name) for name in members - guilty})
    return Named(
        kind="ring", subject=one.name, rank=one.rank, bits=one.bits, right=right, role="ring" if right else "; ".join(looks[:3]),
        detectors=_passing(one), members=len(members), wrong_members=len(members - guilty),
        ring=ring if ring and 2 * overlaps[ring] >= len(members) else "", recall=len(members & acted) / max(len(acted), 1),
    )  # fmt: skip


def _passing(one: Subject) -> tuple[str, ...]:
    return tuple(sorted({basis.detector for basis in one.reasons if basis.passes}))


def distinct(rings: Sequence[Subject]) -> list[Subject]:
    """Rings that are not near-identical to a better one: four fifths of both together."""
    kept: list[Subject] = []
    for one in rings:
        mine = set(one.members)
        if not any(5 * len(mine & set(other.members)) >= 4 * len(mine | set(other.members)) for other in kept):
            kept.append(one)
    return kept
