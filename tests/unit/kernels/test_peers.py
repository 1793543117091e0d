"""Subjects against peers: what honest desks show is no rarer than chance has it, and what is planted is found."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from beleg.kernels.meetings import meet
from beleg.kernels.peers import hold


def table(**columns) -> pa.Table:
    return pa.table({name: list(values) for name, values in columns.items()})


def desk(seed: int, people: int, days: int, extra: dict[int, int] | None = None, varies: float = 0.3) -> pa.Table:
    """People who do ten pieces of work a day, one in two hundred lacking proofs; some do extra ones."""
    chance = np.random.default_rng(seed)
    own = 0.005 * np.exp(varies * chance.normal(size=people))
    who, day = np.repeat(np.arange(people), days), np.tile(np.arange(days), people)
    hits = chance.binomial(10, own[who])
    for person, many in (extra or {}).items():
        hits[np.flatnonzero(who == person)[chance.choice(days, many, replace=False)]] += 1
    names = [f"p{number:03}" for number in who]
    return table(subject=names, stratum=["here"] * len(who), occasion=day, trials=[10] * len(who), hits=hits)


def test_honest_desks_are_rarely_named():
    named = sum(min(hold(desk(seed, 60, 60), 10)[0]["p"].to_pylist()) * 60 < 0.02 for seed in range(60))
    assert named <= 4


def test_those_who_do_more_than_any_peer_stand_out():
    held, too_few = hold(desk(3, 60, 60, {7: 25, 40: 25}), 10)
    ranked = held.sort_by("p")["subject"].to_pylist()
    assert set(ranked[:2]) == {"p007", "p040"}
    assert sorted(held["p"].to_pylist())[1] < 1e-3
    assert too_few == ()


def test_accomplices_do_not_hide_each_other():
    """Eight of seventy who do what nobody else ever does: each of them stands out, as if the others were not there."""
    many = {7 * number: 25 for number in range(8)}
    together = hold(desk(3, 70, 60, many, 0.1), 10)[0].sort_by("p")
    alone = hold(desk(3, 70, 60, {7: 25}, 0.1), 10)[0].sort_by("p")
    assert set(together["subject"].to_pylist()[:8]) == {f"p{number:03}" for number in many}
    assert together["p"].to_pylist()[7] < 1e-3
    assert together["p"].to_pylist()[0] < 1000 * alone["p"].to_pylist()[0]


def test_one_hit_is_never_rarer_than_it_is_expected():
    """However wildly rates vary: where half a day is expected, one day is no rarity."""
    held, _ = hold(desk(3, 30, 40, {1: 30, 2: 20, 3: 10, 4: 5, 5: 3}), 10)
    once = held.filter(pc.equal(held["observed"], 1.0))
    least = 1 - np.exp(-np.array(once["expected"]))
    assert len(once)
    assert (np.array(once["p"]) >= 0.9 * least).all()


def test_leniency_raises_every_p_and_keeps_what_no_odds_explain():
    strict, _ = hold(desk(3, 60, 60, {7: 40, 40: 12}), 10)
    lenient, _ = hold(desk(3, 60, 60, {7: 40, 40: 12}), 10, 3.0)
    before, after = (dict(zip(one["subject"].to_pylist(), one["p"].to_pylist(), strict=True)) for one in (strict, lenient))
    assert all(after[name] >= p for name, p in before.items())
    assert after["p007"] < 0.005 < after["p040"]
    assert after["p040"] > 10 * before["p040"]
    assert strict["expected"].equals(lenient["expected"]), "what is shown as usual is what peers do"


def test_a_day_counts_once():
    honest = desk(3, 30, 40)
    hits = np.array(honest["hits"].to_pylist())
    hits[[name == "p003" for name in honest["subject"].to_pylist()]] = [10, *[0] * 39]
    (row,) = [row for row in hold(honest.set_column(4, "hits", pa.array(hits)), 10)[0].to_pylist() if row["subject"] == "p003"]
    assert row["observed"] == 1
    assert row["p"] > 0.1


def test_too_few_peers_are_told_and_never_compared():
    held, too_few = hold(desk(1, 10, 20), 10)
    assert held.num_rows == 0
    assert len(too_few) == 10
    assert hold(desk(1, 11, 20), 10)[0].num_rows == 11


def test_nothing_was_counted():
    empty = table(subject=[], stratum=[], occasion=[], trials=[], hits=[])
    empty = empty.cast(
        pa.schema(
            [
                ("subject", pa.string()),
                ("stratum", pa.string()),
                ("occasion", pa.int64()),
                ("trials", pa.int64()),
                ("hits", pa.int64()),
            ]
        )
    )
    assert hold(empty, 10)[0].num_rows == 0


def test_the_order_of_rows_changes_nothing():
    counted = desk(9, 30, 30, {4: 12})
    mixed = counted.take(np.random.default_rng(1).permutation(counted.num_rows))
    assert hold(mixed, 10) == hold(counted, 10)


def queue(seed: int, loyal: float = 0.0, batches: bool = False, bribed: int = 0) -> pa.Table:
    """Twenty clerks, eighty days, a ring of fifteen accounts with eight cases each; who comes back may stay with a clerk."""
    chance = np.random.default_rng(seed)
    account = np.repeat(np.arange(15), 8)
    day = chance.integers(0, 80, len(account))
    day = np.where(chance.random(len(day)) < 0.5, day // 20 * 20, day) if batches else day
    order = np.lexsort((day, account))
    account, day = account[order], day[order]
    clerk = chance.integers(0, 20, len(account))
    for place in range(1, len(account)):
        if account[place] == account[place - 1] and chance.random() < loyal:
            clerk[place] = clerk[place - 1]
    if batches:
        clerk = np.array([hash((int(d), seed)) % 20 for d in day])
    account = np.concatenate([account, chance.integers(0, 15, bribed)])
    day = np.concatenate([day, chance.integers(0, 80, bribed)])
    clerk = np.concatenate([clerk, np.zeros(bribed, dtype=int)])
    first: dict[tuple[int, int], int] = {}
    for c, a, d in zip(clerk.tolist(), account.tolist(), day.tolist(), strict=True):
        first[c, a] = min(d, first.get((c, a), d))
    rows = [
        (f"c{c}", "ring", d, 1, 0.05, int(own == c and first[c, a] == d))
        for own, a, d in zip(clerk.tolist(), account.tolist(), day.tolist(), strict=True)
        for c in range(20)
        if d <= first.get((c, a), 99)
    ]
    return table(**dict(zip(("subject", "counterpart", "occasion", "cases", "share", "met"), zip(*rows, strict=True), strict=True)))


@pytest.mark.parametrize("how", [{}, {"loyal": 0.7}, {"batches": True}], ids=["in turn", "loyal", "batches"])
def test_an_e_value_of_honest_queues_has_a_mean_of_at_most_one(how):
    """Whether customers come in turn, stay with their clerk, or come in batches that one clerk takes."""
    worth = [2**row for seed in range(60) for row in meet(queue(seed, **how))[0]["log2_e"].to_pylist()]
    assert np.sum(worth) / (60 * 20) <= 1.1
    assert np.mean(np.array(worth) >= 20) <= 0.05


def test_a_bribed_clerk_is_found():
    met, pairs = meet(queue(4, bribed=30))
    best = met.sort_by([("log2_e", "descending")]).to_pylist()[0]
    assert pairs == 20
    assert best["subject"] == "c0"
    assert best["log2_e"] > 8


def test_a_queue_of_ones_own_speaks_against_nobody():
    alone = table(subject=["a"] * 9, counterpart=["r"] * 9, occasion=range(9), cases=[1] * 9, share=[1.0] * 9, met=[1] * 9)
    assert meet(alone)[0]["log2_e"].to_pylist()[0] <= 1e-6
