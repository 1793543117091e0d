"""Tells which accounts cannot be the start of a ring, by counting from above and never too low, so that few are looked at."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from beleg.kernels.rings.compiled import compiled, side_by_side, workers
from beleg.kernels.rings.graph import Graph
from beleg.kernels.rings.group import Ints, Longs
from beleg.kernels.rings.shapes import Start

Flags = npt.NDArray[np.bool_]

# Accounts with more entities than this have too many marks to tell them apart by, and are counted one by one.
LONG = 40


class Later(NamedTuple):
    """Who each entity leads on from: `listed[first[entity] : first[entity + 1]]` have later ones too, of which there are marks."""

    first: Longs
    listed: Ints
    marks: Longs


def worth_starting(graph: Graph, starts: tuple[Start, Start], lenient: Flags) -> Flags:
    """Tell which accounts may be starts: enough entities and accounts around them, and enough partners that share two entities."""
    need = partners_needed(graph, starts, lenient)
    later = later_marks(graph)
    sizes = np.diff(later.first)
    pairs = np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes * sizes)])
    cuts = np.searchsorted(pairs, pairs[-1] * np.arange(workers() + 1) // workers())
    cuts[-1] = len(sizes)
    counted = side_by_side(lambda low, high: count_partners(graph, need, later, (low, high)), cuts[:-1].tolist(), cuts[1:].tolist())
    return count_from_long((need > 0), sum(counted, need), graph)


@compiled
def partners_needed(graph: Graph, starts: tuple[Start, Start], lenient: Flags) -> Ints:
    """Say how many partners each account must have; 0 where ties or accounts reached are too few whatever the partners."""
    need = np.zeros(len(graph.account_length), np.int32)
    for account in range(len(need)):
        start = starts[1] if lenient[account] else starts[0]
        begin = graph.account_start[account]
        ties, reached = 0, 0
        for entity in graph.account_pool[begin : begin + graph.account_length[account]]:
            ties += graph.entity_length[entity] >= 3
            reached += graph.entity_length[entity] - 1
        if ties >= start.ties and reached >= start.reached:
            need[account] = start.partners
    return need


@compiled
def count_partners(graph: Graph, need: Ints, later: Later, entities: tuple[int, int]) -> Ints:
    """Count down by one for every account that shares two entities, one of them among these, for as long as any is needed."""
    first, listed, marks = later
    taken = np.zeros(len(need), np.int32)
    near = np.empty(len(graph.account_length), np.int32)
    for entity in range(entities[0], entities[1]):
        for i in range(first[entity], first[entity + 1]):
            one = listed[i]
            for j in near[: alike(marks, i, first[entity + 1], near)]:
                other = listed[i + j]
                if (need[one] + taken[one] > 0 or need[other] + taken[other] > 0) and share_later(graph, one, other, entity):
                    taken[one] -= 1
                    taken[other] -= 1
    return taken


@compiled
def alike(marks: Longs, place: int, end: int, near: Ints) -> int:
    """List how far on those are that have a bit in common with this place, in both marks; say how many there are."""
    later, again = marks[place]
    size = 0
    for j in range(1, end - place):
        near[size] = j
        size += (marks[place + j, 0] & later != 0) & (marks[place + j, 1] & again != 0)
    return size


@compiled
def count_from_long(hopeful: Flags, need: Ints, graph: Graph) -> Flags:
    """Count down for accounts with long lists, and tell who has all that was needed."""
    hits = np.zeros(len(need), np.int32)
    for account in range(len(need)):
        if graph.account_length[account] > LONG:
            count_from(account, graph, need, hits)
    return hopeful & (need <= 0)


@compiled
def later_marks(graph: Graph) -> Later:
    """List the accounts of each entity, but for those it is the last of, with two marks of a bit for each of their later ones.

    Lists stand in one order, so two accounts that share two entities share one that is not the last of either, and later ones.
    """
    first = np.zeros(len(graph.entity_length) + 1, np.int64)
    for account in range(len(graph.account_length)):
        if graph.account_length[account] <= LONG:
            begin = graph.account_start[account]
            for entity in graph.account_pool[begin : begin + graph.account_length[account] - 1]:
                first[entity + 1] += 1
    for entity in range(len(graph.entity_length)):
        first[entity + 1] += first[entity]
    place = first[:-1].copy()
    listed = np.empty(first[-1], np.int32)
    marks = np.empty((first[-1], 2), np.int64)
    for account in range(len(graph.account_length)):
        if graph.account_length[account] > LONG:
            continue
        begin = graph.account_start[account]
        later, again = np.int64(0), np.int64(0)
        for i in range(begin + graph.account_length[account] - 1, begin, -1):
            one, two = bits_of(graph.account_pool[i])
            later, again = later | one, again | two
            entity = graph.account_pool[i - 1]
            listed[place[entity]] = account
            marks[place[entity], 0], marks[place[entity], 1] = later, again
            place[entity] += 1
    return Later(first, listed, marks)


@compiled
def bits_of(entity: int) -> tuple[int, int]:
    """Give the bit of an entity in each of two marks."""
    mixed = (np.int64(entity) + 1) * 1_103_515_245 % 2_147_483_647
    return int(np.int64(1) << mixed % 63), int(np.int64(1) << mixed // 63 % 63)


@compiled
def share_later(graph: Graph, one: int, other: int, entity: int) -> bool:
    """Tell whether two accounts share an entity that comes after this one in their lists."""
    i = graph.account_start[one] + graph.account_length[one] - 1
    last = graph.account_start[other] + graph.account_length[other] - 1
    while graph.account_pool[i] != entity:
        j = last
        while graph.account_pool[j] != entity:
            if graph.account_pool[i] == graph.account_pool[j]:
                return True
            j -= 1
        i -= 1
    return False


@compiled
def count_from(account: int, graph: Graph, need: Ints, hits: Ints) -> None:
    """Take off one for every account that shares two entities with this one, going through all it has."""
    begin = graph.account_start[account]
    mine = graph.account_pool[begin : begin + graph.account_length[account]]
    for entity in mine:
        for other in graph.entity_pool[graph.entity_start[entity] : graph.entity_start[entity] + graph.entity_length[entity]]:
            hits[other] += 1
            if hits[other] == 2 and other != account:
                need[account] -= 1
                need[other] -= 1
    for entity in mine:
        for other in graph.entity_pool[graph.entity_start[entity] : graph.entity_start[entity] + graph.entity_length[entity]]:
            hits[other] = 0
