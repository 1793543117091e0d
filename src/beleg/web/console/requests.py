"""What became of requests for money that the gate once kept waiting: released in the end, refused, or waiting still."""

from collections.abc import Iterable
from statistics import median

from msgspec import Struct

from beleg.cases.items import WAITING
from beleg.facts.kinds.gate import Decision


class Kept(Struct):
    """A request that was held or reviewed: since when, its money in minor units, its newest answer and when that came."""

    since: int
    amount: int
    currency: str
    outcome: str
    at: int


class Requests:
    """All requests that ever waited, by the answers so far."""

    def __init__(self) -> None:
        self._kept: dict[str, Kept] = {}

    def add(self, decision: Decision) -> None:
        """Take in the next answer."""
        at, was = decision.known_at or 0, self._kept.get(decision.request_id)
        if was is not None:
            was.outcome, was.at = decision.outcome, at
        elif decision.outcome in WAITING:
            self._kept[decision.request_id] = Kept(at, decision.amount, decision.currency, decision.outcome, at)

    def ended(self, outcome: str) -> list[Kept]:
        """Those that waited and came to this."""
        return [one for one in self._kept.values() if one.outcome == outcome]


def money(kept: Iterable[Kept]) -> dict[str, int]:
    """Their money, by currency, in minor units."""
    sums: dict[str, int] = {}
    for one in kept:
        sums[one.currency] = sums.get(one.currency, 0) + one.amount
    return sums


def waited(kept: Iterable[Kept]) -> float | None:
    """How long they waited, in hours, at the median; nothing where there are none."""
    hours = [(one.at - one.since) / 3_600_000_000 for one in kept]
    return median(hours) if hours else None
