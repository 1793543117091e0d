"""Ten worlds, of several sizes and shares of fraud, at several moments each: live, backtest and audit decide alike."""

import pytest

from beleg.gate.decide import Gate
from beleg.gate.policy import load
from beleg.weigh.scale import Scale
from beleg.weigh.weights import shipped
from beleg.world import WorldParameters
from support.same_answer import hold
from support.stores import database
from support.stores import server as started


@pytest.fixture(scope="module")
def server():
    with started() as running:
        yield running


@pytest.mark.parametrize("seed", range(101, 111))
def test_every_way_gives_the_same_decision(seed, server):
    gate = Gate(load("standard"), Scale(shipped()))
    world = WorldParameters(seed=seed, orders=100 + 40 * (seed % 5), fraud_rate=(0, 0.03, 0.2)[seed % 3])
    with database(server, migrated=False) as (owner, _):
        said = hold(gate, owner, world, moments=2, sample=10)
    print(f"seed {seed}, {world.orders} orders, fraud rate {world.fraud_rate}: {dict(sorted(said.items()))}, alike all three ways")
