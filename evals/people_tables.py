"""The figures about people, rings and staff, from what was measured in every world."""

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from statistics import median

import msgspec
import numpy as np
from scipy import stats

from evals.attacker import Point, Step
from evals.people_audits import Answer, Measured
from evals.people_truth import Culprit
from evals.tables import Spread, spread

KINDS = ("account", "ring", "staff")
# What a team can look at in one sitting: precision is read off the first so many of each list.
CAPACITY = 20
# One fraud may be anybody's; only who does it again can be told from a person who was unlucky once.
AGAIN = 2
_EDGES = (0.0, 5.0, 10.0, 15.0, 20.0, 30.0, float("inf"))


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """Accounts, rings or staff under one condition, at the year's end; the last two over the cuts of the year, if any."""

    name: str
    guilty: int
    named: int
    wrong: int
    recall: Spread | None
    value_recall: Spread | None
    precision: Spread | None
    at_capacity: Spread | None
    honest_per_10000: Spread | None
    false_discoveries: Spread | None
    lost_before: Spread | None = None
    days_to_detect: float | None = None


class Condition(msgspec.Struct, frozen=True, kw_only=True):
    """One condition over its seeds."""

    name: str
    worlds: int
    kinds: tuple[Kind, ...]
    roles: dict[str, tuple[int, int]]
    """Per role how many acted more than once, and how many of them were named, by themselves or in a ring."""
    ring_accounts: Spread | None
    honest_members: Spread | None
    seconds: float


class Bin(msgspec.Struct, frozen=True):
    """Named subjects with so many bits: how many, and the share of them that was right."""

    low: float
    high: float
    named: int
    right: float


class Alarm(msgspec.Struct, frozen=True):
    """How often one detector, or the product, names anybody in honest worlds, with Clopper and Pearson's two-sided 95 % bound."""

    name: str
    worlds: int
    alarms: int
    share: float
    upper: float


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """A whole evaluation of subjects."""

    seeds: tuple[int, ...]
    null_seeds: tuple[int, ...]
    orders: int
    null_orders: int
    conditions: tuple[Condition, ...]
    detectors: dict[str, tuple[int, int]]
    wrongly: dict[str, int]
    calibration: tuple[Bin, ...]
    alarms: tuple[Alarm, ...]
    null_wrongly: dict[str, int]
    attacker: tuple[Step, ...]
    looks: int = 0
    once: tuple[Alarm, ...] = ()
    ever: tuple[Alarm, ...] = ()
    """Honest worlds looked at so often: alarms at the last look, and at any of them."""
    curve: tuple[Point, ...] = ()


def condition(name: str, worlds: Sequence[Measured]) -> Condition:
    """The figures of one condition."""
    last = [one.answers[-1] for one in worlds]
    mine = [[n for n in one.answers[-1].named if n.kind == "ring" and n.ring] for one in worlds]
    members = [(sum(n.wrong_members for n in rings), sum(n.members for n in rings)) for rings in mine]
    reach = [(sum(max([n.recall for n in rings if n.ring == ring], default=0.0) for ring in one.rings), len(one.rings))
             for one, rings in zip(worlds, mine, strict=True)]  # fmt: skip
    return Condition(
        name=name,
        worlds=len(worlds),
        kinds=tuple(_kind(kind, worlds) for kind in KINDS),
        roles=_roles(worlds),
        ring_accounts=_spread(reach),
        honest_members=_spread(members, best_is_low=True),
        seconds=round(median(one.seconds for one in last), 1),
    )


def _spread(parts: Iterable[tuple[float, float]], *, best_is_low: bool = False) -> Spread | None:
    return spread(np.array(list(parts), dtype=float).reshape(-1, 2), best_is_low=best_is_low)


