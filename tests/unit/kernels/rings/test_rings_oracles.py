"""Kernels of the ring engine against independent answers: scipy, brute force, exhaustive search."""

import heapq
import itertools
from math import log, log2

import numpy as np
import pyarrow as pa
import pytest
from evals.peel import densest
from evals.ring_graphs import Honest, Ring, plant
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from beleg.kernels.rings.compiled import MANY_LINKS, suited_to
from beleg.kernels.rings.find import bits_of_one, start_of, structure_bits
from beleg.kernels.rings.graph import build, by_entity, read_links
from beleg.kernels.rings.group import Grouped, Listed, group, turn
from beleg.kernels.rings.null import Null, Settings, calibrate, tail_bits
from beleg.kernels.rings.outcomes import base_rate, beta_binomial
from beleg.kernels.rings.pairs import seed_of
from beleg.kernels.rings.screen import worth_starting
from beleg.kernels.rings.search import FEW, stand
from beleg.kernels.rings.shapes import Start
from beleg.kernels.rings.trim import core, cut_nodes
from beleg.kernels.rings.useful import keep_useful


@pytest.fixture(autouse=True)
def as_written():
    """Kernels run as Python here, which needs no compiling; that both give the same is held by a test of its own."""
    with suited_to(0):
        yield


BITS = st.integers(-(2**28), 2**28)


@pytest.fixture(scope="module")
def null() -> Null:
    return calibrate(np.full(5000, 4, np.int32), np.array([0, 0, 0, 0, 5000]), Settings())


@settings(deadline=None)
@given(raw=BITS, family=BITS, building=BITS)
def test_bits_of_one_block_are_those_of_a_pile_of_one(null, raw, family, building):
    piled = structure_bits(np.array([[0, raw, family, building, 0]]), null, Settings())
    assert bits_of_one(raw, family, building, null, Settings()) == piled[0]


@settings(deadline=None)  # the first one waits for the compiler
@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 30)), max_size=300), st.integers(1, 2))
def test_grouping_is_what_sets_say(pairs, least):
    keys, values = (np.array([pair[side] for pair in pairs], np.int32) for side in (0, 1))
    chunks = [(keys[:7], values[:7]), (keys[7:], values[7:])]
    sets = {key: {other for one, other in pairs if one == key} for key in keys.tolist()}
    for links in (0, MANY_LINKS):  # as written, and as machine code
        with suited_to(links):
            found = group(chunks, 41, 31, least)
            turned = turn(Listed(found.starts, found.sizes, found.pool), _counts(found))
        lists = [found.pool[start : start + size].tolist() for start, size in zip(found.starts, found.sizes, strict=True)]
        assert found.keys.tolist() == sorted(key for key in sets if len(sets[key]) >= least)
        assert [sorted(one) for one in lists] == [sorted(sets[key]) for key in found.keys.tolist()]
        assert found.counts.tolist() == [sum(value in one for one in sets.values()) for value in range(31)]
        assert found.single == (sum(len(one) == 1 for one in sets.values()) if least > 1 else 0)
        for value, (start, size) in enumerate(zip(turned.starts, turned.sizes, strict=True)):
            assert turned.pool[start : start + size].tolist() == [place for place, one in enumerate(lists) if value in one]


def _counts(found: Grouped) -> np.ndarray:
    """In how many of the lists each value is."""
    listed = [found.pool[start : start + size] for start, size in zip(found.starts, found.sizes, strict=True)]
    return np.bincount(np.concatenate([np.empty(0, np.int32), *listed]), minlength=31).astype(np.int32)


links = st.lists(st.tuples(st.integers(0, 7), st.integers(0, 6)), min_size=1, max_size=40)


def table(pairs: list[tuple[int, int]]) -> pa.Table:
    return pa.table({"account": [a for a, _ in pairs], "entity": [e for _, e in pairs]})


