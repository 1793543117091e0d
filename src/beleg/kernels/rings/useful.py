"""Cuts a graph down to the links that a ring can use, and numbers what is left anew, so that neighbours stand close together."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from beleg.kernels.rings.compiled import compiled
from beleg.kernels.rings.graph import Graph
from beleg.kernels.rings.group import Grouped, Ints, Longs, group, sort

Flags = npt.NDArray[np.bool_]


class Useful(NamedTuple):
    """The graph that is left, and which accounts and entities of the whole one its numbers stand for.

    Lists of entities stand the rarest first.
    """

    graph: Graph
    accounts: Ints
    entities: Ints


class Left(NamedTuple):
    """Links on their way down: entities of each account one list after the other, with numbers of their own."""

    accounts: Ints
    ends: Longs
    pool: Ints
    entities: Ints
    counts: Ints


def keep_useful(tied: Grouped, cap: int) -> Useful:
    """Leave out links that no block can hold: to entities too popular, or to nodes left with fewer than two links.

    Args:
        tied: the accounts of every entity that has two or more, but for those that are too popular whatever the cap.
        cap: of accounts that an entity may have.
    """
    sizes = np.diff(tied.ends)
    numbers = np.repeat(np.arange(len(tied.keys), dtype=np.int32), sizes)
    pool = tied.pool
    if (sizes > cap).any():
        fit = np.repeat(sizes <= cap, sizes)
        pool, numbers = pool[fit], numbers[fit]
    of_account = group([(pool, numbers)], len(tied.counts), len(tied.keys), 1, len(tied.keys))
    left = Left(of_account.keys, of_account.ends, of_account.pool, tied.keys, of_account.counts)
    size = len(left.accounts)
    while (rest := _cut(left, size)) < size:
        size = rest
    return _compact(tied, left, size)


@compiled
def _cut(left: Left, size: int) -> int:
    """Drop accounts and entities left with fewer than two links, going through the accounts once; say how many stay.

    What is left moves together where it stands. All accounts staying, no entity can have lost one: then it is done.
    """
    counts, pool = left.counts, left.pool
    stay, place, begin = 0, np.int64(0), np.int64(0)
    for account in range(size):
        end = left.ends[account + 1]
        kept = place
        for i in range(begin, end):
            entity = pool[i]
            if counts[entity] >= 2:
                pool[kept] = entity
                kept += 1
            else:
                counts[entity] -= 1
        if kept < place + 2:
            for i in range(place, kept):
                counts[pool[i]] -= 1
            kept = place
        else:
            left.accounts[stay] = left.accounts[account]
            stay += 1
        begin, place = end, kept
        left.ends[stay] = place
    return stay


def _compact(tied: Grouped, left: Left, size: int) -> Useful:
    """Number accounts by the largest group they are in, and entities in the order these accounts come to them."""
    popularity = tied.length[left.entities]
    order = _together(left, size, popularity)
    start, pool, number = _renumber(left, order, popularity)
    known = np.nonzero(number >= 0)[0]
    entities = np.empty(len(known), np.int32)
    entities[number[known]] = left.entities[known]
    counts = np.empty(len(known), np.int32)
    counts[number[known]] = left.counts[known]
    accounts = left.accounts[order]
    length = np.diff(start).astype(np.int32)
    ours = np.repeat(np.arange(size, dtype=np.int32), length)
    turned = group([(pool, ours)], len(known), size, 1, size)
    degree, whole = tied.counts[accounts], tied.length[entities]
    return Useful(Graph(degree, whole, start[:-1], length, pool, turned.ends[:-1], counts, turned.pool), accounts, entities)


@compiled
def _together(left: Left, size: int, popularity: Ints) -> Ints:
    """Order the accounts by the most popular entity they have."""
    group = np.empty(size, np.int32)
    place = np.zeros(len(popularity) + 1, np.int64)
    for account in range(size):
        most = left.pool[left.ends[account]]
        for entity in left.pool[left.ends[account] : left.ends[account + 1]]:
            if popularity[entity] > popularity[most]:
                most = entity
        group[account] = most
        place[most + 1] += 1
    for entity in range(len(popularity)):
        place[entity + 1] += place[entity]
    order = np.empty(size, np.int32)
    for account in range(size):
        order[place[group[account]]] = account
        place[group[account]] += 1
    return order


@compiled
def _renumber(left: Left, order: Ints, popularity: Ints) -> tuple[Longs, Ints, Ints]:
    """Write the lists in this order, the rarest entity first; say which number each entity has now, -1 for those gone."""
    start = np.empty(len(order) + 1, np.int64)
    pool = np.empty(left.ends[len(order)], np.int32)
    number = np.full(len(popularity), -1, np.int32)
    keys = np.empty(8, np.int64)
    known, place = 0, np.int64(0)
    for account in range(len(order)):
        start[account] = place
        one = left.pool[left.ends[order[account]] : left.ends[order[account] + 1]]
        if len(one) > len(keys):
            keys = np.empty(2 * len(one), np.int64)
        for i in range(len(one)):
            if number[one[i]] < 0:
                number[one[i]] = known
                known += 1
            keys[i] = np.int64(popularity[one[i]]) << 32 | number[one[i]]
        sort(keys[: len(one)])
        for i in range(len(one)):
            pool[place] = keys[i] & 0xFFFFFFFF
            place += 1
    start[len(order)] = place
    return start, pool, number
