"""Which closed cases a second person reads, drawn so that nobody can know beforehand; and how often that one disagrees."""

import hmac
from collections.abc import Iterable
from hashlib import sha256

from msgspec import Struct

from beleg.cases.case import Case


class Sampling(Struct, frozen=True):
    """A share of all outcomes, drawn by a keyed hash: the same facts and key always draw the same ones."""

    key: bytes
    share: float = 0.1

    def picks(self, case_id: str, outcome_id: str) -> bool:
        """Whether this outcome is read a second time."""
        drawn = hmac.new(self.key, f"{case_id}/{outcome_id}".encode(), sha256).digest()
        return int.from_bytes(drawn[:8], "big") < self.share * 2**64


class Overturned(Struct, frozen=True):
    """So many outcomes were read twice, and so many of those came out otherwise."""

    read: int
    overturned: int


def overturned(cases: Iterable[Case]) -> Overturned:
    """How often the second reader disagreed with the first."""
    pairs = [
        (first.outcome, second.outcome)
        for case in cases
        for first, second in zip(case.outcomes, case.outcomes[1:], strict=False)
        if second.reading == "second"
    ]
    return Overturned(len(pairs), sum(first != second for first, second in pairs))
