"""Reads who is linked to what into adjacency lists: accounts and entities as numbers, each link once, blanks linking nobody."""

from typing import Any, NamedTuple, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from beleg.kernels.rings.group import Grouped, Ints, Listed, Longs, Numbers, Pairs, group, turn

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
    """Links as chunks of pairs of numbers, and the identifiers these stand for; None where the numbers are the identifiers."""

    chunks: list[Pairs]
    account_ids: Identifiers | None
    entity_ids: Identifiers | None
    account_count: int
    entity_count: int


class Apart(NamedTuple):
    """How many links go to entities that one account alone has: they tie nobody, but count in the shuffled world.

    `own` says it of every account by its number; `others[k]` says how many accounts besides, of which nothing else is said, have k.
    """

    own: Ints
    others: Longs

    @property
    def links(self) -> int:
        """All of them."""
        return int(self.own.sum(dtype=np.int64) + self.others @ np.arange(len(self.others)))


def read_links(table: pa.Table, accounts: int | None = None) -> Links:
    """Number the accounts and entities of a table (account, entity); a row with a blank on either side is left out.

    If it is said how many accounts there are, accounts are numbers below that, and stay what they are.
    """
    kept = table.select(["account", "entity"])
    for name in ("account", "entity"):
        if not pa.types.is_integer(kept[name].type) or kept[name].null_count:
            kept = kept.filter(_said(kept[name]))
    people, account_ids, account_count = _number(kept["account"]) if accounts is None else _as_they_are(kept["account"], accounts)
    entities, entity_ids, entity_count = _number(kept["entity"])
    batches = pa.table({"account": people, "entity": entities}).to_batches()
    chunks = [(_numbers(batch["account"]), _numbers(batch["entity"])) for batch in batches]
    return Links(chunks, account_ids, entity_ids, account_count, entity_count)


def names(ids: Identifiers | None, numbers: Numbers) -> Identifiers:
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


def _as_they_are(column: Identifiers, count: int) -> tuple[Identifiers, Identifiers | None, int]:
    return column, None, count


def _numbers(column: Identifiers) -> Numbers:
    numbers: Numbers = column.to_numpy(zero_copy_only=False)
    return numbers if numbers.dtype in (np.int32, np.int64) else numbers.astype(np.int64)


def by_entity(links: Links, least: int) -> Grouped:
    """List the accounts of each entity that has so many, 1 or 2."""
    pairs = [(entities, accounts) for accounts, entities in links.chunks]
    return group(pairs, links.entity_count, links.account_count, least)


def build(links: Links) -> Graph:
    """List every link once, from both sides."""
    found = by_entity(links, 1)
    start, popularity = np.zeros(links.entity_count, np.int64), np.zeros(links.entity_count, np.int32)
    start[found.keys], popularity[found.keys] = found.starts, found.sizes
    one, other = turn(Listed(start, popularity, found.pool), found.counts), found.pool
    return Graph(found.counts, popularity, one.starts, one.sizes, one.pool, start, popularity, other)
