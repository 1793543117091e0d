"""Every case, derived by folding the ledger's facts in their order: fed once or bit by bit, the answer is the same."""

from collections.abc import Iterable, Iterator

from beleg.cases.case import Case, Event
from beleg.cases.items import Item, of_decision, of_finding
from beleg.cases.joins import Joins
from beleg.cases.sampling import Sampling
from beleg.facts.base import Fact
from beleg.facts.kinds.cases import CaseAssignment, CaseMerge, CaseNote, CaseOutcome, CaseSplit
from beleg.facts.kinds.findings import Finding
from beleg.facts.kinds.gate import Decision

TABLES = ("findings", "decisions", "case_merges", "case_splits", "case_assignments", "case_notes", "case_outcomes")


class Book:
    """The cases so far. A fact that was seen before changes nothing."""

    def __init__(self, sampling: Sampling) -> None:
        self._sampling = sampling
        self._joins = Joins()
        self._cases: dict[str, Case] = {}
        self._case_of: dict[str, str] = {}
        self._place: dict[str, str] = {}
        self._seen: set[str] = set()
        self._changed: set[str] = set()

    def add(self, fact: Fact, accounts: Iterable[str | None] = ()) -> None:
        """Take in the next fact; `accounts` are those behind a finding, from the facts it rests on."""
        if fact.id in self._seen:
            return
        self._seen.add(fact.id)
        match fact:
            case Finding():
                self._item(of_finding(fact, accounts))
            case Decision():
                self._item(of_decision(fact))
            case CaseMerge() | CaseSplit() | CaseAssignment() | CaseNote() | CaseOutcome() if self._joins.knows(fact.case_id):
                self._person(self._cases[self._joins.case(fact.case_id)], fact)
            case _:
                pass

    def _person(self, case: Case, fact: CaseMerge | CaseSplit | CaseAssignment | CaseNote | CaseOutcome) -> None:
        self._changed.add(case.id)
        match fact:
            case CaseMerge():
                self._merge(case, fact)
            case CaseSplit():
                self._split(case, fact)
            case CaseAssignment():
                self._assign(case, fact)
            case CaseNote():
                self._note(case, fact)
            case CaseOutcome():
                self._close(case, fact)

    def __len__(self) -> int:
        return len(self._cases)

    def __iter__(self) -> Iterator[Case]:
        return iter(self._cases.values())

    def changed(self) -> frozenset[str]:
        """The names of the cases that changed, or ended, since this was last asked."""
        changed, self._changed = frozenset(self._changed), set()
        return changed

    def get(self, name: str) -> Case | None:
        """The case of that name, or the one it was merged into."""
        return self._cases.get(self._joins.case(name)) if self._joins.knows(name) else None

    def of_item(self, item_id: str) -> Case | None:
        """The case a finding or decision is in."""
        name = self._case_of.get(item_id)
        return None if name is None else self.get(name)

    def _item(self, item: Item) -> None:
        before = self._place.get(item.same)
        self._place[item.same] = item.id
        if before is not None:
            return self._follow(item, before)
        name, ended = self._joins.add(item.id, item.behind)
        case = self._cases.setdefault(name, Case(id=name, opened_at=item.at))
        for other in ended:
            self._move(self._cases[other], case, Event(at=item.at, what="joined", text=item.id))
        self._hold(case, item)
        if item.live:
            self._grounds_changed(case, item, "new")
        return None

    def _follow(self, item: Item, before: str) -> None:
        """A later fact about the same thing stands where the earlier one stood."""
        case = self._cases[self._joins.case(self._case_of[before])]
        was = case.items.pop(before)
        self._hold(case, item)
        if was.live and not item.live:
            self._grounds_changed(case, item, "answered" if item.kind == "decision" else "withdrawn")
        elif item.live and not was.live:
            self._grounds_changed(case, item, "new")
        else:
            case.events.append(Event(at=item.at, what="renewed", text=item.says, fact_id=item.id))

    def _hold(self, case: Case, item: Item) -> None:
        case.items[item.id] = item
        self._case_of[item.id] = case.id
        self._changed.add(case.id)

    def _grounds_changed(self, case: Case, item: Item, what: str) -> None:
        case.events.append(Event(at=item.at, what=what, text=item.because or item.says, fact_id=item.id))
        left = any(case.live())
        if case.state in {"closed", "cleared"} and (what == "new" or (what == "withdrawn" and case.state == "closed")):
            self._turn(case, "reopened", item)
        elif case.is_open and not left:
            self._turn(case, "cleared", item)

    def _turn(self, case: Case, state: str, item: Item) -> None:
        case.state = state
        case.events.append(Event(at=item.at, what=state, text=item.because or item.says, fact_id=item.id))

    def _move(self, case: Case, into: Case, event: Event) -> None:
        """Everything of one case goes into another; what was closed and meets new grounds is open again."""
        self._changed |= {case.id, into.id}
        into.items |= case.items
        self._case_of |= dict.fromkeys(case.items, into.id)
        into.notes += case.notes
        into.events = sorted([*into.events, *case.events], key=lambda one: one.at or 0)
        into.events.append(event)
        into.assignment = into.assignment or case.assignment
        if case.is_open and not into.is_open:
            into.state = "reopened"
        del self._cases[case.id]

    def _merge(self, case: Case, fact: CaseMerge) -> None:
        into = self.get(fact.into)
        if into is None or into is case:
            return
        self._joins.merge(case.id, into.id)
        self._move(case, into, Event(at=fact.known_at, what="merged", text=fact.why, actor=fact.actor, fact_id=fact.id))

    def _split(self, case: Case, fact: CaseSplit) -> None:
        item = case.items.pop(fact.item_id, None)
        if item is None:
            return
        name = self._joins.open(fact.into)
        into = self._cases.setdefault(name, Case(id=name, opened_at=fact.known_at))
        self._hold(into, item)
        event = Event(at=fact.known_at, what="split", text=fact.why, actor=fact.actor, fact_id=fact.id)
        into.events.append(event)
        case.events.append(event)
        if case.is_open and not any(case.live()):
            self._turn(case, "cleared", item)

    def _assign(self, case: Case, fact: CaseAssignment) -> None:
        case.assignment = fact
        who = fact.assignee or ""
        case.events.append(Event(at=fact.known_at, what="assigned", text=who, actor=fact.actor, fact_id=fact.id))

    def _note(self, case: Case, fact: CaseNote) -> None:
        case.notes.append(fact)
        case.events.append(Event(at=fact.known_at, what="noted", text=fact.text, actor=fact.actor, fact_id=fact.id))

    def _close(self, case: Case, fact: CaseOutcome) -> None:
        if fact.reading == "second" and (case.state != "second_reading" or fact.actor == case.outcomes[-1].actor):
            return
        if fact.reading == "first" and not case.is_open:
            return
        case.outcomes.append(fact)
        case.state = "second_reading" if fact.reading == "first" and self._sampling.picks(case.id, fact.id) else "closed"
        case.events.append(
            Event(at=fact.known_at, what=f"{fact.reading}_reading", text=fact.why, actor=fact.actor, fact_id=fact.id)
        )
