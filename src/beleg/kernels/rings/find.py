"""Finds rings: groups of accounts that share more, and rarer, entities than chance, one family or one building explains."""

from dataclasses import dataclass, replace
from math import log2

import numpy as np
import pyarrow as pa

from beleg.kernels.rings.compiled import suited_to
from beleg.kernels.rings.graph import Apart, Identifiers, Links, by_entity, names, read_links
from beleg.kernels.rings.group import Grouped, Ints, Longs
from beleg.kernels.rings.null import ONE, Floats, Null, Settings, calibrate, tail_bits
from beleg.kernels.rings.outcomes import Outcomes, read_outcomes
from beleg.kernels.rings.search import BUILDING, FAMILY, RAW, search, stand
from beleg.kernels.rings.shapes import Block, Start
from beleg.kernels.rings.useful import Useful, keep_useful

# Structure alone cannot tell a small ring from a family; at most so many bits are held against it when outcomes are known.
SMALL = -10.0
# Families and buildings are taken to be as common as one in so many bits of accounts, unless far fewer are seen.
COMMON = 8.0

MEMBERS: list[tuple[str, pa.DataType]] = [("bits", pa.float64()), ("links", pa.int64())]
SHARED: list[tuple[str, pa.DataType]] = [
    ("accounts", pa.int64()),
    ("degree", pa.int64()),
    ("expected", pa.float64()),
    ("bits", pa.float64()),
]


@dataclass(frozen=True, slots=True)
class Rings:
    """Ranked rings.

    Attributes:
        rings: ring, bits, structure_bits, outcome_bits, accounts, entities, edges, density.
        members: ring, account, bits, links.
        shared: ring, entity, accounts (of the ring), degree (all accounts), expected (accounts of the ring by chance), bits.
        accounts: account, own_bits (its outcomes), ring_bits (its best ring, no more than it adds there), bits; only with outcomes.
    """

    rings: pa.Table
    members: pa.Table
    shared: pa.Table
    accounts: pa.Table | None = None


@dataclass(frozen=True, slots=True)
class Weighed:
    """A block with its bits.

    Attributes:
        block: its accounts and entities, numbered as the links are.
        degree: how many links its accounts have, all together.
        popularity: how many accounts each of its entities has.
        structure: bits of who shares what.
        outcome: bits of how refunds ended.
    """

    block: Block
    degree: int
    popularity: Ints
    structure: float
    outcome: float

    @property
    def bits(self) -> float:
        """Add up what speaks for it."""
        return self.structure + self.outcome

    @property
    def key(self) -> tuple[float, int, int, int]:
        """Rank, by nothing that depends on names or order."""
        accounts = self.block.accounts
        return (self.bits, self.block.raw, len(accounts.nodes), int(accounts.links.sum()))


def find(links: pa.Table, outcomes: pa.Table | None = None, settings: Settings | None = None, apart: Apart | None = None) -> Rings:
    """Find the rings in a table of links, best first.

    Args:
        links: account, entity; whole numbers or strings. Blanks link nobody; repeated links count once.
        outcomes: account, trials, bad, where refunds have been judged; and telling: how many of them tell by themselves, if known.
        settings: what honest life may look like.
        apart: links that tie nobody and are not among `links`, if any; accounts are then numbers below ``len(apart.own)``.
    """
    with suited_to(links.num_rows + (0 if apart is None else apart.links)):
        return _find(links, outcomes, settings or Settings(), apart)


def _find(links: pa.Table, outcomes: pa.Table | None, settings: Settings, apart: Apart | None) -> Rings:
    read = read_links(links, None if apart is None else len(apart.own))
    known = None if outcomes is None else read_outcomes(outcomes, read)
    tied, null = tie(read, settings, apart)
    chosen = rank(tied, null, settings, known)
    found = report(chosen, null, read)
    return found if known is None else replace(found, accounts=_accounts_table(chosen, known, read))


