"""Finds groups whom rare things tie together and of whom more are marked than chance puts among people so tied."""

from collections.abc import Iterable

import numpy as np
import pyarrow as pa

from beleg.kernels.columns import Flags, Ints, tabled
from beleg.kernels.tails import binomial_tail

_COLUMNS: list[tuple[str, pa.DataType]] = [("group", pa.int64()), ("account", pa.int64()), ("p", pa.float64())]
COMPANIONS = pa.schema(_COLUMNS)

# A household's things are shared by so many accounts; what more of them share ties nobody here.
_RARE = 6

# Two may be one household to which one thing happened.
_FEWEST = 3


def companions(links: pa.Table, marks: pa.Table, among: Ints) -> pa.Table:
    """Find the groups.

    Were marks dealt out to people without regard to what ties them, a circle of people who are tied, one to the next, would get as
    many as its size brings. Circles of two can hold no group and are no test. Each account counts with a day of its own, on which
    no other of the group was marked: what befell several on one day befell them once.

    Args:
        links: account, entity; whole numbers.
        marks: account, day; the days (whole numbers) on which an account was marked.
        among: the accounts that might have been marked, each once; all that are, too.

    Returns:
        `COMPANIONS`: a row per member, groups in order of their first account; p has paid for all circles that were looked at.
    """
    account, entity = (np.asarray(links[name], dtype=np.int64) for name in ("account", "entity"))
    marked = np.unique(np.asarray(marks["account"], dtype=np.int64))
    people = int(max(account.max(initial=-1), among.max(initial=-1), marked.max(initial=-1))) + 1
    rare = np.isin(np.bincount(entity)[entity], np.arange(2, _RARE + 1)) if len(entity) else np.zeros(0, dtype=np.bool_)
    circle = _circles(account, entity, rare & _flags(among, people)[account], people)
    size = np.bincount(circle[among], minlength=people)
    group = _circles(account, entity, rare & _flags(marked, people)[account], people)
    days = _days(marks)
    found: list[tuple[int, int, float]] = []
    tests = int((size >= _FEWEST).sum())
    for members in _groups(marked, group):
        apart = _apart([days[one] for one in members])
        if apart >= _FEWEST:
            told = [np.array([float(number)]) for number in (apart, size[circle[members[0]]], len(marked) / len(among))]
            found += [(members[0], one, min(1.0, tests * float(binomial_tail(*told)[0]))) for one in members]
    return tabled(COMPANIONS, list(zip(*found, strict=True)) or [[], [], []])


def _flags(some: Ints, people: int) -> Flags:
    flags = np.zeros(people, dtype=np.bool_)
    flags[some] = True
    return flags


def _circles(account: Ints, entity: Ints, kept: Flags, people: int) -> Ints:
    """The least account of everybody's circle: those whom the links that are kept tie together, one to the next."""
    order = np.lexsort((account[kept], entity[kept]))
    who, what = account[kept][order], entity[kept][order]
    same = what[1:] == what[:-1]
    one, other = who[:-1][same], who[1:][same]
    least = np.arange(people, dtype=np.int64)
    while (least[one] != least[other]).any():
        low = np.minimum(least[one], least[other])
        for side in (one, other):
            np.minimum.at(least, least[side], low)
        while (least[least] != least).any():
            least = least[least]
    return least


def _days(marks: pa.Table) -> dict[int, set[int]]:
    days: dict[int, set[int]] = {}
    for row in marks.to_pylist():
        days.setdefault(row["account"], set()).add(row["day"])
    return days


def _groups(marked: Ints, group: Ints) -> Iterable[list[int]]:
    together: dict[int, list[int]] = {}
    for one in marked.tolist():
        together.setdefault(int(group[one]), []).append(one)
    return (members for members in together.values() if len(members) >= _FEWEST)


def _apart(days: list[set[int]]) -> int:
    """How many of them can be given a day each that no other is given; whoever has fewest days chooses first."""
    taken: set[int] = set()
    for mine in sorted(days, key=lambda mine: (len(mine), sorted(mine))):
        free = sorted(mine - taken)
        taken.update(free[:1])
    return len(taken)
