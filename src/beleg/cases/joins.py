"""Which case an item is in: items with a person or a ring in common are one case, unless somebody merged or split."""

from collections.abc import Iterable
from hashlib import sha256


class Joins:
    """Fed item by item, in the ledger's order; the older of two cases that meet goes on, and the other's name leads to it."""

    def __init__(self) -> None:
        self._into: dict[str, str] = {}
        self._age: dict[str, int] = {}
        self._of_key: dict[str, str] = {}

    def add(self, item_id: str, behind: Iterable[str]) -> tuple[str, tuple[str, ...]]:
        """The case of a new item, and the cases that end because the item ties them to it."""
        behind = tuple(behind)
        met = sorted({self.case(self._of_key[key]) for key in behind if key in self._of_key}, key=self._age.__getitem__)
        case = met[0] if met else self.open(name_of(item_id))
        for other in met[1:]:
            self._into[other] = case
        self._of_key |= dict.fromkeys(behind, case)
        return case, tuple(met[1:])

    def open(self, name: str) -> str:
        """A new case of that name; one that is there already stays as it is."""
        self._age.setdefault(name, len(self._age))
        return self.case(name)

    def merge(self, case: str, into: str) -> None:
        """What was in one case is in the other from now on."""
        case, into = self.case(case), self.case(into)
        if case != into:
            self._into[case] = into

    def knows(self, name: str) -> bool:
        """Whether a case of that name was ever opened."""
        return name in self._age

    def case(self, name: str) -> str:
        """The case that a name leads to, through all merges."""
        steps = [name]
        while steps[-1] in self._into:
            steps.append(self._into[steps[-1]])
        self._into |= dict.fromkeys(steps[:-2], steps[-1])
        return steps[-1]


def name_of(item_id: str) -> str:
    """A case's name, from its first item: the same facts give the same names everywhere."""
    return f"case-{sha256(item_id.encode()).hexdigest()[:12]}"
