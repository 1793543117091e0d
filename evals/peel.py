"""The densest block of a whole graph, popular entities weighing less: FRAUDAR's greedy peel, exact, on what a bound leaves."""

import heapq
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from beleg.kernels.rings.compiled import compiled, suited_to
from beleg.kernels.rings.graph import Graph, Identifiers, build, names, read_links
from beleg.kernels.rings.group import Ints, Longs
from beleg.kernels.rings.null import ONE

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Dense:
    """A dense block: its accounts, its entities, and the weight of its links per node."""

    accounts: Identifiers
    entities: Identifiers
    density: float


class Weighted(NamedTuple):
    """A graph of accounts and, numbered after them, entities; a link weighs what its entity does."""

    graph: Graph
    weight: Longs


def densest(links: pa.Table) -> Dense:
    """Find the block that taking away the least linked node, again and again, meets at its densest.

    A link to an entity with d accounts weighs 1 / log(d + 5), so that a crowd of honest links does not hide a block
    (Hooi et al., FRAUDAR, KDD 2016). Of equally linked nodes the one that came first in the table is taken, accounts first.
    """
    read = read_links(links)
    with suited_to(links.num_rows):
        accounts, entities, density = peel(weigh_links(build(read)))
    return Dense(names(read.account_ids, accounts), names(read.entity_ids, entities), density / ONE)


def weigh_links(graph: Graph) -> Weighted:
    """Give each entity's links their weight, in whole numbers."""
    weight = np.rint(ONE / np.log(graph.popularity.astype(np.float64) + 5.0))
    return Weighted(graph, weight.astype(np.int64))


def peel(graph: Weighted) -> tuple[Ints, Ints, float]:
    """Bound, prune, and peel exactly what is left: never less dense than peeling everything node by node.

    In the block that greedy peeling ends with, no node has less weight than the block's density: were one to, leaving it out
    would be denser still. So with any block in hand, nodes with less than its density go first; what they leave is peeled to the
    same end, unless the block in hand is denser than that.
    """
    first = len(graph.graph.degree)
    held, bound = best_core(graph)
    weights = node_weights(graph)
    alive = weights > 0
    drop_below(graph, bound, weights, alive)
    total = int(weights[:first][alive[:first]].sum())
    order, removed = peel_exactly(graph, weights, alive)
    block, density = held, bound
    if len(order):
        densities = (total - np.concatenate([[0], np.cumsum(removed)[:-1]])) / np.arange(len(order), 0, -1)
        at = int(np.argmax(densities))
        if densities[at] >= bound:
            block, density = np.sort(order[at:]), float(densities[at])
    return block[block < first], block[block >= first] - np.int32(first), density


def best_core(graph: Weighted) -> tuple[Ints, float]:
    """Give the densest of the cores in which every node has some least weight, the least growing in steps."""
    weights = node_weights(graph)
    alive = weights > 0
    best, held, least = 0.0, alive.copy(), 0.0
    while alive.any():
        density = density_of(weights, alive)
        if density > best:
            best, held = density, alive.copy()
        least = max(1.2 * least, density)
        drop_below(graph, least, weights, alive)
    return np.nonzero(held)[0].astype(np.int32), best


@compiled
def node_weights(graph: Weighted) -> Longs:
    """Add up the weights of every node's links."""
    links = graph.graph
    first = len(links.degree)
    weights = np.zeros(first + len(links.popularity), np.int64)
    for account in range(first):
        begin = links.account_start[account]
        for i in range(begin, begin + links.account_length[account]):
            weights[account] += graph.weight[links.account_pool[i]]
    for entity in range(len(links.popularity)):
        weights[first + entity] = graph.weight[entity] * links.popularity[entity]
    return weights


@compiled
def density_of(weights: Longs, alive: Flags) -> float:
    """Give the weight of the links left per node left; each link is counted at both of its ends."""
    total = nodes = 0
    for node in range(len(weights)):
        if alive[node]:
            total += weights[node]
            nodes += 1
    return total / 2 / nodes if nodes else 0.0


@compiled
def drop_below(graph: Weighted, bound: float, weights: Longs, alive: Flags) -> bool:
    """Take away every node with less weight than the bound, and those that fall below it by that; say whether there were any."""
    waiting = np.empty(len(weights), np.int32)
    size = 0
    for node in range(len(weights)):
        if alive[node] and weights[node] < bound:
            alive[node] = False
            waiting[size] = node
            size += 1
    place = 0
    while place < size:
        near, lost = neighbours(graph, waiting[place])
        for i in range(len(near)):
            other = near[i]
            if alive[other]:
                weights[other] -= lost[i]
                if weights[other] < bound:
                    alive[other] = False
                    waiting[size] = other
                    size += 1
        place += 1
    return size > 0


@compiled
def neighbours(graph: Weighted, node: int) -> tuple[Ints, Longs]:
    """List the nodes linked to this one, and what each link weighs."""
    links = graph.graph
    first = len(links.degree)
    if node < first:
        entities = links.account_pool[links.account_start[node] : links.account_start[node] + links.account_length[node]]
        return entities + np.int32(first), graph.weight[entities]
    entity = node - first
    begin = links.entity_start[entity]
    near = links.entity_pool[begin : begin + links.entity_length[entity]].copy()
    return near, np.full(len(near), graph.weight[entity])


@compiled
def peel_exactly(graph: Weighted, weights: Longs, alive: Flags) -> tuple[Ints, Longs]:
    """Take away the node with the least weight, the first of equals, until none is left; say in which order and at what loss."""
    heap = [(weights[node], np.int64(node)) for node in range(len(weights)) if alive[node]]
    heapq.heapify(heap)
    order = np.empty(len(heap), np.int32)
    removed = np.empty(len(heap), np.int64)
    size = 0
    while heap:
        weight, node = heapq.heappop(heap)
        if not alive[node] or weight != weights[node]:
            continue
        alive[node] = False
        order[size], removed[size] = node, weight
        size += 1
        near, lost = neighbours(graph, int(node))
        for i in range(len(near)):
            if alive[near[i]]:
                weights[near[i]] -= lost[i]
                heapq.heappush(heap, (weights[near[i]], np.int64(near[i])))
    return order, removed
