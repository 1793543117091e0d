"""Grows a block of accounts and entities around a seed, and says in bits what it is worth beyond the cost of describing it."""

from math import lgamma, log, log2

import numpy as np

from beleg.kernels.rings.compiled import compiled
from beleg.kernels.rings.group import Ints, Longs
from beleg.kernels.rings.null import ONE, STEPS
from beleg.kernels.rings.shapes import Block, Counters, Ground, Side, Way, wipe
from beleg.kernels.rings.trim import core

ROUNDS = 16
HALF = STEPS // 2


@compiled
def first_entities(seed: Ints, ground: Ground) -> Side:
    """Choose the entities a seed starts from; blocks that start from the same ones end the same."""
    return linked(seed, HALF, ground, ground.to_entities)


@compiled
def grow(entities: Side, ground: Ground) -> Block:
    """Choose accounts for the entities and entities for the accounts in turn, until nothing changes; keep the best block met."""
    density = HALF
    best = Block(entities, entities, density, 0, 0, 0)
    last = np.int64(-1)
    for _ in range(ROUNDS):
        accounts = linked(entities.nodes, density, ground, ground.to_accounts)
        if len(accounts.nodes) < 2:
            break
        density = step(accounts.links.sum(), len(accounts.nodes) * len(entities.nodes))
        block = assess(accounts.nodes, entities.nodes, density, ground)
        if block.raw > best.raw:
            best = block
        mark = np.int64(block.raw) * 4096 + len(accounts.nodes)
        if mark == last:
            break
        last = mark
        entities = linked(accounts.nodes, density, ground, ground.to_entities)
        if len(entities.nodes) < 2:
            break
        density = step(entities.links.sum(), len(accounts.nodes) * len(entities.nodes))
    return best


@compiled
def tighten(block: Block, ground: Ground) -> Block:
    """Cut off what hangs on by one account or one entity, choose the entities anew, and weigh what is left."""
    if block.raw <= 0 or len(block.entities.nodes) <= ground.null.building:  # chance, or one building: nothing to save
        return block
    for _ in range(4):
        kept = core(block.accounts.nodes, block.entities.nodes, ground)
        if len(kept) == len(block.accounts.nodes) or len(kept) < 2:
            break
        near = linked(kept, block.density, ground, ground.to_entities)
        if len(near.nodes) < 2:
            break
        block = assess(kept, near.nodes, step(near.links.sum(), len(kept) * len(near.nodes)), ground)
    return block


@compiled
def step(links: int, cells: int) -> int:
    """Round a density to the steps it is described in."""
    return int(min(max((links * STEPS + cells // 2) // cells, 2), STEPS - 2))


@compiled
def linked(nodes: Ints, density: int, ground: Ground, way: Way) -> Side:
    """Choose the nodes of the other side that are worth having for these."""
    null = ground.null
    board = ground.accounts if way.inward else ground.entities
    gain = null.on[density] - null.off[density] + null.whole
    used = 0
    for node in nodes:
        begin = way.start[node]
        weight = gain - null.log[way.here[node]]
        for i in range(begin, begin + way.length[node]):
            other = way.pool[i]
            if way.there[other] > way.most:
                continue
            if board.hits[other] == 0:
                board.used[used] = other
                used += 1
            board.hits[other] += 1
            board.weight[other] += weight - null.log[way.there[other]]
    side = choose(board, used, len(nodes) * null.off[density], way.world)
    wipe(board, used)
    return side


@compiled
def choose(board: Counters, used: int, missing: int, world: int) -> Side:
    """Keep nodes with two links or more that pay for the links they lack and for being named among `world` others.

    Naming the n-th member of a set costs log2(world / n) bits; members join, the best first, for as long as the next one pays.
    """
    size = 0
    worth = np.empty(used, np.int64)
    for i in range(used):
        if board.hits[board.used[i]] >= 2:
            worth[size] = board.weight[board.used[i]] + missing
            size += 1
    order = np.sort(worth[:size])[::-1]
    joined = 0
    while joined < size and order[joined] > name_bits(joined + 1, world):
        joined += 1
    least = order[joined - 1] if joined else np.int64(1) << 60
    side = Side(np.empty(joined, np.int32), np.empty(joined, np.int64), np.empty(joined, np.int32))
    place = 0
    for i in range(used):
        node = board.used[i]
        if board.hits[node] >= 2 and board.weight[node] + missing >= least:
            side.nodes[place] = node
            side.worth[place] = board.weight[node] + missing - name_bits(joined, world)
            side.links[place] = board.hits[node]
            place += 1
    return side


@compiled
def name_bits(size: int, world: int) -> int:
    """Say what naming one more member of a set of this size costs."""
    return int(np.rint(max(log2(world / size), 0.0) * ONE))


@compiled
def set_bits(size: int, world: int) -> int:
    """Say what naming a whole set costs: its size, and which of all sets of this size it is."""
    size = min(size, world)
    ways = lgamma(world + 1.0) - lgamma(size + 1.0) - lgamma(world - size + 1.0)
    return int(np.rint((ways / log(2.0) + 2.0 * log2(size + 1.0)) * ONE))


@compiled
def assess(accounts: Ints, entities: Ints, density: int, ground: Ground) -> Block:
    """Weigh a block: likelihood ratio of its links, minus its description, minus what one family or one building may explain.

    A family names its entities, so what the other accounts add stands without paying for these again. What a building's other
    entities add must pay for all its accounts: many people share a few things there.
    """
    null = ground.null
    people = recount(accounts, entities, density, ground, ground.to_accounts)
    things = recount(entities, accounts, density, ground, ground.to_entities)
    named = set_bits(len(accounts), null.accounts) + set_bits(len(entities), null.entities) + int(np.rint(ONE * log2(STEPS)))
    raw = things.worth.sum() + len(entities) * name_bits(len(entities), null.entities) - named
    beyond_family = people.worth.sum() - top(people.worth, null.household)
    beyond_building = raw - top(things.worth, null.building)
    return Block(people, things, density, raw, beyond_family, beyond_building)


@compiled
def recount(nodes: Ints, others: Ints, density: int, ground: Ground, way: Way) -> Side:
    """Say what each node is worth, given the others of the block; `way` leads from those to it."""
    null = ground.null
    board = ground.accounts if way.inward else ground.entities
    gain = null.on[density] - null.off[density] + null.whole
    lacking = len(others) * null.off[density] - name_bits(len(nodes), way.world)
    for node in nodes:
        board.weight[node] = lacking
    for node in others:
        begin = way.start[node]
        weight = gain - null.log[way.here[node]]
        for i in range(begin, begin + way.length[node]):
            other = way.pool[i]
            if board.weight[other]:
                board.weight[other] += weight - null.log[way.there[other]]
                board.hits[other] += 1
    side = Side(nodes, np.empty(len(nodes), np.int64), np.empty(len(nodes), np.int32))
    for place in range(len(nodes)):
        side.worth[place] = board.weight[nodes[place]]
        side.links[place] = board.hits[nodes[place]]
        board.weight[nodes[place]] = 0
        board.hits[nodes[place]] = 0
    return side


@compiled
def top(worth: Longs, size: int) -> int:
    """Add up the largest few."""
    return int(np.sort(worth)[::-1][:size].sum())
