"""Reads who is linked to what into adjacency lists: accounts and entities as numbers, each link once, blanks linking nobody."""

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
# Links are dealt into this many parts by account, so that what is counted in one part fits the cache.
_PARTS = 1024
# Lists this short are sorted by insertion, which beats a call.
_SHORT = 24


class Adjacency(NamedTuple):
    """The entities of each account, `pool[start : start + length]`, and how many accounts each entity has."""

    start: Longs
    length: Ints
    pool: Ints
    popularity: Ints


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
    """Links as chunks of pairs of numbers, and the identifiers these stand for; None where the numbers are the identifiers."""

    chunks: list[tuple[Longs, Longs]]
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
    batches = pa.table({"account": accounts, "entity": entities}).to_batches()
    chunks = [(_longs(batch["account"]), _longs(batch["entity"])) for batch in batches]
    return Links(chunks, account_ids, entity_ids, account_count, entity_count)


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


def _number(column: Identifiers) -> tuple[Identifiers, Identifiers | None, int]:
    if not len(column):
        return column.cast(pa.int64()), pa.array([], column.type), 0
    if pa.types.is_integer(column.type):
        ends = pc.min_max(column)
        low, high = ends["min"].as_py(), ends["max"].as_py()
        if low >= 0 and high < _DENSE * len(column) + 1024:
            return column, None, high + 1
    encoded: Any = pc.dictionary_encode(column).combine_chunks()
    chunk: Any = encoded.chunk(0) if isinstance(encoded, pa.ChunkedArray) else encoded
    return chunk.indices, chunk.dictionary, len(chunk.dictionary)


def _longs(column: Identifiers) -> Longs:
    numbers: Longs = column.to_numpy(zero_copy_only=False).astype(np.int64, copy=False)
    return numbers


def adjacency(links: Links) -> Adjacency:
    """List every link once, by account.

    Links are dealt into parts by account first: whatever is then counted and sorted in a part stays in the cache.
    """
    count = sum(len(accounts) for accounts, _ in links.chunks)
    shift = max(links.account_count.bit_length() - (_PARTS.bit_length() - 1), 0)
    sizes = np.zeros((links.account_count >> shift) + 1, np.int64)
    for accounts, _ in links.chunks:
        _count_parts(accounts, shift, sizes)
    ends = np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes)])
    packed = np.empty(count, np.int64)
    place = ends[:-1].copy()
    for accounts, entities in links.chunks:
        _deal(accounts, entities, shift, place, packed)
    lists = Adjacency(
        np.empty(links.account_count, np.int64),
        np.empty(links.account_count, np.int32),
        np.empty(count, np.int32),
        np.zeros(links.entity_count, np.int32),
    )
    _list_parts(packed, ends, shift, lists)
    return lists


def build(links: Links) -> Graph:
    """List every link once, from both sides."""
    lists = adjacency(links)
    first, listed = turn(lists)
    return Graph(lists.length, lists.popularity, *lists[:3], first, lists.popularity, listed)


@compiled
def _count_parts(accounts: Longs, shift: int, sizes: Longs) -> None:
    for account in accounts:
        sizes[account >> shift] += 1


@compiled
def _deal(accounts: Longs, entities: Longs, shift: int, place: Longs, packed: Longs) -> None:
    """Put each link, as one number, into its part."""
    for i in range(len(accounts)):
        part = accounts[i] >> shift
        packed[place[part]] = accounts[i] << 32 | entities[i]
        place[part] += 1


@compiled
def _list_parts(packed: Longs, ends: Longs, shift: int, lists: Adjacency) -> None:
    """Sort the links of each part into their accounts' lists, each once; count the accounts of every entity."""
    width = 1 << shift
    place = np.empty(width, np.int64)
    for part in range(len(ends) - 1):
        place[:] = 0
        for i in range(ends[part], ends[part + 1]):
            place[(packed[i] >> 32) & (width - 1)] += 1
        begin = ends[part]
        for account in range(part * width, min((part + 1) * width, len(lists.start))):
            lists.start[account] = begin
            begin += place[account & (width - 1)]
            place[account & (width - 1)] = lists.start[account]
        for i in range(ends[part], ends[part + 1]):
            within = (packed[i] >> 32) & (width - 1)
            lists.pool[place[within]] = packed[i] & 0xFFFFFFFF
            place[within] += 1
        for account in range(part * width, min((part + 1) * width, len(lists.start))):
            one = lists.pool[lists.start[account] : place[account & (width - 1)]]
            sort(one)
            size = 0
            for entity in one:
                if size == 0 or entity != one[size - 1]:
                    one[size] = entity
                    size += 1
                    lists.popularity[entity] += 1
            lists.length[account] = size


@compiled
def sort(values: npt.NDArray[Any]) -> None:
    """Sort a list, most often a short one, where it stands."""
    if len(values) > _SHORT:
        values.sort()
        return
    for i in range(1, len(values)):
        value, place = values[i], i
        while place > 0 and values[place - 1] > value:
            values[place] = values[place - 1]
            place -= 1
        values[place] = value


@compiled
def turn(lists: Adjacency) -> tuple[Longs, Ints]:
    """List the accounts of each entity from the entities of each account."""
    first = np.zeros(len(lists.popularity), np.int64)
    size = np.int64(0)
    for entity in range(len(first)):
        first[entity] = size
        size += lists.popularity[entity]
    place = first.copy()
    listed = np.empty(size, np.int32)
    for account in range(len(lists.length)):
        begin = lists.start[account]
        for entity in lists.pool[begin : begin + lists.length[account]]:
            listed[place[entity]] = account
            place[entity] += 1
    return first, listed
