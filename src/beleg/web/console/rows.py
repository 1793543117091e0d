"""The list of cases, kept ready: a row for each, made anew when its case changes, sorted when somebody looks."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping

from msgspec import Struct

from beleg.cases.book import Book
from beleg.cases.case import Case

FAR = 2**62  # where a case without a day stands in the order of days
ORDERS = ("deadline", "money", "newest")
STATES = ("open", "closed", "cleared", "all")


class Row(Struct, frozen=True):
    """One case as a list shows it."""

    case: Case
    id: str
    state: str
    is_open: bool
    assignee: str
    due_at: int
    opened_at: int
    worth: float
    held: dict[str, int]
    subjects: tuple[tuple[str, str], ...]


class Rows:
    """All rows; `of` leads from a subject to the cases about it."""

    def __init__(self, rate: Callable[[str], float]) -> None:
        self._rate = rate
        self._rows: dict[str, Row] = {}
        self._of: dict[tuple[str, str], set[str]] = defaultdict(set)
        self._held: set[str] = set()
        self._sorted: dict[tuple[str, str, str | None], list[Row]] = {}

    def update(self, book: Book) -> None:
        """Make the rows of the cases that changed anew."""
        changed = book.changed()
        for name in changed:
            if (old := self._rows.pop(name, None)) is not None:
                for subject in old.subjects:
                    self._of[subject].discard(name)
            self._held.discard(name)
            case = book.get(name)
            if case is not None and case.id == name:
                self._rows[name] = self._row(case)
                if self._rows[name].held and self._rows[name].is_open:
                    self._held.add(name)
                for subject in self._rows[name].subjects:
                    self._of[subject].add(name)
        if changed:
            self._sorted.clear()

    def of(self, kind: str, name: str) -> list[Case]:
        """The cases about this subject, the newest first."""
        found = [self._rows[one] for one in self._of.get((kind, name), ())]
        return [row.case for row in sorted(found, key=lambda row: (-row.opened_at, row.id))]

    def listed(self, state: str = "open", order: str = "deadline", assignee: str | None = None) -> list[Row]:
        """The rows in a state, of one assignee if named, in an order."""
        asked = (state, order, assignee)
        if asked not in self._sorted:
            kept = [row for row in self._rows.values() if _in(row, state) and assignee in {None, row.assignee}]
            self._sorted[asked] = sorted(kept, key=_KEYS[order])
        return self._sorted[asked]

    def waiting(self) -> list[Row]:
        """The open rows with requests that wait for an answer."""
        return [self._rows[name] for name in self._held]

    def find(self, words: str) -> Iterable[Row]:
        """The rows whose name begins so."""
        return (row for name, row in self._rows.items() if name.startswith(words))

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Row]:
        return iter(self._rows.values())

    def _row(self, case: Case) -> Row:
        return Row(
            case, case.id, case.state, case.is_open, case.assignee, case.due_at or FAR, case.opened_at or 0,
            worth(case.at_stake(), self._rate), case.held, case.subjects,
        )  # fmt: skip


def worth(sums: Mapping[str, int], rate: Callable[[str], float]) -> float:
    """Money of several currencies as one number to sort by; a rate is a currency's worth in the report's."""
    return sum(amount * rate(currency) for currency, amount in sums.items())


def _in(row: Row, state: str) -> bool:
    return state == "all" or (row.is_open if state == "open" else row.state == state)


_KEYS: dict[str, Callable[[Row], tuple[float | str, ...]]] = {
    "deadline": lambda row: (row.due_at, -row.worth, row.id),
    "money": lambda row: (-row.worth, row.due_at, row.id),
    "newest": lambda row: (-row.opened_at, row.id),
}
