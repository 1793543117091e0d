"""Cuts off what hangs on a block by one account or one entity, as the colleagues or the family of a single member do."""

import numpy as np
import numpy.typing as npt

from beleg.kernels.rings.compiled import compiled
from beleg.kernels.rings.graph import Ints, Longs
from beleg.kernels.rings.shapes import Ground

Flags = npt.NDArray[np.bool_]


@compiled
def core(accounts: Ints, entities: Ints, ground: Ground) -> Ints:
    """Give the accounts that are left when no single account or entity holds the block together.

    Where one does, the part with the most links stays, with the one that held it; two equal parts both stay.
    """
    ends = links_within(accounts, entities, ground)
    alive = np.ones(ends.shape[1], np.bool_)
    cut = True
    while cut:
        cut = False
        for node in range(len(accounts) + len(entities)):
            keeps = largest_part(node, ends, alive, len(accounts) + len(entities))
            if keeps.sum() < alive.sum():
                alive = keeps
                cut = True
    linked = np.zeros(len(accounts), np.bool_)
    for i in range(ends.shape[1]):
        if alive[i]:
            linked[ends[0, i]] = True
    return accounts[linked]


@compiled
def links_within(accounts: Ints, entities: Ints, ground: Ground) -> Ints:
    """List the links of a block by the places of their ends: accounts first, entities after them."""
    way = ground.to_accounts
    for place in range(len(accounts)):
        ground.accounts.hits[accounts[place]] = place + 1
    most = 0
    for entity in entities:
        most += way.length[entity]
    ends = np.empty((2, most), np.int32)
    size = 0
    for place in range(len(entities)):
        begin = way.start[entities[place]]
        for i in range(begin, begin + way.length[entities[place]]):
            if ground.accounts.hits[way.pool[i]]:
                ends[0, size] = ground.accounts.hits[way.pool[i]] - 1
                ends[1, size] = len(accounts) + place
                size += 1
    for account in accounts:
        ground.accounts.hits[account] = 0
    return ends[:, :size].copy()


@compiled
def largest_part(node: int, ends: Ints, alive: Flags, nodes: int) -> Flags:
    """Give the links that stay if the block falls apart without this node; all of them if it does not."""
    parent = np.arange(nodes)
    for i in range(len(alive)):
        if alive[i] and ends[0, i] != node and ends[1, i] != node:
            parent[root(parent, ends[0, i])] = root(parent, ends[1, i])
    sizes = np.zeros(nodes, np.int64)
    for i in range(len(alive)):
        if alive[i] and ends[0, i] != node and ends[1, i] != node:
            sizes[root(parent, ends[0, i])] += 1
    most = sizes.max()
    stays = alive.copy()
    for i in range(len(alive)):
        inner = ends[1, i] if ends[0, i] == node else ends[0, i]
        if alive[i] and sizes[root(parent, inner)] < most:
            stays[i] = False
    return stays


@compiled
def root(parent: Longs, node: int) -> int:
    """Find the one that stands for the part a node is in."""
    while parent[node] != node:
        parent[node] = parent[parent[node]]
        node = parent[node]
    return node