@given(st.integers(1, 60), st.floats(1e-9, 50))
def test_tail_is_scipys(count, mean):
    expected = -stats.poisson.logsf(count - 1, mean) / log(2)
    if mean < count and expected < 900:  # scipy's tail runs out of numbers beyond
        assert tail_bits(count, mean) == pytest.approx(expected, rel=1e-6, abs=1e-6)


@given(st.integers(1, 30), st.integers(0, 30), st.floats(0.01, 0.9), st.floats(0.02, 0.5))
def test_beta_binomial_is_scipys(trials, bad, rate, spread):
    bad = min(bad, trials)
    a, b = rate * (1 - spread) / spread, (1 - rate) * (1 - spread) / spread
    ways = stats.binom.logpmf(bad, trials, 0.5) + trials * log(2)
    assert beta_binomial(trials, bad, rate, spread) + ways == pytest.approx(stats.betabinom.logpmf(bad, trials, a, b), abs=1e-6)


def test_base_rate_finds_what_made_the_data():
    random = np.random.default_rng(4)
    trials = random.integers(1, 12, 40_000)
    bad = random.binomial(trials, random.beta(0.05 * 9, 0.95 * 9, 40_000))
    rate, spread = base_rate(trials, bad)
    assert rate == pytest.approx(0.05, rel=0.05)
    assert spread == pytest.approx(0.1, rel=0.15)


@settings(deadline=None)
@given(links)
def test_links_are_counted_once_from_both_sides(pairs):
    graph = build(read_links(table(pairs)))
    unique = set(pairs)
    for account, degree in enumerate(graph.degree):
        begin = graph.account_start[account]
        assert {(account, int(e)) for e in graph.account_pool[begin : begin + degree]} == {p for p in unique if p[0] == account}
    for entity, degree in enumerate(graph.popularity):
        begin = graph.entity_start[entity]
        assert sorted(graph.entity_pool[begin : begin + degree].tolist()) == sorted(a for a, e in unique if e == entity)


@settings(deadline=None)
@given(links)
def test_useful_links_are_the_core_where_everyone_has_two(pairs):
    useful = keep_useful(by_entity(read_links(table(pairs)), 2), 256)
    kept = useful.graph
    core_links = set(pairs)
    while True:
        left = {(a, e) for a, e in core_links if sum(x == a for x, _ in core_links) > 1 and sum(y == e for _, y in core_links) > 1}
        if left == core_links:
            break
        core_links = left
    found = {
        (int(useful.accounts[a]), int(useful.entities[kept.account_pool[i]]))
        for a in range(len(kept.degree))
        for i in range(kept.account_start[a], kept.account_start[a] + kept.account_length[a])
    }
    turned = {
        (int(useful.accounts[kept.entity_pool[i]]), int(useful.entities[e]))
        for e in range(len(kept.popularity))
        for i in range(kept.entity_start[e], kept.entity_start[e] + kept.entity_length[e])
    }
    assert found == turned == core_links
    assert kept.degree.tolist() == [sum(a == one for one, _ in set(pairs)) for a in useful.accounts.tolist()]
    assert kept.popularity.tolist() == [sum(e == one for _, one in set(pairs)) for e in useful.entities.tolist()]


@settings(deadline=None)
@given(links, st.sets(st.integers(0, 7)))
def test_screening_is_counting_from_above(pairs, marked):
    """Every account with enough around it and enough others that share two entities is kept; nobody else is."""
    useful = keep_useful(by_entity(read_links(table(pairs)), 2), 256)
    of = {a: {e for one, e in set(pairs) if one == a} & set(useful.entities.tolist()) for a in useful.accounts.tolist()}
    size = {e: sum(e in entities for entities in of.values()) for e in useful.entities.tolist()}
    start = start_of(Settings(household=1, building=0))
    expected = {}
    for account, mine in of.items():
        one = FEW if account in marked else start
        partners = sum(other != account and len(mine & of[other]) > 1 for other in of)
        around = sum(size[e] > 2 for e in mine) >= one.ties and sum(size[e] - 1 for e in mine) >= one.reached
        expected[account] = around and partners >= one.partners
    lenient = np.isin(useful.accounts, list(marked))
    kept = dict(zip(useful.accounts.tolist(), worth_starting(useful.graph, (start, FEW), lenient).tolist(), strict=True))
    assert all(kept[account] for account in expected if expected[account])
    many = {a for a in of if sum(max(len(of[a] & of[b]) - 1, 0) for b in of if b != a) >= start.partners or expected[a]}
    assert all(not kept[a] or a in many or a in marked for a in kept)


