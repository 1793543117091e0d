"""Evidence on subjects: discoveries at a fixed error rate, bits that never overstate, families that add."""

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import false_discovery_control

from beleg.weigh.discoveries import ALERT_CHANCE, bits, discoveries, levels
from beleg.weigh.subjects import Comparison, Voice, weigh_subjects

P = st.floats(1e-12, 1.0)


@given(st.lists(P, min_size=1, max_size=40), st.floats(0.001, 0.2))
def test_discoveries_are_those_of_a_step_up_half_bonferronis_and_half_benjamini_and_yekutielis(p_values, level):
    """By definition: as many as possible, none of them above the shape's value for so many."""
    tests = len(p_values)
    harmonic = sum(1 / rank for rank in range(1, tests + 1))
    passing = discoveries(p_values, tests, level)
    shape = {rank: level / tests * (0.5 + 0.5 * rank / harmonic) for rank in range(1, tests + 1)}
    most = max((rank for rank in shape if sum(p <= shape[rank] for p in p_values) >= rank), default=0)
    assert passing == [most > 0 and p <= shape[most] for p in p_values]


@given(st.lists(P, min_size=1, max_size=40), st.floats(0.001, 0.2))
def test_who_passes_at_half_the_level_by_bonferroni_or_by_benjamini_and_yekutieli_passes(p_values, level):
    passing = np.array(discoveries(p_values, len(p_values), level))
    halves = np.array(p_values) * len(p_values), false_discovery_control(p_values, method="by")
    assert all(passing[half <= 0.4999 * level].all() for half in halves)


def test_comparisons_that_paid_for_their_search_pass_by_themselves():
    rows = [Comparison(subject=f"R{n}", p=p) for n, p in enumerate((0.02, 0.03, 0.05))]
    for searched, named in ((True, {"R0", "R1"}), (False, set())):
        voice = Voice(detector="one", kind="ring", family="ties", comparisons=rows, tests=90, searched=searched)
        assert {one.subject for one in weigh_subjects([voice], {"one": 1.0})} == named


@given(st.lists(P, min_size=1, max_size=20), st.integers(0, 50))
def test_comparisons_without_a_row_count_as_one(p_values, unlisted):
    everything = discoveries([*p_values, *[1.0] * unlisted], 0, 0.05)
    assert discoveries(p_values, len(p_values) + unlisted, 0.05) == everything[: len(p_values)]


def test_nothing_was_compared():
    assert discoveries([], 0, 0.05) == []
    assert discoveries([], 10, 0.05) == []


def test_an_honest_shop_is_rarely_named():
    chance = np.random.default_rng(7)
    named = sum(any(discoveries(chance.random(300).tolist(), 300, ALERT_CHANCE)) for _ in range(1000))
    assert named <= 1000 * ALERT_CHANCE


@given(st.dictionaries(st.text(max_size=3), st.floats(0.1, 9), min_size=1, max_size=9))
def test_the_error_rate_is_divided_and_used_up(shares):
    assert sum(levels(shares).values()) == pytest.approx(ALERT_CHANCE)


def test_bits_of_a_p_value_do_not_overstate():
    """An e-value's mean under the null is at most 1."""
    mean, _ = quad(lambda p: 2 ** bits(p), 0, 1, limit=500, points=[1e-9, 1e-6, 1e-3])
    assert mean <= 1.001
    assert bits(1e-9) > bits(1e-6) > bits(1e-3) > 0 > bits(0.5)


@given(P, P)
def test_a_smaller_p_value_is_worth_no_less(one, other):
    low, high = sorted((one, other))
    assert bits(low) >= bits(high) - 1e-9


def voice(detector: str, family: str, weak: bool = False, **p_values: float) -> Voice:
    comparisons = [Comparison(subject=name, p=p) for name, p in p_values.items()]
    return Voice(detector=detector, kind="staff", family=family, comparisons=comparisons, tests=len(comparisons), weak=weak)


def test_a_weak_signal_adds_and_never_alerts_alone():
    shares = {"strong": 1.0}
    strong = voice("strong", "proofs", ada=1e-9, bob=0.5)
    weak = voice("weak", "rate", weak=True, ada=1e-4, bob=1e-9)
    (alone,) = weigh_subjects([strong], shares)
    (both,) = weigh_subjects([strong, weak], shares)
    assert (alone.subject, both.subject) == ("ada", "ada")
    assert both.bits == pytest.approx(alone.bits + bits(1e-4))
    assert weigh_subjects([weak], shares) == []


def test_families_add_and_within_one_the_mean_counts():
    shares = {"one": 1.0, "other": 1.0}
    (same,) = weigh_subjects([voice("one", "ties", ada=1e-9), voice("other", "ties", ada=1e-9)], shares)
    (apart,) = weigh_subjects([voice("one", "ties", ada=1e-9), voice("other", "proofs", ada=1e-9)], shares)
    assert same.bits == pytest.approx(bits(1e-9))
    assert apart.bits == pytest.approx(2 * bits(1e-9))


def test_an_e_value_counts_as_its_inverse():
    far = Comparison(subject="ring", log2_e=40.0)
    assert far.chance == 2.0**-40
    assert Comparison(subject="ring", log2_e=-3.0).chance == 1.0


def test_the_order_of_comparisons_changes_nothing():
    p_values = {f"s{number}": 10.0 ** -(number % 12) for number in range(30)}
    told = voice("one", "ties", **p_values)
    mixed = list(told.comparisons)
    random.Random(3).shuffle(mixed)
    again = Voice(detector="one", kind="staff", family="ties", comparisons=mixed, tests=30)
    assert weigh_subjects([told], {"one": 1.0}) == weigh_subjects([again], {"one": 1.0})
