"""Accounts, rings and members of staff as the report shows them: the graph with its tables, the reasons in words, the timeline."""

from collections.abc import Iterable
from math import floor, log10
from string import ascii_uppercase
from typing import NamedTuple

from markupsafe import Markup
from msgspec.structs import replace

from beleg.audit.result import AuditResult, Basis, Moment, Subject, Subjects, Tie
from beleg.draw.graph import Node, graph
from beleg.report import view
from beleg.report.figures import NONE, counted, plain
from beleg.report.words import words

PAGES = 50  # of each kind; the rest stay in result.json
DRAWN = 100  # members in one graph, and half as many things shared: one printed page

KINDS = {
    "ring": ("Rings", "Accounts that share more, and rarer, things than chance, one family or one building explains."),
    "account": ("Accounts", "Customers whose refunds, claims or contacts are out of line with those of comparable customers."),
    "staff": ("Members of staff", "People whose records lack proofs, or meet a ring, more than their peers' do."),
}


class Member(NamedTuple):
    """One account of a subject's graph: its number there, and the letters of what it shares."""

    number: int
    anchor: str
    name: str
    shares: tuple[str, ...]


class Shared(NamedTuple):
    """One thing that ties accounts: its letter in the graph, how many members have it, and what that many are worth."""

    letter: str
    anchor: str
    kind: str
    name: str
    members: int
    bits: float


class Page(NamedTuple):
    """One subject, ready to be laid out."""

    subject: Subject
    anchor: str
    why: str
    graph: Markup | None
    members: tuple[Member, ...]
    shared: tuple[Shared, ...]
    when: Markup | None
    moments: tuple[Moment, ...]
    more_moments: int


class Group(NamedTuple):
    """All subjects of one kind."""

    kind: str
    name: str
    meaning: str
    pages: tuple[Page, ...]
    more: int
    ran: int


def groups(result: AuditResult) -> list[Group]:
    """Rings, accounts and, where they were asked for, members of staff; a kind without anybody is there, and empty."""
    every = result.subjects
    found = {"ring": every.rings, "account": every.accounts} | ({} if every.staff is None else {"staff": every.staff})
    return [
        Group(kind, *KINDS[kind], tuple(page(one) for one in mine[:PAGES]), max(len(mine) - PAGES, 0), _ran(every, kind))
        for kind, mine in found.items()
    ]


def _ran(subjects: Subjects, kind: str) -> int:
    return sum(run.ran for run in subjects.detectors if run.about == kind)


def without_staff(result: AuditResult) -> AuditResult:
    """The answer with all that is about staff taken out, and no name on a member of staff in anybody's graph."""
    kept = replace(
        result.subjects,
        rings=tuple(unnamed_staff(one) for one in result.subjects.rings),
        accounts=tuple(unnamed_staff(one) for one in result.subjects.accounts),
        staff=None,
        too_few=tuple(one for one in result.subjects.too_few if one.kind != "staff"),
    )
    return replace(result, staff=None, staff_note="", subjects=kept)


def unnamed_staff(subject: Subject) -> Subject:
    """A subject whose graph names no member of staff."""
    people = sorted({tie.entity for tie in subject.ties if tie.kind == "staff"})
    number = {name: f"unnamed-{place}" for place, name in enumerate(people, 1)}
    ties = tuple(replace(tie, entity=number[tie.entity]) if tie.kind == "staff" else tie for tie in subject.ties)
    return replace(subject, ties=ties)


def page(subject: Subject) -> Page:
    """One subject's page."""
    anchor = f"{subject.kind}-{subject.rank}"
    shared = _shared(anchor, subject.ties)
    members = _members(anchor, subject.members, subject.ties, shared)
    drawn = _graph(subject, members, shared) if subject.ties else None
    return Page(subject, anchor, summary(subject), drawn, members, shared, *view.moments(subject.timeline))


def summary(subject: Subject) -> str:
    """The strongest reason in a few words."""
    best = max(subject.reasons, key=lambda basis: (basis.passes, basis.bits), default=None)
    return counted_measure(best) if best else ""


def counted_measure(basis: Basis) -> str:
    """What was counted: 38 refunds without proofs, where 2.1 are expected."""
    return f"{figure(basis.observed)} {words(basis.measure)}, where {figure(basis.expected)} are expected"