def _kind(kind: str, worlds: Sequence[Measured]) -> Kind:
    named = [[one for one in world.answers[-1].named if one.kind == kind] for world in worlds]
    wrong = [sum(not one.right for one in mine) for mine in named]
    first = [[one for one in mine if one.rank <= CAPACITY] for mine in named]
    targets = [_targets(kind, world) for world in worlds]
    found = [[one for one in mine if _found(kind, one[0], world.answers[-1])] for mine, world in zip(targets, worlds, strict=True)]
    people = [world.staff if kind == "staff" else world.accounts for world in worlds]
    return Kind(
        name=kind,
        guilty=sum(map(len, targets)),
        named=sum(map(len, named)),
        wrong=sum(wrong),
        recall=_spread(zip(map(len, found), map(len, targets), strict=True)),
        value_recall=_spread((_money(one), _money(every)) for one, every in zip(found, targets, strict=True)),
        precision=_spread((len(mine) - bad, len(mine)) for mine, bad in zip(named, wrong, strict=True)),
        at_capacity=_spread((sum(one.right for one in mine), len(mine)) for mine in first),
        honest_per_10000=_spread(((10_000 * bad, many) for bad, many in zip(wrong, people, strict=True)), best_is_low=True),
        false_discoveries=_spread(((bad / max(len(mine), 1), 1) for mine, bad in zip(named, wrong, strict=True)), best_is_low=True),
        lost_before=_lost(kind, worlds, targets),
        days_to_detect=_days(kind, worlds, targets),
    )


Target = tuple[str, tuple[int, ...], tuple[int, ...]]


def _targets(kind: str, world: Measured) -> list[Target]:
    """Who is to be found: everybody and every ring that acted more than once by the year's end; with the times and the money."""
    if kind == "ring":
        return [
            (ring, *_together([one for one in world.culprits if one.ring == ring and one.kind == "account"]))
            for ring in world.rings
        ]
    mine = [one for one in world.culprits if one.kind == kind and len(one.times) >= AGAIN]
    return [(one.subject, one.times, one.amounts) for one in mine]


