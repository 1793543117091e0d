"""Tails against scipy and against numeric integration."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import gammaln
from scipy.stats import binom, norm

from beleg.kernels.tails import binomial_tail, log_gamma, variation_of_others, varied_tail


def one(*values: float) -> tuple[np.ndarray, ...]:
    return tuple(np.array([float(value)]) for value in values)


@given(st.floats(1e-9, 1e9))
def test_log_gamma_is_scipys(x):
    assert log_gamma(np.array([x]))[0] == pytest.approx(gammaln(x), rel=1e-11, abs=1e-10)


@given(st.integers(1, 3000), st.data(), st.floats(1e-6, 0.999))
def test_the_binomial_tail_is_scipys(trials, data, rate):
    hits = data.draw(st.integers(0, trials))
    assert binomial_tail(*one(hits, trials, rate))[0] == pytest.approx(binom.sf(hits - 1, trials, rate), rel=1e-6, abs=1e-290)


@pytest.mark.parametrize(("hits", "trials", "mean", "variation"), [(3, 50, 0.02, 0.4), (20, 84, 0.02, 0.6), (9, 12, 0.3, 1.2)])
def test_the_varied_tail_is_the_mean_over_own_rates(hits, trials, mean, variation):
    def at(z: float) -> float:
        rate = -np.expm1(-min(-np.log1p(-mean) * np.exp(variation * z - variation**2 / 2), np.exp(3.0)))
        return norm.pdf(z) * binom.sf(hits - 1, trials, rate)

    exact, _ = quad(at, -8, 12, limit=400)
    assert varied_tail(*one(hits, trials, mean, variation))[0] == pytest.approx(exact, rel=1e-4)


@given(st.integers(1, 60), st.floats(0.001, 0.3), st.floats(0.03, 1.5), st.floats(0.0, 1.0))
def test_more_hits_are_rarer(hits, mean, variation, less):
    fewer = int(hits * less)
    assert varied_tail(*one(hits, 60, mean, variation))[0] <= varied_tail(*one(fewer, 60, mean, variation))[0] + 1e-12


def test_a_subject_does_not_explain_itself_away():
    trials, mean, hits = np.full(20, 100.0), np.full(20, 0.02), np.full(20, 2.0)
    for many in range(6, 12):
        hits[7] = many
        varies, _ = variation_of_others(hits, trials, mean, np.ones(20))
        assert varies[7] < varies[8]


def test_who_does_what_no_honest_one_would_explains_nobody():
    trials, mean = np.full(40, 100.0), np.full(40, 0.02)
    hits = np.full(40, 2.0)
    hits[[7, 8, 9]] = 60.0
    varies, likely = variation_of_others(hits, trials, mean, 1.0 - np.isin(np.arange(40), (7, 8, 9)))
    assert (likely[7:10] < 1e-3).all()
    assert (np.delete(likely, (7, 8, 9)) > 0.9).all()
    assert varies[8] <= variation_of_others(np.full(40, 2.0), trials, mean, np.ones(40))[0][8] + 0.2


def test_the_interval_covers_the_true_variation():
    chance = np.random.default_rng(11)
    true, mean, trials = 0.3, 0.05, 80
    covered = 0
    for _ in range(40):
        own = mean * np.exp(true * chance.normal(size=150) - true**2 / 2)
        hits = chance.binomial(trials, -np.expm1(-own)).astype(float)
        varies, _ = variation_of_others(hits, np.full(150, float(trials)), np.full(150, mean), np.ones(150))
        covered += np.median(varies) >= true
    assert covered >= 36
