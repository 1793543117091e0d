"""How long closed cases took, as those who closed them say; a case of which somebody did not say is counted, never guessed."""

from collections.abc import Iterable
from statistics import median

from msgspec import Struct

from beleg.cases.case import Case


class Effort(Struct, frozen=True):
    """So many cases whose every reading came with its minutes, what those add up to per case, and the cases without."""

    minutes: tuple[int, ...]
    without: int

    @property
    def stated(self) -> int:
        """The cases that count."""
        return len(self.minutes)

    @property
    def median(self) -> float | None:
        """Minutes for a case at the median; nothing where nobody said."""
        return median(self.minutes) if self.minutes else None

    def per_case(self, hour: int) -> int | None:
        """What a case cost on average, in minor units, an hour costing so many; nothing where nobody said."""
        return round(sum(self.minutes) * hour / 60 / len(self.minutes)) if self.minutes else None


def effort(cases: Iterable[Case]) -> Effort:
    """What these cases took; all readings of a case add up, the second one's and those before it was opened again."""
    stated, without = [], 0
    for case in cases:
        said = [one.minutes for one in case.outcomes if one.minutes is not None]
        if said and len(said) == len(case.outcomes):
            stated.append(sum(said))
        else:
            without += 1
    return Effort(tuple(sorted(stated)), without)
