"""What a ring that has read the code still takes: by what it learned, and as a curve over how careful it is."""

from collections.abc import Sequence

import msgspec
import numpy as np

from evals.people_audits import Measured
from evals.tables import Spread, spread


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One step of the attacker's learning; money in the shop's currencies added as they stand, per month of the year.

    attempted: all that the ring is refunded. unnamed: of that, refunds that no audit names. kept: refunds that no audit names, of
    accounts and by staff whom no audit before had named, by themselves or with their ring. found: share of rings found.
    """

    name: str
    worlds: int
    frauds: float
    attempted: float
    unnamed: float
    kept: float
    kept_share: Spread | None
    rings_named: Spread | None
    accounts_named: Spread | None


def step(name: str, worlds: Sequence[Measured]) -> Step:
    """The figures of one step."""
    sums = np.array([_world(one) for one in worlds])
    months = np.array([one.months for one in worlds])
    per_month = (sums[:, 1:4] / 100 / months[:, None]).mean(axis=0)
    found = [(sum(_named(one, ring) for ring in one.rings), len(one.rings)) for one in worlds]
    members = [_members(one) for one in worlds]
    return Step(
        name=name,
        worlds=len(worlds),
        frauds=round(float(sums[:, 0].mean()), 1),
        attempted=round(float(per_month[0])),
        unnamed=round(float(per_month[1])),
        kept=round(float(per_month[2])),
        kept_share=spread(sums[:, [3, 1]], best_is_low=True),
        rings_named=spread(np.array(found, dtype=float)),
        accounts_named=spread(np.array(members, dtype=float)),
    )


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """One point of the curve: what a ring takes of whose refunds this share (`care`) leaves no contradiction.

    Money per month of the year, the median of the worlds and the worst of them. kept: as a step's. gated: what of it the gate would
    have released. listed: the share of all refunds of the ring that the audit lists as unsupported. accounts: that the ring used
    per refund.
    """

    care: float
    worlds: int
    attempted: float
    kept: tuple[float, float]
    kept_share: tuple[float, float]
    gated: tuple[float, float]
    gated_share: tuple[float, float]
    listed: float
    accounts: float


def point(care: float, worlds: Sequence[Measured]) -> Point:
    """The figures of one point."""
    sums = np.array([_world(one) for one in worlds])
    gated = np.array([_gated(one) for one in worlds])
    months = np.array([one.months for one in worlds])
    whole, kept = sums[:, 1], sums[:, 3]
    used = [len({row[2] for row in one.slices}) / max(len(one.slices), 1) for one in worlds]
    told = [len(one.listed) / max(len(one.slices), 1) for one in worlds]
    return Point(
        care=care,
        worlds=len(worlds),
        attempted=float(np.median(whole / months)) / 100,
        kept=_median_worst(kept / months / 100),
        kept_share=_median_worst(kept / np.maximum(whole, 1)),
        gated=_median_worst(gated / months / 100),
        gated_share=_median_worst(gated / np.maximum(whole, 1)),
        listed=float(np.median(told)),
        accounts=float(np.median(used)),
    )


def _median_worst(values: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> tuple[float, float]:
    return float(np.median(values)), float(values.max())


def _gated(one: Measured) -> float:
    """The money kept that the gate, asked before it was paid, would have released; minor units."""
    refunds, released = set(one.answers[-1].refunds), set(one.released or ())
    return float(sum(
        amount
        for name, ring, account, actor, when, amount in one.slices
        if name in released and name not in refunds and not _stopped(one, ring, account, actor, when)
    ))  # fmt: skip


def _world(one: Measured) -> tuple[float, float, float, float]:
    """How many frauds, and the money attempted, unnamed and kept, in minor units."""
    refunds = set(one.answers[-1].refunds)
    attempted = unnamed = kept = 0
    for name, ring, account, actor, when, amount in one.slices:
        attempted += amount
        unnamed += amount if name not in refunds else 0
        kept += amount if name not in refunds and not _stopped(one, ring, account, actor, when) else 0
    return float(len(one.slices)), float(attempted), float(unnamed), float(kept)


def _stopped(one: Measured, ring: str, account: str, actor: str, when: int) -> bool:
    """Whether an audit before had named the account, its ring, or the member of staff."""
    return any(
        named.subject in {account, actor} - {""} or (named.kind == "ring" and named.ring == ring and named.right)
        for answer in one.answers
        if answer.when < when
        for named in answer.named
    )


def _named(one: Measured, ring: str) -> bool:
    return any(named.kind == "ring" and named.ring == ring and named.right for named in one.answers[-1].named)


def _members(one: Measured) -> tuple[int, int]:
    """How many of the rings' accounts are named by themselves, of how many."""
    accounts = {account for _, _, account, _, _, _ in one.slices}
    return len(accounts & {named.subject for named in one.answers[-1].named}), len(accounts)