def tie(links: Links, settings: Settings, apart: Apart | None = None) -> tuple[Grouped, Null]:
    """List the accounts of every entity that may link them, and read the shuffled world off the link counts."""
    tied = by_entity(links, 2)
    sizes = np.bincount(tied.sizes, minlength=2)
    sizes[1] = tied.single
    if apart is None:
        return tied, calibrate(tied.counts, sizes, settings)
    sizes[1] += apart.links
    tied = tied._replace(counts=tied.counts + apart.own)
    others = np.repeat(np.arange(len(apart.others), dtype=np.int32), apart.others)
    return tied, calibrate(np.concatenate([tied.counts, others]), sizes, settings)


def _accounts_table(chosen: list[Weighed], outcomes: Outcomes, links: Links) -> pa.Table:
    """Rank accounts by their own outcomes and by the ring they are in; a ring lends a member what speaks for both of them."""
    own = outcomes.each()
    lent = np.zeros(len(own))
    for one in chosen:
        side = one.block.accounts
        lent[side.nodes] = np.maximum(lent[side.nodes], np.clip(side.worth / ONE, 0.0, max(one.bits, 0.0)))
    everyone = names(links.account_ids, np.arange(len(own)))
    return pa.table({"account": everyone, "own_bits": pa.array(own), "ring_bits": pa.array(lent), "bits": pa.array(own + lent)})


def rank(tied: Grouped, null: Null, settings: Settings, outcomes: Outcomes | None) -> list[Weighed]:
    """Search, weigh and rank; small groups are grown only from accounts with bad outcomes, without which they are none."""
    useful = keep_useful(tied, null.cap)
    suspect = None if outcomes is None else outcomes.each()[useful.accounts] > 0
    pile = search(useful.graph, null, start_of(settings), suspect)
    structure = structure_bits(pile.figures, null, settings)
    told = np.zeros(len(structure))
    if outcomes is not None:
        structure = np.maximum(structure, SMALL)
        told = outcomes.together(useful.accounts[pile.accounts], pile.account_ends)
    ground = stand(useful.graph, null)
    above = np.nonzero(structure + told > settings.line)[0].tolist()
    return select([_named(pile.block(i, ground), useful, float(structure[i]), float(told[i])) for i in above])


def _named(block: Block, useful: Useful, structure: float, outcome: float) -> Weighed:
    """Number the nodes of a block as the links do."""
    people, things = block.accounts, block.entities
    named = block._replace(
        accounts=people._replace(nodes=useful.accounts[people.nodes]), entities=things._replace(nodes=useful.entities[things.nodes])
    )
    degree, popularity = useful.graph.degree[people.nodes], useful.graph.popularity[things.nodes]
    return Weighed(named, int(degree.sum()), popularity, structure, outcome)


def start_of(settings: Settings) -> Start:
    """Say which seeds can grow to more than one family or one building."""
    return Start(partners=3, reached=settings.household + 1, ties=settings.building + 1)


def structure_bits(figures: Longs, null: Null, settings: Settings) -> Floats:
    """Turn the figures of blocks into bits: the least of what chance, one family and one building leave."""
    family, building = figures[:, FAMILY], figures[:, BUILDING]
    beyond_family = family / ONE + _rare(int((family <= settings.line * ONE).sum()), null)
    beyond_building = building / ONE + _rare(int((building <= settings.line * ONE).sum()), null)
    least: Floats = np.minimum(np.minimum(figures[:, RAW] / ONE, beyond_family), beyond_building)
    return least


def bits_of_one(raw: int, family: int, building: int, null: Null, settings: Settings) -> float:
    """Turn the figures of a single block into bits, as `structure_bits` does, in a fiftieth of its time."""
    beyond_family = family / ONE + _rare(int(family <= settings.line * ONE), null)
    beyond_building = building / ONE + _rare(int(building <= settings.line * ONE), null)
    return min(raw / ONE, beyond_family, beyond_building)


def _rare(seen: int, null: Null) -> float:
    """Say in bits how much rarer than common the groups are that honest life explains."""
    return max(0.0, log2(null.accounts / (seen + 1)) - COMMON)


