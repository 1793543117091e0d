"""Cuts off what hangs on a block by one account or one entity, as the colleagues or the family of a single member do."""

import numpy as np
import numpy.typing as npt

from beleg.kernels.rings.compiled import compiled
from beleg.kernels.rings.group import Ints, Longs
from beleg.kernels.rings.shapes import Ground

Flags = npt.NDArray[np.bool_]


@compiled
def core(accounts: Ints, entities: Ints, ground: Ground) -> Ints:
    """Give the accounts that are left when no single account or entity holds the block together.

    Where one does, the part with the most links stays, with the one that held it; two equal parts both stay.
    """
    ends = links_within(accounts, entities, ground)
    nodes = len(accounts) + len(entities)
    alive = np.ones(ends.shape[1], np.bool_)
    holding = cut_nodes(ends, nodes)  # leaving out parts makes no new ones
    last = len(alive) + 1
    while alive.sum() < last:
        last = alive.sum()
        for node in range(nodes):
            if holding[node]:
                alive = largest_part(node, ends, alive, nodes)
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
def cut_nodes(ends: Ints, nodes: int) -> Flags:
    """Tell which nodes the links fall apart without (Hopcroft and Tarjan's articulation points); all, if they already are."""
    first, near = beside(ends, nodes)
    place = first[:-1].copy()
    met = np.zeros(nodes, np.int32)
    low = np.zeros(nodes, np.int32)
    above = np.full(nodes, -1, np.int32)
    cuts = np.zeros(nodes, np.bool_)
    below_root, node = 0, np.int64(0)
    met[0] = low[0] = count = 1
    while node >= 0:
        if place[node] < first[node + 1]:
            other = near[place[node]]
            place[node] += 1
            if met[other]:
                low[node] = min(low[node], met[other])
            else:
                count += 1
                above[other] = node
                met[other] = low[other] = count
                below_root += node == 0
                node = np.int64(other)
        else:
            parent = np.int64(above[node])
            if parent > 0:
                cuts[parent] |= low[node] >= met[parent]
            if parent >= 0:
                low[parent] = min(low[parent], low[node])
            node = parent
    cuts[0] = below_root > 1
    return cuts if count == nodes else np.ones(nodes, np.bool_)


@compiled
def beside(ends: Ints, nodes: int) -> tuple[Longs, Ints]:
    """List the nodes beside each node."""
    first = np.zeros(nodes + 1, np.int64)
    for end in ends.ravel():
        first[end + 1] += 1
    first = np.cumsum(first)
    place = first[:-1].copy()
    near = np.empty(2 * ends.shape[1], np.int32)
    for i in range(ends.shape[1]):
        for side in range(2):
            node = ends[side, i]
            near[place[node]] = ends[1 - side, i]
            place[node] += 1
    return first, near


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