def test_screening_of_accounts_with_long_lists_is_exact():
    random = np.random.default_rng(8)
    pairs = [(a, int(e)) for a in range(12) for e in random.choice(300, 100, replace=False)]
    pairs += [(a, int(e)) for a in range(12, 40) for e in random.choice(300, 8, replace=False)]
    useful = keep_useful(by_entity(read_links(table(pairs)), 2), 256)
    start = start_of(Settings())
    of = {a: {e for one, e in pairs if one == a} for a in range(40)}
    kept = worth_starting(useful.graph, (start, start), np.zeros(40, np.bool_))
    for account, worth in zip(useful.accounts.tolist(), kept.tolist(), strict=True):
        assert worth == (sum(len(of[account] & of[b]) > 1 for b in of if b != account) >= start.partners)


def test_partners_are_those_brute_force_finds():
    planted = plant(Honest("purchases", edges=4000), Ring(rings=1), seed=3)
    pairs = set(zip(planted.links["account"].to_pylist(), planted.links["entity"].to_pylist(), strict=True))
    graph = build(read_links(planted.links))
    null = calibrate(graph.degree, np.bincount(graph.popularity), Settings())
    useful = keep_useful(by_entity(read_links(planted.links), 2), null.cap)
    ground, places = stand(useful.graph, null), useful.accounts.tolist()
    of: dict[int, set[int]] = {}
    for account, entity in pairs:
        of.setdefault(account, set()).add(entity)
    popularity = {e: sum(y == e for _, y in pairs) for e in {e for _, e in pairs}}
    surprise = log2(sum(len(x) > 1 for x in of.values()) / Settings().noise)
    for one in sorted(planted.rings[0])[:6] + sorted(of)[:6]:
        expected = {one} | {
            other for other in of if other != one and _pair_bits(of[one], of[other], popularity, len(pairs)) >= surprise
        }
        seed = seed_of(places.index(one), Start(0, 0, 0), ground) if one in places else np.empty(0, np.int32)
        assert {one, *useful.accounts[seed].tolist()} == expected


def _pair_bits(one: set[int], other: set[int], popularity: dict[int, int], links: int) -> float:
    shared = sorted(popularity[e] for e in one & other)
    best = 0.0
    for count, most in enumerate(shared, 1):
        if count > 1:
            meetings = sum(d * (d - 1) for d in popularity.values() if d <= most)
            mean = len(one) * len(other) * meetings / links**2
            best = max(best, -stats.poisson.logsf(count - 1, mean) / log(2) - log2(count))
    return best


def reference_peel(pairs: set[tuple[int, int]]) -> float:
    """The peel as the paper says it, on a heap: the density of the densest block met."""
    popularity = {e: sum(y == e for _, y in pairs) for e in {e for _, e in pairs}}
    near: dict[tuple[str, int], dict[tuple[str, int], float]] = {}
    for a, e in pairs:
        near.setdefault(("a", a), {})["e", e] = 1 / log(popularity[e] + 5)
        near.setdefault(("e", e), {})["a", a] = 1 / log(popularity[e] + 5)
    heap = [(sum(links.values()), node) for node, links in near.items()]
    heapq.heapify(heap)
    total, best, gone = sum(weight for weight, _ in heap) / 2, 0.0, set()
    weights = {node: weight for weight, node in heap}
    while len(gone) < len(near):
        best = max(best, total / (len(near) - len(gone)))
        weight, node = heapq.heappop(heap)
        if node in gone or weight != weights[node]:
            continue
        gone.add(node)
        total -= weight
        for other, lost in near[node].items():
            if other not in gone:
                weights[other] -= lost
                heapq.heappush(heap, (weights[other], other))
    return best


