"""How often chance alone reaches a count, when honest people's own rates differ from one to the next."""

import numpy as np

from beleg.kernels.columns import Floats

# A subject's own hazard is its peers' times exp(variation * z - variation^2 / 2), z normal: some honest people lack three times
# as many proofs as their peers do, and the tail of that is heavier than a beta-binomial's. z is summed over on this grid.
_Z = np.arange(-5.0, 9.01, 0.1)
_WEIGHTS = np.exp(-(_Z**2) / 2) / np.exp(-(_Z**2) / 2).sum()
_COARSE = np.arange(-4.0, 5.01, 0.4)
_COARSE_WEIGHTS = np.exp(-(_COARSE**2) / 2) / np.exp(-(_COARSE**2) / 2).sum()

# Before anything was seen, larger variations are rarer: a half-normal of this scale. Where many are seen, they decide.
_VARIATIONS = np.geomspace(0.03, 2.5, 24)
_USUAL = 0.25

# Twice the log-likelihood that the upper end of a 97.5 % interval gives away.
_GIVEN_AWAY = 3.84

# Among more subjects than this, so many decide how far rates vary.
_SEEN = 20_000

# So far below what is expected, the rest of the tail is everything.
_TINY = -50.0

# So many of all subjects are taken to be guilty, each of them on any number of occasions; what that takes off the fitted
# variation where nobody is, is given back.
_GUILTY = 0.05
_GIVEN_BACK = 1.3

_STIRLING = (1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188)
_SHIFT = 10
_CHUNK = 10_000


def log_gamma(x: Floats) -> Floats:
    """The logarithm of the gamma function for x > 0, by Stirling's series after a shift."""
    low = np.zeros_like(x)
    for step in range(_SHIFT):
        low += np.log(x + step)
    z = x + _SHIFT
    series = sum(c / z ** (2 * place + 1) for place, c in enumerate(_STIRLING))
    answer: Floats = (z - 0.5) * np.log(z) - z + 0.5 * np.log(2 * np.pi) + series - low
    return answer


def binomial_tail(hits: Floats, trials: Floats, rate: Floats) -> Floats:
    """The probability of at least so many hits in so many trials, to full relative precision; at each of a row's rates."""
    tail = np.ones(rate.shape)
    one, more = hits == 1, hits > 1
    # most have one hit, and that none is there needs no sum
    tail[one] = -np.expm1(_across(trials[one], rate) * np.log1p(-rate[one]))
    tail[more] = _many(hits[more], trials[more], rate[more])
    return tail


def _across(values: Floats, rate: Floats) -> Floats:
    """A value a row, beside each of the row's rates."""
    return values[:, None] if rate.ndim > 1 else values


def _many(hits: Floats, trials: Floats, rate: Floats) -> Floats:
    ways = log_gamma(trials + 1) - log_gamma(hits + 1) - log_gamma(trials - hits + 1)
    hits, trials, ways = (np.broadcast_to(_across(one, rate), rate.shape).ravel() for one in (hits, trials, ways))
    shape, rate = rate.shape, rate.ravel()
    log = ways + hits * np.log(rate) + (trials - hits) * np.log1p(-rate)
    term = np.exp(log)
    tail, at, odds = term.copy(), hits.copy(), rate / (1 - rate)
    sure = (hits < trials * rate) & (log < _TINY)
    tail[sure] = 1.0
    open_ = np.flatnonzero((at < trials) & ~sure)
    while len(open_):
        ratio = (trials[open_] - at[open_]) / (at[open_] + 1) * odds[open_]
        term[open_] *= ratio
        tail[open_] += term[open_]
        at[open_] += 1
        # ratios fall, so what is left is less than a geometric series
        small = (ratio < 1) & (term[open_] < 1e-10 * tail[open_] * (1 - np.minimum(ratio, 1)))
        open_ = open_[~small & (at[open_] < trials[open_])]
    answer: Floats = np.minimum(tail, 1.0).reshape(shape)
    return answer


def varied_tail(hits: Floats, trials: Floats, mean: Floats, variation: Floats) -> Floats:
    """The probability of at least so many hits, if the subject's own rate varies so much around this mean.

    Args:
        hits: how often.
        trials: out of how many.
        mean: the expected share of hits, between 0 and 1.
        variation: the standard deviation of the logarithm of a subject's own hazard, -log(1 - share).
    """
    answer = np.ones(len(hits))
    for low in range(0, len(hits), _CHUNK):
        part = np.flatnonzero(hits[low : low + _CHUNK] > 0) + low
        answer[part] = binomial_tail(hits[part], trials[part], _own(mean[part], variation[part], _Z)) @ _WEIGHTS
    return answer


def _own(mean: Floats, variation: Floats, z: Floats) -> Floats:
    """Own shares of hits, one row a subject; what varies is the hazard behind them."""
    logs = np.log(-np.log1p(-mean))[:, None] + variation[:, None] * z - variation[:, None] ** 2 / 2
    rates: Floats = -np.expm1(-np.exp(np.clip(logs, -30.0, 3.0)))
    return rates


def variation_of_others(hits: Floats, trials: Floats, mean: Floats, weight: Floats) -> tuple[Floats, Floats]:
    """For every subject, how far the rates of the *other* subjects may vary, and how likely it is an honest one.

    A subject never explains itself away, and few others give a wide interval, of which the upper end of 97.5 % is told. Subjects
    may be guilty, and then explain nobody: else accomplices would hide each other.

    Args:
        hits: of every subject.
        trials: out of how many.
        mean: the expected share of hits, between 0 and 1.
        weight: how likely each is taken to be honest so far.
    """
    if not len(hits):
        return np.zeros(0), np.zeros(0)
    # a hit too many elsewhere lowers everybody's means
    level = (hits @ weight + 0.5) / (trials * mean @ weight + 0.5)
    mean = np.clip(mean * level, 1e-9, 1 - 1e-9)
    guilty = _GUILTY / (trials + 1)
    seen = np.arange(0, len(hits), max(1, len(hits) // _SEEN))
    each = np.log((1 - _GUILTY) * _likelihoods(hits[seen], trials[seen], mean[seen], _VARIATIONS) + guilty[seen][:, None])
    whole = each.sum(axis=0) - ((_VARIATIONS / _USUAL) ** 2) / 2
    upper = _upper(whole[None, :])[0]
    honest = (1 - _GUILTY) * _likelihoods(hits, trials, mean, np.array([upper]))[:, 0]
    answer = np.full(len(hits), upper)
    answer[seen] = _upper(whole - each)
    return answer * _GIVEN_BACK, np.where(hits <= trials * mean, 1.0, honest / (honest + guilty))


def _upper(likelihood: Floats) -> Floats:
    near = 2 * (likelihood.max(axis=1, keepdims=True) - likelihood) <= _GIVEN_AWAY
    upper: Floats = _VARIATIONS[len(_VARIATIONS) - 1 - near[:, ::-1].argmax(axis=1)]
    return upper


def _likelihoods(hits: Floats, trials: Floats, mean: Floats, variations: Floats) -> Floats:
    """Of every honest subject at every variation."""
    ways = (log_gamma(trials + 1) - log_gamma(hits + 1) - log_gamma(trials - hits + 1))[:, None]
    answer = np.empty((len(hits), len(variations)))
    for place, variation in enumerate(variations):
        rates = _own(mean, np.full(len(mean), variation), _COARSE)
        logs = hits[:, None] * np.log(rates) + (trials - hits)[:, None] * np.log1p(-rates)
        answer[:, place] = np.exp(logs + ways) @ _COARSE_WEIGHTS
    return answer
