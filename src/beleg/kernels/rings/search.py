"""Looks for blocks from every account whose partners are many enough; one block per set of partners."""

from typing import NamedTuple

import numpy as np

from beleg.kernels.rings.blocks import Block, grow
from beleg.kernels.rings.compiled import compiled
from beleg.kernels.rings.graph import Graph, Ints, Longs
from beleg.kernels.rings.null import Null
from beleg.kernels.rings.pairs import Counters, counters, partners

Boards = tuple[Counters, Counters]


def boards(graph: Graph) -> Boards:
    """Make room for counting accounts and entities."""
    return counters(len(graph.degree)), counters(len(graph.popularity))


class Found(NamedTuple):
    """Blocks end to end; block i has the accounts [account_end[i - 1] : account_end[i]] and likewise its entities."""

    raw: Longs
    bits: Longs
    account_end: Longs
    accounts: Ints
    account_worth: Longs
    account_links: Ints
    entity_end: Longs
    entities: Ints
    entity_links: Ints


@compiled
def search(graph: Graph, null: Null, boards: Boards, least: int, partners_least: int) -> list[Block]:
    """Grow a block from each account and its partners; keep those with more than `least` bits left, each once."""
    tried = {np.int64(0)}
    kept = {np.int64(0)}
    blocks = [_nothing(graph, null, boards)]
    for account in range(len(graph.degree)):
        if graph.account_length[account] < 2:
            continue
        near = partners(account, graph, null, boards[0])
        if len(near) < partners_least:
            continue
        seed = np.append(near, np.int32(account))
        mark = fingerprint(seed)
        if mark in tried:
            continue
        tried.add(mark)
        block = grow(seed, graph, null, boards)
        if block.raw <= 0 or block.bits <= least:
            continue
        mark = fingerprint(block.accounts.nodes) ^ (fingerprint(block.entities.nodes) << 1)
        if mark not in kept:
            kept.add(mark)
            blocks.append(block)
    return blocks


@compiled
def _nothing(graph: Graph, null: Null, boards: Boards) -> Block:
    return grow(np.empty(0, np.int32), graph, null, boards)


@compiled
def fingerprint(nodes: Ints) -> int:
    """Give a number that tells sets of nodes apart, whatever their order."""
    total = np.uint64(len(nodes))
    for node in nodes:
        mixed = np.uint64(node + 1) * np.uint64(0x9E3779B97F4A7C15)
        mixed = (mixed ^ (mixed >> np.uint64(31))) * np.uint64(0xBF58476D1CE4E5B9)
        total += mixed ^ (mixed >> np.uint64(29))
    return np.int64(total)


def flat(blocks: list[Block]) -> Found:
    """Lay blocks end to end; the first, an empty one that told the compiler what a block is, is left out."""
    blocks = blocks[1:]
    return Found(
        np.array([block.raw for block in blocks], np.int64),
        np.array([block.bits for block in blocks], np.int64),
        np.cumsum([len(block.accounts.nodes) for block in blocks], dtype=np.int64),
        np.concatenate([block.accounts.nodes for block in blocks] or [np.empty(0, np.int32)]),
        np.concatenate([block.accounts.worth for block in blocks] or [np.empty(0, np.int64)]),
        np.concatenate([block.accounts.links for block in blocks] or [np.empty(0, np.int32)]),
        np.cumsum([len(block.entities.nodes) for block in blocks], dtype=np.int64),
        np.concatenate([block.entities.nodes for block in blocks] or [np.empty(0, np.int32)]),
        np.concatenate([block.entities.links for block in blocks] or [np.empty(0, np.int32)]),
    )
