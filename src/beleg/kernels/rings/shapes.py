"""The shapes kernels hand each other: ways between accounts and entities, sides of a block, blocks, and room to count."""

from typing import NamedTuple

import numpy as np

from beleg.kernels.rings.compiled import compiled
from beleg.kernels.rings.graph import Graph
from beleg.kernels.rings.group import Ints, Longs
from beleg.kernels.rings.null import Null


class Counters(NamedTuple):
    """Numbers per node, all zero between uses, and the list of the nodes in use."""

    hits: Ints
    weight: Longs
    used: Ints


class Side(NamedTuple):
    """One side of a block: its nodes, what each is worth, and its links into the block."""

    nodes: Ints
    worth: Longs
    links: Ints


class Block(NamedTuple):
    """Accounts and entities far more linked than chance: bits for it, and those left beyond one family and beyond one building."""

    accounts: Side
    entities: Side
    density: int
    raw: int
    beyond_family: int
    beyond_building: int


class Way(NamedTuple):
    """How to get from nodes of one side to those of the other: their links, the degrees on both sides, and who can be reached.

    `inward` leads to accounts; entities with more links than `most` are not reached.
    """

    inward: bool
    start: Longs
    length: Ints
    pool: Ints
    here: Ints
    there: Ints
    most: int
    world: int


class Start(NamedTuple):
    """Which seeds are worth growing.

    They have at least so many partners, share something with so many accounts, and have so many entities with two partners or more.
    """

    partners: int
    reached: int
    ties: int


class Ground(NamedTuple):
    """All that growing a block reads, and the counters it writes in."""

    null: Null
    to_entities: Way
    to_accounts: Way
    accounts: Counters
    entities: Counters


def ground(graph: Graph, null: Null, accounts: Counters, entities: Counters) -> Ground:
    """Put a graph and its null together."""
    degree, popularity = graph.degree, graph.popularity
    out = Way(False, graph.account_start, graph.account_length, graph.account_pool, degree, popularity, null.cap, null.entities)
    back = Way(True, graph.entity_start, graph.entity_length, graph.entity_pool, popularity, degree, 1 << 31, null.accounts)
    return Ground(null, out, back, accounts, entities)


def counters(nodes: int) -> Counters:
    """Make room for counting nodes."""
    return Counters(np.zeros(nodes, np.int32), np.zeros(nodes, np.int64), np.empty(nodes, np.int32))


@compiled
def wipe(board: Counters, used: int) -> None:
    """Set back to zero what was used."""
    for i in range(used):
        board.hits[board.used[i]] = 0
        board.weight[board.used[i]] = 0
