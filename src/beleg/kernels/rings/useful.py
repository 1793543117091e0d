"""Cuts a graph down to the links that a ring can use, and numbers what is left anew, so that neighbours stand close together."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from beleg.kernels.rings.compiled import compiled
from beleg.kernels.rings.graph import Adjacency, Graph, Ints, Longs, sort, turn

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


def keep_useful(lists: Adjacency, cap: int) -> Useful:
    """Leave out links that no block can hold: to entities too popular, or to nodes left with fewer than two links."""
    able = (lists.popularity >= 2) & (lists.popularity <= cap)
    left = _first_cut(lists, able, int(lists.popularity[able].sum(dtype=np.int64)))
    size = len(left.accounts)
    while (rest := _cut(left, size)) < size:
        size = rest
    return _compact(lists, left, size)


@compiled
def _first_cut(lists: Adjacency, able: Flags, room: int) -> Left:
    """Keep the links to entities that may link anyone, of the accounts that have two of them."""
    number = np.zeros(len(able), np.int32)
    accounts = np.empty(len(lists.start), np.int32)
    ends = np.zeros(len(lists.start) + 1, np.int64)
    pool = np.empty(room, np.int32)
    entities = np.empty(min(len(able), room), np.int32)
    counts = np.zeros(min(len(able), room), np.int32)
    place, size, known = np.int64(0), 0, 0
    for account in range(len(lists.start)):
        one = lists.pool[lists.start[account] : lists.start[account] + lists.length[account]]
        useful = 0
        for entity in one:
            useful += able[entity]
        if useful < 2:
            continue
        for entity in one:
            if able[entity]:
                if number[entity] == 0:
                    entities[known] = entity
                    known += 1
                    number[entity] = known
                counts[number[entity] - 1] += 1
                pool[place] = number[entity] - 1
                place += 1
        accounts[size] = account
        size += 1
        ends[size] = place
    return Left(accounts[:size].copy(), ends[: size + 1].copy(), pool, entities[:known].copy(), counts[:known].copy())


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


def _compact(lists: Adjacency, left: Left, size: int) -> Useful:
    """Number accounts by the largest group they are in, and entities in the order these accounts come to them."""
    popularity = lists.popularity[left.entities]
    order = _together(left, size, popularity)
    start, pool, number = _renumber(left, order, popularity)
    known = np.nonzero(number >= 0)[0]
    entities = np.empty(len(known), np.int32)
    entities[number[known]] = left.entities[known]
    counts = np.empty(len(known), np.int32)
    counts[number[known]] = left.counts[known]
    accounts = left.accounts[order]
    length = np.diff(start).astype(np.int32)
    first, listed = turn(Adjacency(start, length, pool, counts))
    degree = lists.length[accounts]
    return Useful(Graph(degree, lists.popularity[entities], start[:-1], length, pool, first, counts, listed), accounts, entities)


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
