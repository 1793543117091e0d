"""Laws of the ring engine: names and order tell nothing, blanks link nobody, families and buildings stay quiet."""

import numpy as np
import pyarrow as pa
import pytest
from evals.ring_graphs import Honest, Planted, Ring, plant
from evals.rings import outcome_table

from beleg.kernels.rings import Apart, Rings, Settings, find

SMALL = Honest(edges=30_000)


@pytest.fixture(scope="module")
def planted() -> Planted:
    return plant(SMALL, Ring(rings=3), seed=5)


def members(found: Rings) -> list[frozenset[object]]:
    held: dict[int, set[object]] = {}
    for row in found.members.to_pylist():
        held.setdefault(row["ring"], set()).add(row["account"])
    return [frozenset(held[ring]) for ring in sorted(held)]


def test_planted_rings_are_found_and_nobody_else(planted):
    found = members(find(planted.links))
    assert len(found) == 3
    for ring in planted.rings:
        assert max(len(ring & one) / len(ring | one) for one in found) >= 0.9


def test_a_ring_says_what_it_rests_on(planted):
    found = find(planted.links)
    first = [row for row in found.shared.to_pylist() if row["ring"] == 0]
    assert len(first) == found.rings["entities"][0].as_py()
    assert all(row["accounts"] <= row["degree"] and row["bits"] > 10 for row in first)
    assert sum(row["accounts"] for row in first) == found.rings["edges"][0].as_py()


def test_names_and_row_order_change_nothing(planted):
    random = np.random.default_rng(1)
    accounts, entities = planted.links["account"].to_numpy(), planted.links["entity"].to_numpy()
    names = random.permutation(int(accounts.max()) + 1)
    rows = random.permutation(len(accounts))
    renamed = pa.table({"account": [f"a{x}" for x in names[accounts[rows]]], "entity": [f"e{-x}" for x in entities[rows]]})
    before, after = find(planted.links), find(renamed)
    assert before.rings.equals(after.rings)
    assert [frozenset(f"a{names[x]}" for x in one) for one in members(before)] == members(after)


def test_a_link_said_twice_counts_once(planted):
    twice = pa.concat_tables([planted.links, planted.links.slice(0, 9000)])
    assert find(twice).rings.equals(find(planted.links).rings)


def test_links_that_tie_nobody_may_be_counted_instead(planted):
    """The same rings, told all links or those of things that several show, and how many others there are."""
    random = np.random.default_rng(2)
    accounts, entities = (planted.links[name].to_numpy().astype(np.int64) for name in ("account", "entity"))
    accounts, entities = np.unique(np.stack([accounts, entities]), axis=1)
    own = random.integers(0, 4, int(accounts.max()) + 501)
    things = int(entities.max()) + 1
    everyone = np.repeat(np.arange(len(own)), own)
    singles = things + np.arange(len(everyone))
    whole = pa.table({"account": np.concatenate([accounts, everyone]), "entity": np.concatenate([entities, singles])})
    popular = np.bincount(entities)[entities] > 1
    alone = own + np.bincount(accounts[~popular], minlength=len(own))
    # of the last five hundred, who share nothing, it is only said how many have how many
    apart = Apart(alone[:-500].astype(np.int32), np.bincount(alone[-500:]))
    shared = pa.table({"account": accounts[popular], "entity": entities[popular]})
    told, counted = find(whole), find(shared, apart=apart)
    assert counted.rings.equals(told.rings)
    assert counted.members.equals(told.members)
    assert counted.shared.equals(told.shared)


@pytest.mark.parametrize("blank", [None, "", "  "])
def test_blanks_link_nobody(blank, planted):
    links = pa.table({"account": planted.links["account"].cast(pa.string()), "entity": planted.links["entity"].cast(pa.string())})
    unknown = pa.table({"account": [f"x{i % 40}" for i in range(400)], "entity": pa.array([blank] * 400, pa.string())})
    nobody = pa.table({"account": pa.array([blank] * 400, pa.string()), "entity": [f"y{i % 40}" for i in range(400)]})
    assert find(pa.concat_tables([links, unknown, nobody])).rings.equals(find(links).rings)


@pytest.mark.parametrize("kind", ["links", "purchases"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_honest_worlds_are_quiet(kind, seed):
    assert find(plant(Honest(kind, edges=40_000), Ring(rings=0), seed).links).rings.num_rows == 0


@pytest.mark.parametrize(("accounts", "entities"), [(6, 8), (8, 4), (60, 1), (60, 2), (200, 1)])
def test_one_family_or_one_building_is_no_ring(accounts, entities):
    honest = plant(SMALL, Ring(rings=0), seed=7).links
    group = [(10_000_000 + a, 10_000_000 + e) for a in range(accounts) for e in range(entities)]
    more = pa.table({"account": [a for a, _ in group], "entity": [e for _, e in group]})
    assert find(pa.concat_tables([honest, more])).rings.num_rows == 0


def test_honest_noise_never_lifts_an_honest_block_over_a_planted_one(planted):
    random = np.random.default_rng(3)
    accounts, entities = planted.links["account"].to_numpy(), planted.links["entity"].to_numpy()
    for _ in range(5):
        more = pa.table({"account": random.choice(accounts, 3000), "entity": random.choice(entities, 3000)})
        found = members(find(pa.concat_tables([planted.links, more]), settings=Settings(line=-60.0)))
        everyone = set().union(*planted.rings)
        guilty = [len(one & everyone) > len(one) / 2 for one in found]
        assert guilty == sorted(guilty, reverse=True)
        assert sum(guilty) == 3


def test_nothing_gives_nothing():
    for kind in (pa.int64(), pa.string()):
        none = pa.schema([("account", kind), ("entity", kind)]).empty_table()
        assert find(none).members.num_rows == 0


def test_outcomes_lift_a_small_ring_and_only_a_bad_one():
    planted = plant(SMALL, Ring(rings=2, accounts=5, entities=5, density=0.9), seed=9)
    everyone = np.unique(planted.links["account"].to_numpy())
    bad = np.random.default_rng(2).random(len(everyone)) < 0.04
    guilty = np.isin(everyone, list(planted.rings[0]))
    outcomes = pa.table({"account": everyone, "trials": np.full(len(everyone), 4), "bad": np.where(guilty, 4, bad)})
    assert find(planted.links).rings.num_rows == 0
    found = find(planted.links, outcomes)
    assert members(found)[0] == planted.rings[0]
    assert not any(one & planted.rings[1] for one in members(found))


@pytest.mark.parametrize("kind", ["links", "purchases"])
def test_machine_code_and_what_it_is_made_from_answer_alike(kind, monkeypatch):
    world = plant(Honest(kind, edges=20_000, offices=6.0), Ring(rings=3, density=0.4, camouflage="biased"), seed=4)
    outcomes = outcome_table(world, 4)
    as_written = find(world.links, outcomes, Settings(line=-60.0))
    monkeypatch.setattr("beleg.kernels.rings.compiled.MANY_LINKS", 0)
    machine = find(world.links, outcomes, Settings(line=-60.0))
    assert machine.rings.num_rows >= 3
    for part in ("rings", "members", "shared", "accounts"):
        assert getattr(machine, part).equals(getattr(as_written, part))