def _together(members: Sequence[Culprit]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    acts = sorted((time, amount) for one in members for time, amount in zip(one.times, one.amounts, strict=True))
    return tuple(time for time, _ in acts), tuple(amount for _, amount in acts)


def _found(kind: str, name: str, answer: Answer) -> bool:
    """Whether somebody is named; a ring by a list entry that holds half of its accounts and little else."""
    mine = [one for one in answer.named if one.kind == kind]
    if kind == "ring":
        return any(one.ring == name and one.right and one.recall >= 0.5 for one in mine)
    return any(one.subject == name for one in mine)


def _money(targets: Sequence[Target]) -> float:
    return float(sum(sum(amounts) for _, _, amounts in targets))


def _first(kind: str, name: str, world: Measured) -> int | None:
    return next((answer.when for answer in world.answers if _found(kind, name, answer)), None)


def _lost(kind: str, worlds: Sequence[Measured], targets: Sequence[Sequence[Target]]) -> Spread | None:
    """The share of the money that was gone when they were first named; all of it where they never were."""
    if len(worlds[0].answers) < AGAIN:
        return None
    parts = []
    for world, mine in zip(worlds, targets, strict=True):
        gone = 0
        for name, times, amounts in mine:
            when = _first(kind, name, world)
            gone += sum(amount for time, amount in zip(times, amounts, strict=True) if when is None or time <= when)
        parts.append((float(gone), _money(mine)))
    return _spread(parts, best_is_low=True)


def _days(kind: str, worlds: Sequence[Measured], targets: Sequence[Sequence[Target]]) -> float | None:
    """Median days from the first fraud to the first audit that names them, of those who are named."""
    if len(worlds[0].answers) < AGAIN:
        return None
    waits = [
        (when - times[0]) / 86_400_000_000
        for world, mine in zip(worlds, targets, strict=True)
        for name, times, _ in mine
        if (when := _first(kind, name, world)) is not None
    ]
    return round(median(waits), 0) if waits else None


def _roles(worlds: Sequence[Measured]) -> dict[str, tuple[int, int]]:
    counts: dict[str, tuple[int, int]] = {}
    for world in worlds:
        named = {one.subject for one in world.answers[-1].named}
        rings = {one.ring for one in world.answers[-1].named if one.kind == "ring" and one.right}
        for one in world.culprits:
            if len(one.times) < AGAIN and one.role != "taken over":
                continue
            hit = one.subject in named or (one.kind == "account" and bool(one.ring) and one.ring in rings)
            role = f"{one.kind}, {one.role}"
            every, some = counts.get(role, (0, 0))
            counts[role] = every + 1, some + hit
    return dict(sorted(counts.items()))


def calibration(worlds: Sequence[Measured]) -> tuple[Bin, ...]:
    """Whether more bits mean more truth: everybody named in any world, by bits."""
    named = [one for world in worlds for one in world.answers[-1].named]
    bins = []
    for low, high in pairwise(_EDGES):
        mine = [one for one in named if low <= one.bits < high]
        if mine:
            bins.append(Bin(low, min(high, 999.0), len(mine), round(sum(one.right for one in mine) / len(mine), 4)))
    return tuple(bins)


def by_detector(worlds: Sequence[Measured]) -> dict[str, tuple[int, int]]:
    """Per detector how many it names by itself, and how many of them rightly."""
    counts: dict[str, tuple[int, int]] = {}
    for one in (one for world in worlds for one in world.answers[-1].named):
        for detector in one.detectors:
            every, right = counts.get(detector, (0, 0))
            counts[detector] = every + 1, right + one.right
    return dict(sorted(counts.items()))


def wrongly(worlds: Iterable[Measured]) -> dict[str, int]:
    """What the honest who were named look like, and which detectors named them."""
    counts: dict[str, int] = {}
    for one in (one for world in worlds for one in world.answers[-1].named if not one.right):
        what = f"{one.kind}: {one.role} ({', '.join(one.detectors)})"
        counts[what] = counts.get(what, 0) + 1
    return dict(sorted(counts.items(), key=lambda entry: (-entry[1], entry[0])))


def alarms(answers: Sequence[Answer]) -> tuple[Alarm, ...]:
    """The share of honest worlds in which anybody is named: by the product, of each kind, by each detector, and as a refund."""
    detectors = sorted({name for one in answers for name, ran in one.ran.items() if ran})
    return (
        _alarm("the whole product, people", answers, lambda one: bool(one.named)),
        *(_alarm(f"any {kind}", answers, _of_kind(kind)) for kind in KINDS),
        *(_alarm(f"`{name}`", [one for one in answers if one.ran.get(name)], _by(name)) for name in detectors),
        _alarm("any refund above the line", answers, lambda one: one.honest_refunds > 0),
    )


def at_any(answers: Sequence[Answer]) -> Answer:
    """All looks at one world as one: whoever was named at any of them."""
    return msgspec.structs.replace(
        answers[-1],
        named=tuple(one for answer in answers for one in answer.named),
        refunds=tuple(sorted({name for answer in answers for name in answer.refunds})),
        honest_refunds=max(answer.honest_refunds for answer in answers),
        ran={name: any(answer.ran.get(name) for answer in answers) for answer in answers for name in answer.ran},
    )


def _of_kind(kind: str) -> Callable[[Answer], bool]:
    def names(answer: Answer) -> bool:
        return any(kind == one.kind for one in answer.named)

    return names


def _by(detector: str) -> Callable[[Answer], bool]:
    def names(answer: Answer) -> bool:
        return any(detector in one.detectors for one in answer.named)

    return names


def _alarm(name: str, answers: Sequence[Answer], hit: Callable[[Answer], bool]) -> Alarm:
    n, k = len(answers), sum(map(hit, answers))
    upper = 1.0 if k == n else float(stats.beta.ppf(0.975, k + 1, n - k))
    return Alarm(name, n, k, round(k / max(n, 1), 4), round(upper, 4))
