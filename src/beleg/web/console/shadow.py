"""What a policy tried beside the one in force would have said, request by request, as the gate wrote it down at the time."""

from collections import Counter
from collections.abc import Iterable

import msgspec
from msgspec import Struct, field

from beleg.facts.kinds.gate import Decision
from beleg.gate.live.written import Shadowed

ANSWERS = ("release", "hold", "review")


class _Shadow(Struct):
    """The part of a decision's arithmetic that is of use here."""

    shadow: Shadowed | None = None


class Tried(Struct, frozen=True):
    """A request that both policies answered at the same moment, over the same facts; the amount in minor units."""

    request_id: str
    slice_id: str
    policy: str
    shadow: str
    said: str
    would: str
    amount: int
    currency: str


class Compared(Struct):
    """All requests that one policy and one shadow both answered: how many, how much money, and those they differ on."""

    policy: str
    shadow: str
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    money: dict[tuple[str, str], dict[str, int]] = field(default_factory=dict)
    differ: list[Tried] = field(default_factory=list)

    def add(self, one: Tried) -> None:
        """Count one more."""
        pair = (one.said, one.would)
        self.counts[pair] += 1
        sums = self.money.setdefault(pair, {})
        sums[one.currency] = sums.get(one.currency, 0) + one.amount
        if one.said != one.would:
            self.differ.append(one)

    def later(self) -> list[Tried]:
        """Those that were released at once, and that the shadow would have kept waiting."""
        return [one for one in self.differ if one.said == "release"]

    def sooner(self) -> list[Tried]:
        """Those that waited, and that the shadow would have released at once."""
        return [one for one in self.differ if one.would == "release"]


class Shadows:
    """Comparisons so far, by the first answer of each request, which is the one its customer met."""

    def __init__(self) -> None:
        self._seen: set[str] = set()
        self.compared: dict[tuple[str, str], Compared] = {}

    def add(self, decision: Decision) -> None:
        """Take in the next decision."""
        if decision.request_id in self._seen or '"shadow":{' not in (decision.arithmetic or ""):
            return
        try:
            said = msgspec.json.decode(decision.arithmetic or "", type=_Shadow).shadow
        except msgspec.DecodeError:
            return
        if said is None:
            return
        self._seen.add(decision.request_id)
        one = Tried(
            decision.request_id, decision.slice_id, decision.policy, said.policy, decision.outcome, said.answer, decision.amount,
            decision.currency,
        )  # fmt: skip
        pair = (one.policy, one.shadow)
        self.compared.setdefault(pair, Compared(*pair)).add(one)


def sums(tried: Iterable[Tried]) -> dict[str, int]:
    """The money of these requests, by currency, in minor units."""
    found: dict[str, int] = {}
    for one in tried:
        found[one.currency] = found.get(one.currency, 0) + one.amount
    return found
