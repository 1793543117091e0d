"""What befalls honest people hardly ever, and one of them again and again: fair bets, and what peers leave of them."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from beleg.kernels.repeats import repeat

TEXTS = ("subject", "stratum")
NUMBERS = ("trials", "hits", "millibits", "there", "struck", "n", "k", "people", "hit_people", "occasions")
SHOWN = pa.schema([*((name, pa.string()) for name in TEXTS), *((name, pa.int64()) for name in NUMBERS)])


def days(subject: str, hits: list[int], **more: Any) -> list[dict[str, Any]]:
    """One act a day, some of which tell; among twelve who work as much, of whom nobody else shows any."""
    peers = {"people": 12, "hit_people": 1, "occasions": 12 * len(hits), "there": 6, "struck": 1}
    own = {"subject": subject, "stratum": "desk", "trials": 1, "n": len(hits), "k": sum(hits)}
    return [{**own, **peers, "hits": hit, "millibits": 14_000 * hit, **more} for hit in hits]


def bits(*rows: list[dict[str, Any]]) -> dict[str, float]:
    table = repeat(pa.Table.from_pylist([row for each in rows for row in each], SHOWN))
    return dict(zip(table["subject"].to_pylist(), table["log2_e"].to_pylist(), strict=True))


def test_what_it_holds_is_no_more_than_fair_bets_bring():
    """With as many hits as chance brings, the mean of what is held in the end is at most 1."""
    chance = np.random.default_rng(11)
    people = {f"P{n}": (chance.random(40) < 2**-4).astype(int).tolist() for n in range(3000)}
    held = bits(*(days(name, hits, millibits=4000) for name, hits in people.items()))
    # those with fewer than two hits are not listed, and hold less than 1
    assert np.exp2(list(held.values())).sum() / len(people) <= 1.0


@given(st.lists(st.integers(0, 1), min_size=2, max_size=40), st.randoms(use_true_random=False))
def test_neither_order_nor_names_change_what_is_held(hits, chance):
    rows = days("A", hits)
    shuffled = [dict(row, subject="B") for row in rows]
    chance.shuffle(shuffled)
    assert list(bits(rows).values()) == list(bits(shuffled).values())


@given(st.integers(2, 20), st.integers(0, 100))
def test_more_hits_hold_more_and_more_honest_days_less(hits, honest):
    some, more, longer = (
        bits(days("A", [1] * h + [0] * n))["A"] for h, n in ((hits, honest), (hits + 1, honest), (hits, honest + 5))
    )
    assert longer <= some < more


def test_once_may_be_anybodys():
    assert bits(days("A", [1, 0, 0])) == {}
    assert bits(days("A", [1, 1, 0]))["A"] > 16


@pytest.mark.parametrize(
    ("peers", "tells"),
    [({"hit_people": 6}, True), ({"hit_people": 12}, False), ({"struck": 2}, True), ({"struck": 3, "there": 4}, False)],
)
def test_what_peers_show_as_well_tells_little(peers, tells):
    """Half of all colleagues may be guilty, and two of them on one day; what more of them show is the place's or the day's."""
    assert (bits(days("A", [1, 1, 1, 0, 0, 0], **peers))["A"] > 20) == tells


def test_a_day_of_many_acts_tells_by_those_that_tell():
    whole, part = (bits(days("A", [1, 1], trials=trials))["A"] for trials in (1, 8))
    assert part < whole
