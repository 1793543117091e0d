"""Finds rings: groups of accounts that share more, and rarer, entities than chance, one family or one building explains."""

from dataclasses import dataclass
from math import log2

import numpy as np
import pyarrow as pa

from beleg.kernels.rings.graph import Graph, Links, build, keep_useful, names, read_links
from beleg.kernels.rings.null import ONE, Null, Settings, calibrate, tail_bits
from beleg.kernels.rings.outcomes import Outcomes, read_outcomes
from beleg.kernels.rings.search import search, stand
from beleg.kernels.rings.shapes import Block, Start

# Structure alone cannot tell a small ring from a family; at most so many bits are held against it when outcomes are known.
SMALL = -10.0
# Families and buildings are taken to be as common as one in so many bits of accounts, unless far fewer are seen.
COMMON = 8.0


@dataclass(frozen=True, slots=True)
class Rings:
    """Ranked rings.

    Attributes:
        rings: ring, bits, structure_bits, outcome_bits, accounts, entities, edges, density.
        members: ring, account, bits, links.
        shared: ring, entity, accounts (of the ring), degree (all accounts), expected (accounts of the ring by chance), bits.
    """

    rings: pa.Table
    members: pa.Table
    shared: pa.Table


@dataclass(frozen=True, slots=True)
class Weighed:
    """A block with its bits."""

    block: Block
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


def find(links: pa.Table, outcomes: pa.Table | None = None, settings: Settings | None = None) -> Rings:
    """Find the rings in a table of links, best first.

    Args:
        links: account, entity; whole numbers or strings. Blanks link nobody; repeated links count once.
        outcomes: account, trials, bad, where refunds have been judged.
        settings: what honest life may look like.
    """
    settings = settings or Settings()
    read = read_links(links)
    graph = build(read)
    null = calibrate(graph.degree, graph.popularity, settings)
    known = None if outcomes is None else read_outcomes(outcomes, read)
    return report(rank(graph, null, settings, known), graph, null, read)


def rank(graph: Graph, null: Null, settings: Settings, outcomes: Outcomes | None) -> list[Weighed]:
    """Search, weigh and rank."""
    blocks = search(stand(keep_useful(graph, null.cap), null), start_of(settings, small=outcomes is not None))
    return select(weigh(blocks, null, settings, outcomes), settings.line)


def start_of(settings: Settings, *, small: bool) -> Start:
    """Say which seeds can grow to a ring; small groups can be one only if their outcomes are known."""
    if small:
        return Start(partners=2, reached=2, ties=2)
    return Start(partners=3, reached=settings.household + 1, ties=settings.building + 1)


def weigh(blocks: list[Block], null: Null, settings: Settings, outcomes: Outcomes | None) -> list[Weighed]:
    """Turn blocks into bits: the least of what chance, one family and one building leave, plus what the outcomes say."""
    families = sum(block.beyond_family <= settings.line * ONE for block in blocks)
    buildings = sum(block.beyond_building <= settings.line * ONE for block in blocks)
    family, building = _rare(families, null), _rare(buildings, null)
    weighed = []
    for block in blocks:
        structure = min(block.raw / ONE, block.beyond_family / ONE + family, block.beyond_building / ONE + building)
        if outcomes is None:
            weighed.append(Weighed(block, structure, 0.0))
        else:
            weighed.append(Weighed(block, max(structure, SMALL), outcomes.together(block.accounts.nodes)))
    return weighed


def _rare(seen: int, null: Null) -> float:
    """Say in bits how much rarer than common the groups are that honest life explains."""
    return max(0.0, log2(null.accounts / (seen + 1)) - COMMON)


def select(weighed: list[Weighed], line: float) -> list[Weighed]:
    """Rank the blocks above the line; one that shares half its accounts, or half of the other's, with a better one is left out.

    Two equally good ones both stay, since only names could tell which to drop.
    """
    chosen: list[Weighed] = []
    holders: dict[int, list[int]] = {}
    for one in sorted((one for one in weighed if one.bits > line), key=lambda one: one.key, reverse=True):
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


def report(chosen: list[Weighed], graph: Graph, null: Null, links: Links) -> Rings:
    """Put names on the rings and say what each rests on."""
    ring = np.arange(len(chosen))
    sides = [(one.block.accounts, one.block.entities) for one in chosen]
    people = np.concatenate([a.nodes for a, _ in sides] or [np.empty(0, np.int32)])
    things = np.concatenate([e.nodes for _, e in sides] or [np.empty(0, np.int32)])
    shared = np.concatenate([e.links for _, e in sides] or [np.empty(0, np.int32)])
    reach = [float(graph.degree[a.nodes].sum()) / null.links for a, _ in sides]
    sizes = np.array([len(e.nodes) for _, e in sides], np.int64)
    expected = np.repeat(np.array(reach), sizes) * graph.popularity[things]
    return Rings(
        _rings_table(chosen),
        pa.table(
            {
                "ring": np.repeat(ring, np.array([len(a.nodes) for a, _ in sides], np.int64)),
                "account": names(links.account_ids, people),
                "bits": np.concatenate([a.worth for a, _ in sides] or [np.empty(0)]) / ONE,
                "links": np.concatenate([a.links for a, _ in sides] or [np.empty(0, np.int32)]),
            }
        ).sort_by([("ring", "ascending"), ("bits", "descending"), ("account", "ascending")]),
        pa.table(
            {
                "ring": np.repeat(ring, sizes),
                "entity": names(links.entity_ids, things),
                "accounts": shared,
                "degree": graph.popularity[things],
                "expected": expected,
                "bits": np.array([tail_bits(int(c), float(m)) for c, m in zip(shared, expected, strict=True)], float),
            }
        ).sort_by([("ring", "ascending"), ("bits", "descending"), ("entity", "ascending")]),
    )


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
