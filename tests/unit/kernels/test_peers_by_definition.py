"""Subjects against peers, once more: pair by pair and day by day, as it is defined, with scipy's tails and no short cut."""

from collections import defaultdict

import numpy as np
import pyarrow as pa
import pytest
from scipy.special import gammaln
from scipy.stats import binom

from beleg.kernels.peers import hold

FINE, COARSE = np.arange(-5.0, 9.01, 0.1), np.arange(-4.0, 5.01, 0.4)
VARIATIONS = np.geomspace(0.03, 2.5, 24)
Pair = tuple[str, str]


def work(seed: int, people: int, days: int) -> list[tuple[str, str, int, int, int]]:
    """What people do in three places, one of them nearly empty, on days of which some have work in two."""
    chance = np.random.default_rng(seed)
    rows = []
    for who in range(people):
        own = 0.03 * np.exp(0.4 * chance.normal()) * (8 if who in {3, 4} else 1)
        for day in range(chance.integers(1, days)):
            for where in {("here", "there", "there")[chance.integers(3)], ("here", "here", "far")[chance.integers(3) * (who < 4)]}:
                trials = int(chance.integers(1, 5))
                rows.append((f"p{who:02}", where, day, trials, int(chance.binomial(trials, min(own, 1.0)))))
    return rows


