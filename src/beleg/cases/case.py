"""One case: its items and what people did with it, and what follows from both: its state, its money, its deadline."""

from collections.abc import Iterator

from msgspec import Struct, field

from beleg.cases.items import Item
from beleg.facts.kinds.cases import CaseAssignment, CaseNote, CaseOutcome

OPEN = frozenset({"open", "reopened", "second_reading"})


class Event(Struct, frozen=True, kw_only=True):
    """Something that happened to a case, by a person or by itself (then without an actor)."""

    at: int | None
    what: str
    text: str = ""
    actor: str = ""
    fact_id: str = ""


class Case(Struct, kw_only=True):
    """A case as the facts so far make it. `state` is open, second_reading, closed, cleared, reopened or merged.

    A closed case whose grounds change is reopened; an open one that loses all its grounds is cleared; both say because of what.
    """

    id: str
    opened_at: int | None
    items: dict[str, Item] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    notes: list[CaseNote] = field(default_factory=list)
    outcomes: list[CaseOutcome] = field(default_factory=list)
    assignment: CaseAssignment | None = None
    state: str = "open"

    def live(self) -> Iterator[Item]:
        """The items that still say something."""
        return (item for item in self.items.values() if item.live)

    @property
    def is_open(self) -> bool:
        """Whether somebody has to do something."""
        return self.state in OPEN

    @property
    def assignee(self) -> str:
        """Whose it is; empty for nobody's."""
        return (self.assignment.assignee or "") if self.assignment else ""

    @property
    def due_at(self) -> int | None:
        """By when it has to be done: the day somebody set or the law's, whichever comes first."""
        days = [item.deadline for item in self.live() if item.deadline is not None]
        days += [self.assignment.due_at] if self.assignment and self.assignment.due_at is not None else []
        return min(days, default=None)

    @property
    def deadline(self) -> int | None:
        """The first legal deadline of a decision that waits."""
        return min((item.deadline for item in self.live() if item.deadline is not None), default=None)

    @property
    def outcome(self) -> str:
        """What it came to, the newest reading; empty while it is open."""
        return self.outcomes[-1].outcome if self.outcomes and not self.is_open else ""

    @property
    def subjects(self) -> tuple[tuple[str, str], ...]:
        """The kinds and names of everybody and everything it is about, persons and rings first."""
        order = {"ring": 0, "account": 1, "staff": 2}
        found = {(item.subject_kind, item.subject) for item in self.items.values()}
        found |= {(kind, name) for item in self.items.values() for kind, _, name in [key.partition(":") for key in item.behind]}
        return tuple(sorted(found, key=lambda one: (order.get(one[0], 9), *one)))

    def at_stake(self) -> dict[str, int]:
        """The money of what is live, by currency, in minor units: each slice once, whatever the number of its findings.

        Where slices are named, what rings and accounts say of the same money is not added to it.
        """
        named = [item for item in self.live() if item.subject_kind in {"slice", "refund"}]
        most: dict[tuple[str, str], int] = {}
        for item in named or self.live():
            subject = item.subject if named else ""
            most[item.currency, subject] = max(most.get((item.currency, subject), 0), item.amount)
        sums: dict[str, int] = {}
        for (currency, _), amount in sorted(most.items()):
            sums[currency] = sums.get(currency, 0) + amount
        return sums

    @property
    def held(self) -> dict[str, int]:
        """The money of decisions that wait, by currency."""
        sums: dict[str, int] = {}
        for item in self.live():
            if item.kind == "decision":
                sums[item.currency] = sums.get(item.currency, 0) + item.amount
        return sums