def select(weighed: list[Weighed]) -> list[Weighed]:
    """Rank the blocks; one that shares half its accounts, or half of the other's, with a better one is left out.

    Two equally good ones both stay, since only names could tell which to drop.
    """
    chosen: list[Weighed] = []
    holders: dict[int, list[int]] = {}
    for one in sorted(weighed, key=lambda one: one.key, reverse=True):
        nodes = one.block.accounts.nodes.tolist()
        common: dict[int, int] = {}
        for node in nodes:
            for holder in holders.get(node, ()):
                common[holder] = common.get(holder, 0) + 1
        if any(2 * count >= min(len(nodes), chosen[i].key[2]) and chosen[i].key > one.key for i, count in common.items()):
            continue
        for node in nodes:
            holders.setdefault(node, []).append(len(chosen))
        chosen.append(one)
    return chosen


def report(chosen: list[Weighed], null: Null, links: Links) -> Rings:
    """Put names on the rings and say what each rests on; equally good ones stand in the order of their names."""
    named = [(one, names(links.account_ids, one.block.accounts.nodes)) for one in chosen]
    ordered = [one for one, _ in sorted(named, key=lambda pair: (*(-part for part in pair[0].key), min(pair[1].to_pylist())))]
    members = [_members(place, one, links) for place, one in enumerate(ordered)]
    shared = [_shared(place, one, null, links) for place, one in enumerate(ordered)]
    return Rings(_rings_table(ordered), _stack(members, "account", links.account_ids), _stack(shared, "entity", links.entity_ids))


def _stack(tables: list[pa.Table], name: str, ids: Identifiers | None) -> pa.Table:
    """Put the rows of all rings together; with no ring the columns are there all the same."""
    if tables:
        return pa.concat_tables(tables).combine_chunks()
    kind = pa.int64() if ids is None else ids.type
    counted = MEMBERS if name == "account" else SHARED
    return pa.schema([("ring", pa.int64()), (name, kind), *counted]).empty_table()


def _members(ring: int, one: Weighed, links: Links) -> pa.Table:
    side = one.block.accounts
    table = pa.table(
        {
            "ring": pa.array(np.full(len(side.nodes), ring)),
            "account": names(links.account_ids, side.nodes),
            "bits": pa.array(side.worth / ONE),
            "links": pa.array(side.links.astype(np.int64)),
        }
    )
    return table.sort_by([("bits", "descending"), ("account", "ascending")])


def _shared(ring: int, one: Weighed, null: Null, links: Links) -> pa.Table:
    side = one.block.entities
    expected = one.popularity * (float(one.degree) / null.links)
    bits = [tail_bits(int(count), float(mean)) for count, mean in zip(side.links, expected, strict=True)]
    table = pa.table(
        {
            "ring": pa.array(np.full(len(side.nodes), ring)),
            "entity": names(links.entity_ids, side.nodes),
            "accounts": pa.array(side.links.astype(np.int64)),
            "degree": pa.array(one.popularity.astype(np.int64)),
            "expected": pa.array(expected),
            "bits": pa.array(bits, pa.float64()),
        }
    )
    return table.sort_by([("bits", "descending"), ("entity", "ascending")])


def _rings_table(chosen: list[Weighed]) -> pa.Table:
    edges = [int(one.block.accounts.links.sum()) for one in chosen]
    accounts = [len(one.block.accounts.nodes) for one in chosen]
    entities = [len(one.block.entities.nodes) for one in chosen]
    return pa.table(
        {
            "ring": pa.array(range(len(chosen)), pa.int64()),
            "bits": pa.array([one.bits for one in chosen], pa.float64()),
            "structure_bits": pa.array([one.structure for one in chosen], pa.float64()),
            "outcome_bits": pa.array([one.outcome for one in chosen], pa.float64()),
            "accounts": pa.array(accounts, pa.int64()),
            "entities": pa.array(entities, pa.int64()),
            "edges": pa.array(edges, pa.int64()),
            "density": pa.array([e / (a * b) for e, a, b in zip(edges, accounts, entities, strict=True)], pa.float64()),
        }
    )