class Defined:
    """The definition: what each subject shows, what its peers lead one to expect, and how rare that is."""

    def __init__(self, rows: list[tuple[str, str, int, int, int]], fewest: int) -> None:
        self.days: dict[Pair, list[tuple[int, int, bool]]] = defaultdict(list)
        for who, where, day, trials, hits in rows:
            self.days[who, where].append((day, trials, hits > 0))
        self.places = sorted({where for _, where in self.days})
        crowd = {where: sum(one == where for _, one in self.days) for where in self.places}
        self.compared = [pair for pair in self.days if crowd[pair[1]] - 1 >= fewest]
        self.people = sorted({who for who, _ in self.compared})
        hit_days = {(who, day) for who, where in self.compared for day, _, hit in self.days[who, where] if hit}
        every = {(who, day) for who, where in self.compared for day, _, _ in self.days[who, where]}
        self.n, self.observed = (
            np.array([sum(who == one for one, _ in days) for who in self.people], float) for days in (every, hit_days)
        )

    def expect(self, pair: Pair, rate: float) -> float:
        return sum(-np.expm1(-rate * trials) for _, trials, _ in self.days[pair])

    def rates(self, weight: dict[str, float]) -> tuple[dict[Pair, float], dict[Pair, float]]:
        hits = {pair: weight[pair[0]] * sum(hit for *_, hit in days) for pair, days in self.days.items()}
        trials = {pair: sum(many for _, many, _ in days) for pair, days in self.days.items()}
        whole = (sum(hits.values()) + 0.5) / (sum(weight[pair[0]] * trials[pair] for pair in self.days) + 1)
        for _ in range(6):
            expected = sum(weight[pair[0]] * self.expect(pair, whole) for pair in self.days)
            whole *= (sum(hits.values()) + 0.5) / (expected + 0.5)
        rate, mine = dict.fromkeys(self.places, whole), {}
        for _ in range(6):
            expected_of = {pair: weight[pair[0]] * self.expect(pair, rate[pair[1]]) for pair in self.days}
            for where in self.places:
                here = [pair for pair in self.days if pair[1] == where]
                together, found = (sum(one[pair] for pair in here) for one in (expected_of, hits))
                for pair in here:
                    rest = max(together - expected_of[pair] + rate[where] / whole, 1e-12)
                    mine[pair] = np.clip(rate[where] * (found - hits[pair] + 1) / rest, 1e-9, 50.0)
                rate[where] *= (found + 1) / (together + rate[where] / whole)
        found_in = {where: sum(hits[pair] for pair in self.days if pair[1] == where) for where in self.places}
        doubt = {pair: trials[pair] ** 2 * mine[pair] ** 2 / (found_in[pair[1]] - hits[pair] + 1) for pair in self.days}
        return mine, doubt

    def sums(self, likely: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        everybody = {who: 1.0 for who, _ in self.days} | dict(zip(self.people, likely.tolist(), strict=True))
        rates, doubts = self.rates(everybody)
        hazard: dict[tuple[str, int], float] = defaultdict(float)
        for pair in self.compared:
            for day, trials, _ in self.days[pair]:
                hazard[pair[0], day] += rates[pair] * trials
        expected = [sum(-np.expm1(-one) for (who, _), one in hazard.items() if who == name) for name in self.people]
        doubt = [sum(doubts[pair] for pair in self.compared if pair[0] == name) for name in self.people]
        return np.array(expected), np.array(doubt)

    def mean(self, expected: np.ndarray) -> np.ndarray:
        return np.clip(expected / self.n, 1e-9, 1 - 1e-9)

    def fit(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        size = len(self.people)
        expected, _ = self.sums(np.ones(size))
        excess = (self.observed - expected) / np.sqrt(expected + 1e-9)
        line = np.sort(excess)[-max(2, size // 6) :][0]
        likely = ((excess < line) | (excess <= 0)).astype(float)
        for _ in range(4):
            expected, doubt = self.sums(likely)
            variation, likely = self.variation(self.mean(expected), likely)
        return expected, np.sqrt(variation**2 + np.log1p(doubt / np.maximum(expected, 1e-9) ** 2)), likely

    def variation(self, mean: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        level = (self.observed @ weight + 0.5) / (self.n * mean @ weight + 0.5)
        mean, guilty = np.clip(mean * level, 1e-9, 1 - 1e-9), 0.05 / (self.n + 1)
        likelihood = np.array([[self.honest(i, mean[i], one) for one in VARIATIONS] for i in range(len(mean))])
        each = np.log(0.95 * likelihood + guilty[:, None])
        whole = each.sum(axis=0) - (VARIATIONS / 0.25) ** 2 / 2
        upper = self.upper(whole)
        fair = np.array([0.95 * self.honest(i, mean[i], upper) for i in range(len(mean))])
        likely = np.where(self.observed <= self.n * mean, 1.0, fair / (fair + guilty))
        return 1.3 * np.array([self.upper(whole - one) for one in each]), likely

    def upper(self, likelihood: np.ndarray) -> float:
        return float(VARIATIONS[2 * (likelihood.max() - likelihood) <= 3.84].max())

    def honest(self, i: int, mean: float, variation: float) -> float:
        k, n = self.observed[i], self.n[i]
        chance = np.exp(gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)) * (own := shares(mean, variation, COARSE)) ** k
        return float((chance * (1 - own) ** (n - k)) @ normal(COARSE))

    def tail(self, mean: np.ndarray, variation: np.ndarray) -> np.ndarray:
        many = zip(self.observed, self.n, mean, variation, strict=True)
        return np.array([float(binom.sf(k - 1, n, shares(m, v, FINE)) @ normal(FINE)) for k, n, m, v in many])

    def judged(self, lenience: float) -> dict[str, tuple[float, float, float, float]]:
        expected, variation, likely = self.fit()
        mean, size = self.mean(expected), len(self.people)
        first = max(2, int(np.ceil(0.02 * size)))
        honest = [i for i in np.lexsort((expected - self.observed, likely))[first:] if likely[i] >= 0.5]
        p = np.maximum(self.tail(mean, variation * 0), self.tail(mean, variation / 2))
        for factor in (1.0, 1.2, 1.4, 1.7, 2.0, 2.4, 2.8, 4.0):
            wider = variation * factor
            p = np.maximum(p, self.tail(mean, wider))
            ranked = np.sort(p[honest])[: max(size // 4, first + 1) - first]
            if (ranked * size >= 0.7 * np.arange(first + 1, first + 1 + len(ranked))).all():
                break
        if lenience > 1:
            p = np.maximum(p, self.tail(lenience * mean / (1 + (lenience - 1) * mean), wider))
        return {who: told for who, *told in zip(self.people, self.observed, expected, wider, p, strict=True)}


def normal(z: np.ndarray) -> np.ndarray:
    return np.exp(-(z**2) / 2) / np.exp(-(z**2) / 2).sum()


def shares(mean: float, variation: float, z: np.ndarray) -> np.ndarray:
    logs = np.log(-np.log1p(-mean)) + variation * z - variation**2 / 2
    return -np.expm1(-np.exp(np.clip(logs, -30.0, 3.0)))


@pytest.mark.parametrize(("seed", "people", "days", "lenience"), [(1, 24, 12, 1.0), (2, 40, 5, 2.0), (3, 14, 30, 1.0)])
def test_the_quick_way_gives_what_is_defined(seed, people, days, lenience):
    rows = work(seed, people, days)
    names = ("subject", "stratum", "occasion", "trials", "hits")
    held, too_few = hold(pa.table(dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))), 10, lenience)
    defined = Defined(rows, 10).judged(lenience)
    assert held["subject"].to_pylist() == sorted(defined)
    assert set(too_few) == {who for who, *_ in rows} - set(defined)
    for row in held.to_pylist():
        told = [row[name] for name in ("observed", "expected", "variation", "p")]
        assert told == pytest.approx(defined[row["subject"]], rel=1e-8), row["subject"]
