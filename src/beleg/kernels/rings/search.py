"""Looks for blocks from every account whose partners are many enough; one block per start."""

import numpy as np
import numpy.typing as npt

from beleg.kernels.rings.blocks import first_entities, grow, tighten
from beleg.kernels.rings.compiled import compiled
from beleg.kernels.rings.graph import Graph, Ints, Longs
from beleg.kernels.rings.null import Null
from beleg.kernels.rings.pairs import seed_of
from beleg.kernels.rings.shapes import Block, Ground, Start, counters, ground

Flags = npt.NDArray[np.bool_]

FEW = Start(partners=2, reached=2, ties=2)


def stand(graph: Graph, null: Null) -> Ground:
    """Make a graph ready for growing blocks on it."""
    return ground(graph, null, counters(len(graph.degree)), counters(len(graph.popularity)))


def search(ground: Ground, start: Start, marked: Flags | None = None) -> list[Block]:
    """Grow a block from each account and its partners; keep those better than chance, each once.

    A marked account may start with as few as two partners that share two things with it.
    """
    lenient = np.zeros(len(ground.accounts.hits), np.bool_) if marked is None else marked
    tried = np.zeros(_table(len(ground.accounts.hits)), np.int64)
    kept: dict[int, Block] = {}
    account = 0
    while account < len(ground.accounts.hits):
        account, block = next_block(account, ground, (start, FEW), lenient, tried)
        if block.raw > 0:
            kept.setdefault(mark(block), block)
    return list(kept.values())


def _table(entries: int) -> int:
    """Give a power of two that holds all entries with room to spare."""
    return 1 << max(int(4 * entries).bit_length(), 10)


@compiled
def next_block(account: int, ground: Ground, starts: tuple[Start, Start], lenient: Flags, tried: Longs) -> tuple[int, Block]:
    """Go on from this account to the first that gives a block better than chance; say where to go on, too."""
    block = grow(first_entities(np.empty(0, np.int32), ground), ground)
    while account < len(ground.accounts.hits) and block.raw <= 0:
        if ground.to_entities.length[account] >= 2:
            start = starts[1] if lenient[account] else starts[0]
            entities = first_entities(seed_of(account, start, ground), ground)
            if len(entities.nodes) >= 2 and remember(fingerprint(entities.nodes), tried):
                grown = grow(entities, ground)
                if grown.raw > 0 and remember(mark(grown), tried):
                    block = tighten(grown, ground)
        account += 1
    return account, block


@compiled
def block_around(account: int, ground: Ground, start: Start) -> Block:
    """Grow a block from one account; an empty one where there is too little to start from."""
    return tighten(grow(first_entities(seed_of(account, start, ground), ground), ground), ground)


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
    """Give a number that tells blocks apart; never 0."""
    return int(fingerprint(block.accounts.nodes) ^ (fingerprint(block.entities.nodes) >> 1)) | 1


@compiled
def fingerprint(nodes: Ints) -> int:
    """Give a number that tells sets of nodes apart, whatever their order; never 0."""
    total = np.int64(len(nodes))
    for node in nodes:
        mixed = np.int64(node + 1) * np.int64(-7046029254386353131)
        mixed = (mixed ^ ((mixed >> 31) & 0x1FFFFFFFF)) * np.int64(-4658895280553007687)
        total += mixed ^ ((mixed >> 29) & 0x7FFFFFFFF)
    return int(total or np.int64(1))
