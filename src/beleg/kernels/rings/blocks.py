"""Grows a block of accounts and entities around a seed, and says in bits what it is worth beyond the cost of describing it."""

from math import lgamma, log2
from typing import NamedTuple

import numpy as np

from beleg.kernels.rings.compiled import compiled
from beleg.kernels.rings.graph import Graph, Ints, Longs
from beleg.kernels.rings.null import ONE, STEPS, Null
from beleg.kernels.rings.pairs import Counters, wipe

ROUNDS = 16


class Side(NamedTuple):
    """One side of a block: its nodes, what each is worth, and its links into the block."""

    nodes: Ints
    worth: Longs
    links: Ints


class Block(NamedTuple):
    """Accounts and entities far more linked than chance, with the bits that speak for it: all of them, and what honest life leaves."""

    accounts: Side
    entities: Side
    density: int
    raw: int
    bits: int


@compiled
def grow(seed: Ints, graph: Graph, null: Null, boards: tuple[Counters, Counters]) -> Block:
    """Choose entities for the accounts and accounts for the entities in turn, until nothing changes; keep the best block met."""
    density = STEPS // 2
    accounts = Side(seed, np.zeros(len(seed), np.int64), np.ones(len(seed), np.int32))
    best = Block(accounts, accounts, density, 0, 0)
    last = np.int64(-1)
    for _ in range(ROUNDS):
        entities = linked_entities(accounts.nodes, density, graph, null, boards[1])
        if len(entities.nodes) < 2:
            break
        density = step(entities.links.sum(), len(accounts.nodes) * len(entities.nodes))
        accounts = linked_accounts(entities.nodes, density, graph, null, boards[0])
        if len(accounts.nodes) < 2:
            break
        density = step(accounts.links.sum(), len(accounts.nodes) * len(entities.nodes))
        block = assess(accounts, entities, density, graph, null, boards[0])
        if block.raw > best.raw:
            best = block
        mark = np.int64(block.raw) * 4096 + len(accounts.nodes)
        if mark == last:
            break
        last = mark
    return best


@compiled
def step(links: int, cells: int) -> int:
    """Round a density to the steps it is described in."""
    return int(min(max((links * STEPS + cells // 2) // cells, 2), STEPS - 2))


@compiled
def linked_entities(accounts: Ints, density: int, graph: Graph, null: Null, board: Counters) -> Side:
    """Choose the entities worth having for these accounts."""
    gain = null.on[density] - null.off[density] + link_bits(null)
    used = 0
    for account in accounts:
        begin = graph.account_start[account]
        weight = gain - null.log[graph.degree[account]]
        for i in range(begin, begin + graph.account_length[account]):
            entity = graph.account_pool[i]
            if graph.popularity[entity] < 2 or graph.popularity[entity] > null.cap:
                continue
            if board.hits[entity] == 0:
                board.used[used] = entity
                used += 1
            board.hits[entity] += 1
            board.weight[entity] += weight - null.log[graph.popularity[entity]]
    return choose(board, used, len(accounts) * null.off[density], null.entities)


@compiled
def linked_accounts(entities: Ints, density: int, graph: Graph, null: Null, board: Counters) -> Side:
    """Choose the accounts worth having for these entities."""
    gain = null.on[density] - null.off[density] + link_bits(null)
    used = 0
    for entity in entities:
        begin = graph.entity_start[entity]
        weight = gain - null.log[graph.popularity[entity]]
        for i in range(begin, begin + graph.entity_length[entity]):
            account = graph.entity_pool[i]
            if board.hits[account] == 0:
                board.used[used] = account
                used += 1
            board.hits[account] += 1
            board.weight[account] += weight - null.log[graph.degree[account]]
    return choose(board, used, len(entities) * null.off[density], null.accounts)


@compiled
def link_bits(null: Null) -> int:
    """Give log2 of all links: what a link is worth before the popularity of its two ends is taken off."""
    return int(np.rint(np.log2(null.links) * ONE))


@compiled
def choose(board: Counters, used: int, missing: int, world: int) -> Side:
    """Keep nodes with two links or more that pay for the links they lack and for being named among `world` others.

    Naming the n-th member of a set costs log2(world / n) bits; members join, the best first, for as long as the next one pays.
    """
    worth = np.empty(used, np.int64)
    for i in range(used):
        node = board.used[i]
        worth[i] = board.weight[node] + missing if board.hits[node] >= 2 else np.int64(-1) << 60
    order = np.sort(worth)[::-1]
    size = 0
    while size < used and order[size] > name_bits(size + 1, world):
        size += 1
    least = order[size - 1] if size else np.int64(1) << 60
    size = (worth >= least).sum()
    side = Side(np.empty(size, np.int32), np.empty(size, np.int64), np.empty(size, np.int32))
    place = 0
    for i in range(used):
        if worth[i] >= least:
            node = board.used[i]
            side.nodes[place] = node
            side.worth[place] = worth[i] - name_bits(size, world)
            side.links[place] = board.hits[node]
            place += 1
    wipe(board, used)
    return side


@compiled
def name_bits(size: int, world: int) -> int:
    """Say what naming one more member of a set of this size costs."""
    return int(np.rint(max(np.log2(world / size), 0.0) * ONE))


@compiled
def set_bits(size: int, world: int) -> int:
    """Say what naming a whole set costs: its size, and which of all sets of this size it is."""
    size = min(size, world)
    ways = lgamma(world + 1.0) - lgamma(size + 1.0) - lgamma(world - size + 1.0)
    return int(np.rint((ways / np.log(2.0) + 2.0 * log2(size + 1.0)) * ONE))


@compiled
def assess(accounts: Side, entities: Side, density: int, graph: Graph, null: Null, board: Counters) -> Block:
    """Weigh a block: likelihood ratio of its links, minus its description, minus what one family or one building may explain."""
    entities = recount(accounts.nodes, entities.nodes, density, graph, null, board)
    sizes = (len(accounts.nodes), len(entities.nodes))
    named = set_bits(sizes[0], null.accounts) + set_bits(sizes[1], null.entities) + int(np.rint(ONE * log2(STEPS)))
    raw = int(entities.worth.sum()) + sizes[1] * name_bits(sizes[1], null.entities) - named
    explained = max(top(accounts.worth, null.household), top(entities.worth, null.building))
    return Block(accounts, entities, density, raw, raw - explained)


@compiled
def recount(accounts: Ints, entities: Ints, density: int, graph: Graph, null: Null, board: Counters) -> Side:
    """Count again what each entity is worth, now that the accounts have been chosen."""
    for account in accounts:
        board.hits[account] = 1
    gain = null.on[density] - null.off[density] + link_bits(null)
    lacking = len(accounts) * null.off[density] - name_bits(len(entities), null.entities)
    side = Side(entities, np.full(len(entities), lacking, np.int64), np.zeros(len(entities), np.int32))
    for place in range(len(entities)):
        begin = graph.entity_start[entities[place]]
        weight = gain - null.log[graph.popularity[entities[place]]]
        for i in range(begin, begin + graph.entity_length[entities[place]]):
            account = graph.entity_pool[i]
            if board.hits[account]:
                side.worth[place] += weight - null.log[graph.degree[account]]
                side.links[place] += 1
    for account in accounts:
        board.hits[account] = 0
    return side


@compiled
def top(worth: Longs, size: int) -> int:
    """Add up the largest few."""
    return int(np.sort(worth)[::-1][:size].sum())
