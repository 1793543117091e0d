"""Places a graph of members and what they share: members on both sides, what is shared between them, few lines crossing."""

from bisect import bisect_left, insort
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

ROUNDS = 12


class Places(NamedTuple):
    """Who stands where, from the top down in each of three columns, and how many lines cross."""

    left: tuple[str, ...]
    middle: tuple[str, ...]
    right: tuple[str, ...]
    crossings: int


def place(members: Iterable[str], shared: Iterable[str], links: Iterable[tuple[str, str]]) -> Places:
    """Order the columns by the mean place of the neighbours, in turn, and keep the order with the fewest crossings.

    The answer depends on the names and the links alone, never on the order they come in.

    Args:
        members: the names of the members; each stands on one of the sides.
        shared: the names of what they share.
        links: pairs of a member and what it shares; a pair with an unknown name is an error.
    """
    partners: dict[str, list[str]] = {name: [] for name in sorted({*members})}
    holders: dict[str, list[str]] = {name: [] for name in sorted({*shared})}
    for member, thing in sorted(set(links)):
        partners[member].append(thing)
        holders[thing].append(member)
    middle = sorted(holders, key=lambda name: (-len(holders[name]), name))
    best: Places | None = None
    for _ in range(ROUNDS):
        sides = _order(partners, _ranks(middle))
        found = Places(tuple(sides[::2]), tuple(middle), tuple(sides[1::2]), 0)
        found = found._replace(crossings=sum(crossings(side, middle, partners) for side in (found.left, found.right)))
        if best is None or found.crossings < best.crossings:
            best = found
        middle = _order(holders, _ranks(sides))
    return best or Places((), (), (), 0)


def _ranks(names: Sequence[str]) -> dict[str, int]:
    return {name: rank for rank, name in enumerate(names)}


def _order(linked: Mapping[str, Sequence[str]], rank: Mapping[str, int]) -> list[str]:
    def mean(name: str) -> float:
        return sum(rank[other] for other in linked[name]) / len(linked[name]) if linked[name] else float(len(rank))

    return sorted(linked, key=lambda name: (mean(name), name))


def crossings(side: Sequence[str], middle: Sequence[str], partners: Mapping[str, Sequence[str]]) -> int:
    """How many pairs of lines cross between two columns."""
    rank, met, count = _ranks(middle), list[int](), 0
    for name in side:
        ends = sorted(rank[other] for other in partners[name])
        count += sum(len(met) - bisect_left(met, end + 1) for end in ends)
        for end in ends:
            insort(met, end)
    return count