@settings(max_examples=60, deadline=None)
@given(links)
def test_peel_is_within_half_of_the_densest_and_its_density_is_true(pairs):
    found = densest(table(pairs))
    unique = set(pairs)
    assert density(unique, set(found.accounts.to_pylist()), set(found.entities.to_pylist())) == pytest.approx(
        found.density, abs=1e-4
    )
    best = 0.0
    accounts, entities = sorted({a for a, _ in unique}), sorted({e for _, e in unique})
    for size in range(1, len(entities) + 1):
        for chosen in itertools.combinations(entities, size):
            best = max(best, _best_accounts(unique, accounts, set(chosen)))
    assert best / 2 - 1e-4 <= found.density <= best + 1e-4


def _best_accounts(pairs: set[tuple[int, int]], accounts: list[int], entities: set[int]) -> float:
    """With the entities given, the best accounts are those with the most weight: try every number of them."""
    order = sorted(accounts, key=lambda a: -density(pairs, {a}, entities))
    return max(density(pairs, set(order[:n]), entities) for n in range(1, len(order) + 1))


def density(pairs: set[tuple[int, int]], accounts: set[int], entities: set[int]) -> float:
    popularity = {e: sum(y == e for _, y in pairs) for e in entities}
    inside = sum(1 / log(popularity[e] + 5) for a, e in pairs if a in accounts and e in entities)
    return inside / (len(accounts) + len(entities))


@pytest.mark.parametrize("seed", range(4))
def test_pruned_peel_is_no_less_dense_than_the_papers(seed):
    planted = plant(Honest("purchases", edges=3000), Ring(rings=1, accounts=30, entities=30), seed)
    pairs = set(zip(planted.links["account"].to_pylist(), planted.links["entity"].to_pylist(), strict=True))
    assert reference_peel(pairs) * 0.9999 <= densest(planted.links).density <= 1.05 * reference_peel(pairs)


def test_what_hangs_on_by_one_member_is_cut_off():
    ring = [(a, e) for a in range(8) for e in range(5)]
    family = [(a, e) for a in (0, 20, 21, 22) for e in (30, 31, 32)]
    graph = build(read_links(table(ring + family)))
    ground = stand(graph, calibrate(graph.degree, np.bincount(graph.popularity), Settings()))
    accounts, entities = np.unique(graph.entity_pool), np.nonzero(graph.popularity)[0].astype(np.int32)
    assert core(accounts, entities, ground).tolist() == list(range(8))


@given(st.sets(st.tuples(st.integers(0, 5), st.integers(6, 10)), min_size=1))
def test_cut_nodes_are_those_without_which_there_are_more_parts(pairs):
    nodes = {name: place for place, name in enumerate(sorted({node for pair in pairs for node in pair}))}
    ends = np.array(sorted((nodes[a], nodes[e]) for a, e in pairs), np.int32).T.copy()
    whole = _parts(ends, set(nodes.values()))
    expected = [whole > 1 or _parts(ends, set(nodes.values()) - {node}) > whole for node in nodes.values()]
    assert cut_nodes(ends, len(nodes)).tolist() == expected


def _parts(ends: np.ndarray, nodes: set[int]) -> int:
    """Count the connected parts by flooding."""
    parts = 0
    while nodes:
        parts += 1
        flood = {nodes.pop()}
        while flood:
            flood = {b for a, b in [*ends.T.tolist(), *ends[::-1].T.tolist()] if a in flood and b in nodes}
            nodes -= flood
    return parts
