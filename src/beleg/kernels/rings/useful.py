"""Cuts a graph down to the links that a ring can use, and numbers what is left anew, so that neighbours stand close together."""

from typing import NamedTuple

import numpy as np

from beleg.kernels.rings.compiled import compiled, even, side_by_side
from beleg.kernels.rings.graph import Graph
from beleg.kernels.rings.group import Grouped, Ints, Listed, turn


class Useful(NamedTuple):
    """The graph that is left, and which accounts and entities of the whole one its numbers stand for.

    Lists of entities stand the rarest first.
    """

    graph: Graph
    accounts: Ints
    entities: Ints


class Ends(NamedTuple):
    """How many links each account and each listed entity has left, and the exclusive or of the numbers at their other ends.

    A node with a single link names its other end by that, so that no list is looked at to cut it off.
    """

    accounts: Ints
    entities: Ints


def keep_useful(tied: Grouped, cap: int) -> Useful:
    """Leave out links that no block can hold: to entities too popular, or to nodes left with fewer than two links.

    Accounts are numbered by the largest group they are in, and entities in the order these accounts come to them.

    Args:
        tied: the accounts of every entity that has two or more; its lists are used up.
        cap: of accounts that an entity may have.
    """
    ends = add_up(tied, cap)
    strip(ends)
    order = np.nonzero(ends.entities[:, 0])[0]
    order = order[np.argsort(tied.sizes[order].astype(np.uint16 if cap < 1 << 16 else np.int32), kind="stable")]
    popularity, kept = tied.sizes[order], ends.entities[order, 0]
    lists = Listed(tied.starts[order], popularity, tied.pool)
    accounts, number = _by_largest(_largest(lists, len(tied.counts)), ends.accounts, len(order))
    side_by_side(lambda span: _rename(lists, span, number), even(popularity))
    of_account = turn(lists._replace(sizes=kept), ends.accounts[accounts, 0])
    place = _as_met(of_account.pool, len(order))
    entities, whole, left = np.empty_like(kept), np.empty_like(kept), np.empty_like(kept)
    entities[place], whole[place], left[place] = tied.keys[order], popularity, kept
    of_entity = turn(of_account, left)
    return Useful(Graph(tied.counts[accounts], whole, *of_account, *of_entity), accounts, entities)


def add_up(tied: Grouped, cap: int) -> Ends:
    """Add up the links of every node, but for those to entities with more than so many accounts."""
    entities = np.zeros((len(tied.keys), 2), np.int32)
    accounts = len(tied.counts)
    parts = side_by_side(lambda span: _add_up(tied, (*span, cap), np.zeros((accounts, 2), np.int32), entities), even(tied.sizes))
    for one in parts[1:]:
        parts[0][:, 0] += one[:, 0]
        parts[0][:, 1] ^= one[:, 1]
    return Ends(parts[0], entities)


@compiled
def _add_up(tied: Grouped, which: tuple[int, int, int], accounts: Ints, entities: Ints) -> Ints:
    first, last, cap = which
    for entity in range(first, last):
        if tied.sizes[entity] <= cap:
            entities[entity, 0] = tied.sizes[entity]
            for account in tied.pool[tied.starts[entity] : tied.starts[entity] + tied.sizes[entity]]:
                accounts[account, 0] += 1
                accounts[account, 1] ^= entity
                entities[entity, 1] ^= account
    return accounts


@compiled
def strip(ends: Ends) -> None:
    """Take away the links of nodes that have a single one, for as long as there are any."""
    accounts, entities = ends
    for first in range(len(accounts)):
        account = np.int64(first)
        while accounts[account, 0] == 1:
            entity = np.int64(accounts[account, 1])
            accounts[account, 0] = 0
            entities[entity, 0] -= 1
            entities[entity, 1] ^= account
            if entities[entity, 0] == 1:
                account = np.int64(entities[entity, 1])
                entities[entity, 0] = 0
                accounts[account, 0] -= 1
                accounts[account, 1] ^= entity


def _largest(lists: Listed, accounts: int) -> Ints:
    """Name the last list that each account is in."""
    found = side_by_side(lambda span: _last_list(lists, span, np.zeros(accounts, np.int32)), even(lists.sizes))
    for one in found[1:]:
        np.maximum(found[0], one, out=found[0])
    return found[0]


@compiled
def _last_list(lists: Listed, span: tuple[int, int], last: Ints) -> Ints:
    for one in range(span[0], span[1]):
        for account in lists.pool[lists.starts[one] : lists.starts[one] + lists.sizes[one]]:
            last[account] = one
    return last


@compiled
def _by_largest(largest: Ints, ends: Ints, lists: int) -> tuple[Ints, Ints]:
    """Order the accounts that are left by the lists named, the last first; say which number each has by that, -1 for the rest."""
    place = np.zeros(lists + 1, np.int32)
    for account in range(len(largest)):
        place[largest[account]] += ends[account, 0] > 0
    known = 0
    for one in range(lists, -1, -1):
        known, place[one] = known + place[one], known
    accounts, number = np.empty(known, np.int32), np.full(len(largest), -1, np.int32)
    for account in range(len(largest)):
        if ends[account, 0] > 0:
            number[account] = place[largest[account]]
            accounts[number[account]] = account
            place[largest[account]] += 1
    return accounts, number


@compiled
def _rename(lists: Listed, span: tuple[int, int], number: Ints) -> None:
    """Write lists in other numbers, leaving out what has none."""
    for one in range(span[0], span[1]):
        size = lists.starts[one]
        for i in range(lists.starts[one], lists.starts[one] + lists.sizes[one]):
            lists.pool[size] = number[lists.pool[i]]
            size += lists.pool[size] >= 0


@compiled
def _as_met(pool: Ints, numbers: int) -> Ints:
    """Write numbers in the order they are met; say which each is now."""
    place = np.full(numbers, -1, np.int32)
    known = 0
    for i in range(len(pool)):
        if place[pool[i]] < 0:
            place[pool[i]] = known
            known += 1
        pool[i] = place[pool[i]]
    return place