def figure(number: float) -> str:
    """A count, or a mean that may be a fraction."""
    if number and abs(number) < 0.1:
        return f"{number:.1g}"
    return f"{number:,.1f}".removesuffix(".0")


def held_against(basis: Basis) -> str:
    """The group a subject was compared with."""
    peers = counted(basis.peers, "peer") if basis.peers else ""
    return " of ".join(part for part in (peers, plain(words(basis.stratum, empty=""))) if part) or "what chance gives"


_RARE = "less than 1 in a billion"


def odds(basis: Basis) -> str:
    """How often chance alone does as much: 1 in 12,000; an e-value gives a bound."""
    if basis.p is not None:
        return one_in(basis.p)
    if basis.e_bits is None:
        return NONE
    chance = one_in(2.0 ** -max(basis.e_bits, 0.0))
    return chance if chance == _RARE else f"at most {chance}"


def one_in(chance: float) -> str:
    """A chance as a ratio of two digits' precision."""
    if chance < 1e-9:
        return _RARE
    ratio = max(1 / min(chance, 1.0), 1.0)
    size = 10 ** max(floor(log10(ratio)) - 1, 0)
    return f"1 in {round(ratio / size) * size:,}"


def by_chance(bits: float) -> str:
    """The same for a tie, from its bits."""
    return one_in(2.0 ** -max(bits, 0.0))


def _members(anchor: str, named: Iterable[str], ties: Iterable[Tie], shared: Iterable[Shared]) -> tuple[Member, ...]:
    letters = {(one.kind, one.name): one.letter for one in shared}
    met: dict[str, set[str]] = {name: set() for name in named}
    for tie in ties:
        met.setdefault(tie.account, set()).add(letters[tie.kind, tie.entity])
    most = sorted(met.items(), key=lambda item: (-len(item[1]), item[0]))
    listed = [(name, tuple(sorted(has, key=lambda one: (len(one), one)))) for name, has in most]
    return tuple(Member(number, f"{anchor}-m{number}", *row) for number, row in enumerate(listed, 1))


def _shared(anchor: str, ties: Iterable[Tie]) -> tuple[Shared, ...]:
    met: dict[tuple[str, str], list[Tie]] = {}
    for tie in ties:
        met.setdefault((tie.kind, tie.entity), []).append(tie)
    found = [(kind, name, len({tie.account for tie in mine}), max(tie.bits for tie in mine)) for (kind, name), mine in met.items()]
    best = sorted(found, key=lambda row: (-row[3], row[0], row[1]))
    return tuple(Shared(letter(number), f"{anchor}-e{number}", *row) for number, row in enumerate(best, 1))


def letter(number: int) -> str:
    """The n-th letter from 1: A to Z, then AA, AB and so on."""
    last = ascii_uppercase[(number - 1) % 26]
    return last if number <= 26 else letter((number - 1) // 26) + last


def _graph(subject: Subject, members: tuple[Member, ...], shared: tuple[Shared, ...]) -> Markup:
    spots = {one.name: _member_node(one, subject.kind) for one in members[:DRAWN]}
    bars = {(one.kind, one.name): _shared_node(one) for one in shared[: DRAWN // 2]}
    links = [
        (spots[tie.account].key, bars[tie.kind, tie.entity].key)
        for tie in subject.ties
        if tie.account in spots and (tie.kind, tie.entity) in bars
    ]
    said = f"{counted(len(members), 'member')} and {counted(len(shared), 'thing')} they share; the tables below say the same"
    return graph(tuple(spots.values()), tuple(bars.values()), links, said)


def _member_node(member: Member, kind: str) -> Node:
    return Node(member.anchor, f"{member.number} {_tail(member.name)}", str(member.number), kind, f"#{member.anchor}")


def _shared_node(thing: Shared) -> Node:
    name = f"{plain(words(thing.kind), 16)} {thing.letter} {_tail(thing.name)}"
    kind = "staff" if thing.kind == "staff" else "thing"
    return Node(thing.anchor, name, f"{plain(words(thing.kind), 8)} {thing.letter}", kind, f"#{thing.anchor}")


def _tail(name: str) -> str:
    """The beginning of a pseudonym's own part, enough to find it in the table."""
    return plain(name.rpartition("-")[2][:8])
