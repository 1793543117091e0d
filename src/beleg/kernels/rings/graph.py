"""Reads who is linked to what into index arrays: accounts and entities as numbers, each link once, blanks linking nobody."""

from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from beleg.kernels.rings.compiled import compiled

Ints = npt.NDArray[np.int32]
Longs = npt.NDArray[np.int64]
Identifiers: TypeAlias = Any  # an Arrow array or column of whole numbers or strings, which the stubs cannot say

# Whole numbers this close together are used as they are; looking each one up would cost more than all the rest.
_DENSE = 4


class Graph(NamedTuple):
    """Links seen from both sides.

    `degree` and `popularity` count every link of an account and of an entity; the lists may leave out links that no ring can use.
    A list is `pool[start : start + length]`, so that a stream can let lists grow where they stand.
    """

    degree: Ints
    popularity: Ints
    account_start: Longs
    account_length: Ints
    account_pool: Ints
    entity_start: Longs
    entity_length: Ints
    entity_pool: Ints


class Links(NamedTuple):
    """Links as pairs of numbers, and the identifiers these stand for; None where the numbers are the identifiers."""

    accounts: Ints
    entities: Ints
    account_ids: Identifiers | None
    entity_ids: Identifiers | None
    account_count: int
    entity_count: int


def read_links(table: pa.Table) -> Links:
    """Number the accounts and entities of a table (account, entity); a row with a blank on either side is left out."""
    kept = table.select(["account", "entity"])
    said: Any = pc.and_(_said(kept["account"]), _said(kept["entity"]))
    if not pc.all(said, min_count=0).as_py():
        kept = kept.filter(said)
    accounts, account_ids, account_count = _number(kept["account"])
    entities, entity_ids, entity_count = _number(kept["entity"])
    return Links(accounts, entities, account_ids, entity_ids, account_count, entity_count)


def names(ids: Identifiers | None, numbers: npt.NDArray[Any]) -> Identifiers:
    """Give back the identifiers behind the numbers."""
    if ids is None:
        return pa.array(numbers.astype(np.int64), pa.int64())
    return ids.take(pa.array(numbers.astype(np.int64), pa.int64()))


def _said(column: Identifiers) -> Identifiers:
    """Tell which values identify anything: neither null nor blank."""
    valid: Any = pc.is_valid(column)
    if pa.types.is_integer(column.type):
        return valid
    visible: Any = pc.match_substring_regex(column, r"\S")
    return visible.fill_null(False)


def _number(column: Identifiers) -> tuple[Ints, Identifiers | None, int]:
    if not len(column):
        return np.empty(0, np.int32), pa.array([], column.type), 0
    if pa.types.is_integer(column.type):
        ends = pc.min_max(column)
        low, high = ends["min"].as_py(), ends["max"].as_py()
        if low >= 0 and high < _DENSE * len(column) + 1024:
            return column.to_numpy().astype(np.int32, copy=False), None, high + 1
    encoded: Any = pc.dictionary_encode(column).combine_chunks()
    chunk: Any = encoded.chunk(0) if isinstance(encoded, pa.ChunkedArray) else encoded
    return chunk.indices.to_numpy().astype(np.int32, copy=False), chunk.dictionary, len(chunk.dictionary)


def build(links: Links) -> Graph:
    """Count and list every link once, from both sides."""
    start, pool = _bucket(links.accounts, links.entities, links.account_count)
    degree, popularity = _once(start, pool, links.entity_count)
    first, listed = _turn(start, degree, pool, popularity)
    return Graph(degree, popularity, start[:-1], degree, pool, first[:-1], popularity, listed)


def keep_useful(graph: Graph, cap: int) -> Graph:
    """Leave out links that no block can hold: to entities too popular, or to nodes left with fewer than two links."""
    alive = _core(graph, cap)
    start, length, pool = _filtered(graph.account_start, graph.account_length, graph.account_pool, alive)
    first, listed = _turn(start, length, pool, alive)
    return Graph(graph.degree, graph.popularity, start[:-1], length, pool, first[:-1], alive, listed)


