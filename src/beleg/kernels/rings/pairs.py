"""How surprising it is that two accounts share what they share, given how many links everybody has."""

from math import log2
from typing import NamedTuple

import numpy as np

from beleg.kernels.rings.compiled import compiled
from beleg.kernels.rings.graph import Graph, Ints, Longs
from beleg.kernels.rings.null import Null, tail_bits


class Counters(NamedTuple):
    """One number per node, all zero between uses, and the list of the nodes in use."""

    hits: Ints
    weight: Longs
    used: Ints


def counters(nodes: int) -> Counters:
    """Make room for counting nodes."""
    return Counters(np.zeros(nodes, np.int32), np.zeros(nodes, np.int64), np.empty(nodes, np.int32))


@compiled
def wipe(board: Counters, used: int) -> None:
    """Set back to zero what was used."""
    for i in range(used):
        board.hits[board.used[i]] = 0
        board.weight[board.used[i]] = 0


@compiled
def rarest_first(account: int, graph: Graph, null: Null) -> Longs:
    """List the entities of an account that can link it to anyone, those with the fewest accounts first."""
    begin = graph.account_start[account]
    keys = np.empty(graph.account_length[account], np.int64)
    kept = 0
    for i in range(begin, begin + graph.account_length[account]):
        entity = np.int64(graph.account_pool[i])
        popularity = np.int64(graph.popularity[entity])
        if 2 <= popularity <= null.cap:
            keys[kept] = popularity << 32 | entity
            kept += 1
    return np.sort(keys[:kept])


@compiled
def partners(account: int, graph: Graph, null: Null, board: Counters) -> Ints:
    """List the accounts that share surprisingly much with this one.

    For the two rarest entities they share, the three rarest and so on: how unlikely are that many, of entities at most
    that popular? The smallest of these chances counts, times the number of them looked at.
    """
    found = np.empty(8, np.int32)
    size = used = 0
    for key in rarest_first(account, graph, null):
        entity = key & 0xFFFFFFFF
        begin = graph.entity_start[entity]
        for i in range(begin, begin + graph.entity_length[entity]):
            other = graph.entity_pool[i]
            board.hits[other] += 1
            if board.hits[other] == 1:
                board.used[used] = other
                used += 1
            if board.hits[other] < 2 or board.weight[other] or other == account:
                continue
            degrees = float(graph.degree[account]) * float(graph.degree[other])
            if pair_bits(degrees, board.hits[other], key >> 32, null) >= null.surprise:
                board.weight[other] = 1
                if size == len(found):
                    found = np.concatenate((found, np.empty(size, np.int32)))
                found[size] = other
                size += 1
    wipe(board, used)
    return found[:size]


@compiled
def pair_bits(degrees: float, count: int, popularity: int, null: Null) -> float:
    """Say in bits how surprising `count` shared entities with at most `popularity` accounts are for two whose degrees multiply so."""
    mean = degrees * float(null.shared[popularity]) / float(null.links) ** 2
    return tail_bits(count, mean) - log2(count)
