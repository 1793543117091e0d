"""Looks for blocks from every account whose partners are many enough; one block per start."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from beleg.kernels.rings.blocks import assess, first_entities, grow, tighten
from beleg.kernels.rings.compiled import compiled, side_by_side, workers
from beleg.kernels.rings.graph import Graph
from beleg.kernels.rings.group import Ints, Longs
from beleg.kernels.rings.null import Null
from beleg.kernels.rings.pairs import seed_of
from beleg.kernels.rings.screen import worth_starting
from beleg.kernels.rings.shapes import Block, Ground, Start, counters, ground

Flags = npt.NDArray[np.bool_]

# The largest prime below 2 ** 31: products of remainders fit a long.
PRIME = 2_147_483_647

FEW = Start(partners=2, reached=2, ties=2)


# The columns of figures of blocks.
MARK, RAW, FAMILY, BUILDING, DENSITY = range(5)


class Pile(NamedTuple):
    """Many blocks: the accounts of all one after the other and where those of each end, the entities likewise, and the figures.

    These are, per block, a mark that tells it apart, the bits it has as `Block` says, and its density.
    """

    accounts: Ints
    account_ends: Longs
    entities: Ints
    entity_ends: Longs
    figures: Longs

    def block(self, place: int, ground: Ground) -> Block:
        """Give one block with what each of its nodes is worth."""
        accounts = self.accounts[self.account_ends[place] : self.account_ends[place + 1]]
        entities = self.entities[self.entity_ends[place] : self.entity_ends[place + 1]]
        return assess(accounts, entities, int(self.figures[place, DENSITY]), ground)


def stand(graph: Graph, null: Null) -> Ground:
    """Make a graph ready for growing blocks on it."""
    return ground(graph, null, counters(len(graph.degree)), counters(len(graph.popularity)))


def search(graph: Graph, null: Null, start: Start, marked: Flags | None = None) -> Pile:
    """Grow a block from each account and its partners; keep those better than chance, each once.

    A marked account may start with as few as two partners that share two things with it. Lists must stand rarest first.
    """
    lenient = np.zeros(len(graph.degree), np.bool_) if marked is None else marked
    starts = (start, FEW)
    chosen = np.nonzero(worth_starting(graph, starts, lenient))[0].astype(np.int32)
    spans = np.array_split(chosen, workers())
    return each_once(_together(side_by_side(lambda span: blocks_from(span, stand(graph, null), starts, lenient), spans)))


def _together(piles: list[Pile]) -> Pile:
    """Lay one pile behind the other."""
    return Pile(
        np.concatenate([one.accounts for one in piles]),
        _ends([one.account_ends for one in piles]),
        np.concatenate([one.entities for one in piles]),
        _ends([one.entity_ends for one in piles]),
        np.concatenate([one.figures for one in piles]),
    )


def _ends(piles: list[Longs]) -> Longs:
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(np.concatenate([np.diff(one) for one in piles]))])


def each_once(pile: Pile) -> Pile:
    """Keep one of the blocks with the same nodes: the best, were they reached with different densities."""
    figures = pile.figures
    order = np.lexsort(figures.T[::-1])[::-1]
    first = np.ones(len(order), np.bool_)
    first[1:] = figures[order[1:], MARK] != figures[order[:-1], MARK]
    kept = np.zeros(len(order), np.bool_)
    kept[order[first]] = True
    accounts, account_ends = _some(pile.accounts, pile.account_ends, kept)
    return Pile(accounts, account_ends, *_some(pile.entities, pile.entity_ends, kept), figures[kept])


def _some(nodes: Ints, ends: Longs, kept: Flags) -> tuple[Ints, Longs]:
    sizes = np.diff(ends)
    return nodes[np.repeat(kept, sizes)], np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes[kept])])


@compiled
def blocks_from(chosen: Ints, ground: Ground, starts: tuple[Start, Start], lenient: Flags) -> Pile:
    """Grow a block from each of these accounts; starts that are the same by their entities, or grow to the same, are one."""
    tried = np.zeros(table_size(len(chosen)), np.int64)
    people, people_ends = np.empty(1024, np.int32), np.zeros(2, np.int64)
    things, things_ends = np.empty(1024, np.int32), np.zeros(2, np.int64)
    figures = np.empty((1, 5), np.int64)
    size = 0
    for account in chosen:
        entities = first_entities(seed_of(account, starts[1] if lenient[account] else starts[0], ground), ground)
        if len(entities.nodes) < 2 or not remember(fingerprint(entities.nodes), tried):
            continue
        grown = grow(entities, ground)
        if grown.raw <= 0 or not remember(mark(grown) ^ grown.density, tried):
            continue
        block = tighten(grown, ground)
        if block.raw <= 0:
            continue
        people, people_ends = put(block.accounts.nodes, people, people_ends, size)
        things, things_ends = put(block.entities.nodes, things, things_ends, size)
        if size == len(figures):
            figures = np.concatenate((figures, np.empty_like(figures)))
        figures[size] = (mark(block), block.raw, block.beyond_family, block.beyond_building, block.density)
        size += 1
    people, people_ends = people[: people_ends[size]].copy(), people_ends[: size + 1].copy()
    return Pile(people, people_ends, things[: things_ends[size]].copy(), things_ends[: size + 1].copy(), figures[:size].copy())


@compiled
def put(nodes: Ints, pool: Ints, ends: Longs, place: int) -> tuple[Ints, Longs]:
    """Lay the nodes behind those of the lists before, making room where there is none."""
    end = ends[place] + len(nodes)
    while end > len(pool):
        pool = np.concatenate((pool, np.empty_like(pool)))
    if place + 1 == len(ends):
        ends = np.concatenate((ends, np.empty_like(ends)))
    pool[ends[place] : end] = nodes
    ends[place + 1] = end
    return pool, ends


@compiled
def block_around(account: int, ground: Ground, start: Start) -> Block:
    """Grow a block from one account; an empty one where there is too little to start from."""
    return tighten(grow(first_entities(seed_of(account, start, ground), ground), ground), ground)


@compiled
def figures_around(account: int, ground: Ground, start: Start) -> tuple[int, int, int]:
    """Give raw, beyond_family and beyond_building of the block around an account."""
    block = block_around(account, ground, start)
    return block.raw, block.beyond_family, block.beyond_building


@compiled
def table_size(entries: int) -> int:
    """Give a power of two that holds two marks of every entry with room to spare."""
    size = 1024
    while size < 4 * entries:
        size *= 2
    return size


@compiled
def remember(seen: int, tried: Longs) -> bool:
    """Tell whether this mark is new, and know it from now on."""
    last = len(tried) - 1
    place = seen & last
    while tried[place] != 0 and tried[place] != seen:
        place = (place + 1) & last
    new = tried[place] == 0
    tried[place] = seen
    return bool(new)


@compiled
def mark(block: Block) -> int:
    """Give a number that tells blocks apart."""
    return fingerprint(block.accounts.nodes) ^ fingerprint(block.entities.nodes) >> 1


@compiled
def fingerprint(nodes: Ints) -> int:
    """Give a number that tells sets of nodes apart, whatever their order; never 0."""
    total = np.int64(len(nodes))
    for node in nodes:
        low = (np.int64(node) + 1) * 1_103_515_245 % PRIME
        high = (low * low + node) % PRIME
        total ^= high << 31 | high * low % PRIME
    return int(total) | 1