@compiled
def _bucket(keys: Ints, values: Ints, count: int) -> tuple[Longs, Ints]:
    start = np.zeros(count + 1, np.int64)
    for key in keys:
        start[key + 1] += 1
    for i in range(count):
        start[i + 1] += start[i]
    place = start[:-1].copy()
    pool = np.empty(len(keys), np.int32)
    for i in range(len(keys)):
        pool[place[keys[i]]] = values[i]
        place[keys[i]] += 1
    return start, pool


@compiled
def _once(start: Longs, pool: Ints, entities: int) -> tuple[Ints, Ints]:
    """Move repeated links out of each account's list; count what is left on both sides."""
    degree = np.zeros(len(start) - 1, np.int32)
    popularity = np.zeros(entities, np.int32)
    last = np.full(entities, -1, np.int32)
    for account in range(len(degree)):
        place = start[account]
        for i in range(start[account], start[account + 1]):
            entity = pool[i]
            if last[entity] != account:
                last[entity] = account
                popularity[entity] += 1
                pool[place] = entity
                place += 1
        degree[account] = place - start[account]
    return degree, popularity


@compiled
def _turn(start: Longs, length: Ints, pool: Ints, counts: Ints) -> tuple[Longs, Ints]:
    """List the accounts of each entity from the entities of each account."""
    first = np.zeros(len(counts) + 1, np.int64)
    for i in range(len(counts)):
        first[i + 1] = first[i] + counts[i]
    place = first[:-1].copy()
    listed = np.empty(first[-1], np.int32)
    for account in range(len(length)):
        for i in range(start[account], start[account] + length[account]):
            listed[place[pool[i]]] = account
            place[pool[i]] += 1
    return first, listed


@compiled
def _core(graph: Graph, cap: int) -> Ints:
    """Count, per entity, the accounts left when whatever has fewer than two useful links is dropped, again and again."""
    alive = graph.popularity.copy()
    for entity in range(len(alive)):
        if alive[entity] < 2 or alive[entity] > cap:
            alive[entity] = 0
    gone = np.zeros(len(graph.degree), np.bool_)
    changed = True
    while changed:
        changed = False
        for account in range(len(gone)):
            if gone[account]:
                continue
            begin = graph.account_start[account]
            useful = 0
            for i in range(begin, begin + graph.account_length[account]):
                useful += alive[graph.account_pool[i]] >= 2
            if useful >= 2:
                continue
            gone[account] = True
            changed = changed or useful > 0
            for i in range(begin, begin + graph.account_length[account]):
                if alive[graph.account_pool[i]] > 0:
                    alive[graph.account_pool[i]] -= 1
    return _recount(graph, alive, gone)


@compiled
def _recount(graph: Graph, alive: Ints, gone: npt.NDArray[np.bool_]) -> Ints:
    """Empty the entities left with one account; the count of the others is exact."""
    left = np.zeros(len(alive), np.int32)
    for account in range(len(gone)):
        if gone[account]:
            continue
        begin = graph.account_start[account]
        for i in range(begin, begin + graph.account_length[account]):
            left[graph.account_pool[i]] += alive[graph.account_pool[i]] >= 2
    return left


@compiled
def _filtered(start: Longs, length: Ints, pool: Ints, alive: Ints) -> tuple[Longs, Ints, Ints]:
    """Keep the links to living entities, of accounts that have two of them."""
    begin = np.zeros(len(length) + 1, np.int64)
    left = np.zeros(len(length), np.int32)
    kept = np.empty(alive.sum(), np.int32)
    place = 0
    for account in range(len(length)):
        begin[account] = place
        useful = 0
        for i in range(start[account], start[account] + length[account]):
            useful += alive[pool[i]] > 0
        if useful >= 2:
            for i in range(start[account], start[account] + length[account]):
                if alive[pool[i]] > 0:
                    kept[place] = pool[i]
                    place += 1
        left[account] = place - begin[account]
    begin[len(length)] = place
    return begin, left, kept
