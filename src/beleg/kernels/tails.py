"""How often chance alone reaches a count, when honest people's own rates differ from one to the next."""

from collections.abc import Callable

import numpy as np

from beleg.kernels.columns import Floats, Ints

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

# Hazards are kept within what floats can tell apart from never and from always.
_HAZARDS = (np.exp(-30.0), np.exp(3.0))

# So many rows are worked on at a time, which stay in the processor's cache; whether a series has ended is looked at so often.
_CHUNK, _LOOKED = 256, 8


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
    """The probability of at least so many hits in so many trials, to full relative precision."""
    return _summed(hits, trials, lambda part: -np.log1p(-rate[part, None]), np.ones(1))


def varied_tail(hits: Floats, trials: Floats, mean: Floats, variation: Floats) -> Floats:
    """The probability of at least so many hits, if the subject's own rate varies so much around this mean.

    Args:
        hits: how often.
        trials: out of how many.
        mean: the expected share of hits, between 0 and 1.
        variation: the standard deviation of the logarithm of a subject's own hazard, -log(1 - share).
    """
    hazard = -np.log1p(-mean)
    z, weights = (_Z, _WEIGHTS) if variation.any() else (np.zeros(1), np.ones(1))
    return _summed(hits, trials, lambda part: _own(hazard[part], variation[part, None], z), weights)


def _summed(hits: Floats, trials: Floats, own: Callable[[Ints], Floats], weights: Floats) -> Floats:
    """The tail at each of a row's own hazards, which `own` gives for some rows, summed over them with these weights."""
    answer = np.ones(len(hits))
    # most have one hit, which needs no series; rows whose series are of a length lie together
    for rows, tail in ((hits == 1, _one_or_more), (hits > 1, _series)):
        longest = np.flatnonzero(rows)
        longest = longest[np.argsort(hits[longest] - trials[longest], kind="stable")]
        for low in range(0, len(longest), _CHUNK):
            part = longest[low : low + _CHUNK]
            answer[part] = tail(hits[part], trials[part], own(part)) @ weights
    return answer


def _one_or_more(hits: Floats, trials: Floats, own: Floats) -> Floats:
    del hits
    answer: Floats = -np.expm1(-trials[:, None] * own)
    return answer


def _series(hits: Floats, trials: Floats, own: Floats) -> Floats:
    """The sum over this many hits and more; rows lie in the order of their length, the longest first."""
    left = trials - hits
    log = _ways(hits, trials)[:, None] + hits[:, None] * np.log(-np.expm1(-own)) - left[:, None] * own
    sure = (hits[:, None] < -trials[:, None] * np.expm1(-own)) & (log < _TINY)
    term = np.exp(log)
    tail, odds = term.copy(), np.expm1(own)
    for step in range(int(left.max(initial=0.0))):
        open_ = slice(0, int(np.searchsorted(-left, -step)))
        ratio = ((left[open_] - step) / (hits[open_] + step + 1))[:, None] * odds[open_]
        term[open_] *= ratio
        tail[open_] += term[open_]
        # ratios fall, so what is left is less than a geometric series
        if step % _LOOKED == 0 and (sure[open_] | (term[open_] < 1e-10 * tail[open_] * (1 - ratio))).all():
            break
    answer: Floats = np.minimum(np.where(sure, 1.0, tail), 1.0)
    return answer


def _ways(hits: Floats, trials: Floats) -> Floats:
    """The logarithm of how many ways there are to draw so many."""
    return log_gamma(trials + 1) - log_gamma(hits + 1) - log_gamma(trials - hits + 1)


def _own(hazard: Floats, variation: Floats | float, z: Floats) -> Floats:
    """Own hazards, one row a subject."""
    own: Floats = np.clip(hazard[:, None] * np.exp(variation * z - variation**2 / 2), *_HAZARDS)
    return own


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
    hazard, guilty = -np.log1p(-mean), _GUILTY / (trials + 1)
    seen = np.arange(0, len(hits), max(1, len(hits) // _SEEN))
    each = np.log(_honest(hits[seen], trials[seen], hazard[seen], _VARIATIONS) + guilty[seen][:, None])
    whole = each.sum(axis=0) - ((_VARIATIONS / _USUAL) ** 2) / 2
    upper = _upper(whole[None, :])[0]
    answer, likely = np.full(len(hits), upper), np.ones(len(hits))
    answer[seen] = _upper(whole - each)
    more = np.flatnonzero(hits > trials * mean)
    honest = _honest(hits[more], trials[more], hazard[more], np.array([upper]))[:, 0]
    likely[more] = honest / (honest + guilty[more])
    return answer * _GIVEN_BACK, likely


def _upper(likelihood: Floats) -> Floats:
    near = 2 * (likelihood.max(axis=1, keepdims=True) - likelihood) <= _GIVEN_AWAY
    upper: Floats = _VARIATIONS[len(_VARIATIONS) - 1 - near[:, ::-1].argmax(axis=1)]
    return upper


def _honest(hits: Floats, trials: Floats, hazard: Floats, variations: Floats) -> Floats:
    """How likely every subject's hits are at every variation, if it is honest, and that it is."""
    answer = np.empty((len(hits), len(variations)))
    for rows in (hits == 0, hits > 0):
        every = np.flatnonzero(rows)
        for low in range(0, len(every), _CHUNK):
            part = every[low : low + _CHUNK]
            some, out_of = hits[part][:, None], trials[part][:, None]
            ways = _ways(some, out_of)
            for place, variation in enumerate(variations):
                own = _own(hazard[part], variation, _COARSE)
                logs = ways + some * np.log(-np.expm1(-own)) if some.any() else 0.0
                answer[part, place] = np.exp(logs - (out_of - some) * own) @ _COARSE_WEIGHTS
    return (1 - _GUILTY) * answer
