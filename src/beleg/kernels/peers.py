"""Holds each subject's occasions against its peers': is this more often than one of this group, doing this work, would show it."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from beleg.kernels.columns import Flags, Floats, Ints, floats, numbered, paired, summed, tabled
from beleg.kernels.tails import variation_of_others, varied_tail

_TEXTS: list[tuple[str, pa.DataType]] = [("subject", pa.string()), ("stratum", pa.string()), ("peers", pa.int64())]
_NUMBERS: list[tuple[str, pa.DataType]] = [(name, pa.float64()) for name in ("occasions", "observed", "expected", "variation", "p")]
HELD = pa.schema([*_TEXTS, *_NUMBERS])


# The p-values of likely honest subjects, but for this share or number, may lie so far below what chance has.
_GUILTY, _FEW, _LENIENT = 0.02, 2, 0.7

# In the first of so many rounds, so many of those who stand out most are taken to be guilty.
_FITS, _SUSPECT = 4, 1 / 6
_RAISED = (1.0, 1.2, 1.4, 1.7, 2.0, 2.4, 2.8, 4.0)

# Where rates vary wildly and few hits are expected, one hit is rarer than if they varied less: what says least counts.
_PARTS = (0.0, 0.5)

# Rounds in which the strata's rates are fitted to how many occasions had a hit.
_ROUNDS = 6


@dataclass(frozen=True)
class _Work:
    """What each subject did in each stratum (a pair); number: the pair of each of its occasions there, with trials and hit."""

    owner: Ints
    place: Ints
    number: Ints
    when: Ints
    trials: Floats
    hit: Floats


@dataclass(frozen=True)
class _Sums:
    """Per subject: its occasions, those with a hit, how many of them one expects, and the variance of that estimate."""

    n: Floats
    observed: Floats
    expected: Floats
    doubt: Floats

    @property
    def mean(self) -> Floats:
        return np.clip(self.expected / np.maximum(self.n, 1), 1e-9, 1 - 1e-9)

    def of(self, rows: Ints) -> "_Sums":
        return _Sums(self.n[rows], self.observed[rows], self.expected[rows], self.doubt[rows])


def hold(counted: pa.Table, fewest: int, lenience: float = 1.0) -> tuple[pa.Table, tuple[str, ...]]:
    """Hold every subject against the others of its strata.

    What is tested is the number of occasions (days, orders) with at least one hit, so that a bad day counts once however much
    went wrong on it. An occasion's chance follows from the rate of the *other* subjects in its strata, who count the less the
    likelier they are guilty themselves. A subject's own rate may differ from theirs as much as theirs do among each other
    (log-normal, the upper end).

    Args:
        counted: subject, stratum, occasion, trials, hits. A stratum is a group of peers who do the same work.
        fewest: strata with fewer other subjects are left out.
        lenience: so many times its peers' odds a subject may have besides; where some lawfully live otherwise than others.

    Returns:
        `HELD`, one row per subject: stratum is the one most of its trials are in, expected counts occasions with a hit; and the
        subjects that had too few peers everywhere.
    """
    subject, names = numbered(counted["subject"])
    stratum, groups = numbered(counted["stratum"])
    when, times = numbered(counted["occasion"])
    work = _work((subject, stratum, when), len(groups), len(times), (floats(counted["trials"]), floats(counted["hits"])))
    peers = np.bincount(work.place, minlength=len(groups)) - 1
    enough = peers[work.place] >= fewest
    sums, variation, likely = _fit(work, enough, len(names))
    alive = np.flatnonzero(sums.n > 0)
    sums = sums.of(alive)
    variation, p = _tail(sums, variation, likely)
    if lenience > 1:
        p = np.maximum(p, varied_tail(sums.observed, sums.n, _raised(sums.mean, lenience), variation))
    main = _main(work, enough, len(names))[alive]
    told = [[names[one] for one in alive], [groups[one] for one in main], peers[main]]
    too_few = np.setdiff1d(work.owner, work.owner[enough])
    return tabled(HELD, [*told, sums.n, sums.observed, sums.expected, variation, p]), tuple(names[one] for one in too_few)


def _fit(work: _Work, enough: Flags, subjects: int) -> tuple[_Sums, Floats, Floats]:
    """Each subject's sums, the variations of those compared, and how likely each of them is honest.

    Whoever is counts the less in what the others are held against, the likelier that is.
    """
    sums = _sums(work, enough, np.ones(subjects))
    alive = np.flatnonzero(sums.n > 0)
    mine = sums.of(alive)
    excess = (mine.observed - mine.expected) / np.sqrt(mine.expected + 1e-9)
    line = np.sort(excess)[-max(_FEW, int(len(alive) * _SUSPECT)) :][:1].sum()
    likely = ((excess < line) | (excess <= 0)).astype(np.float64)
    variation = np.zeros(len(alive))
    for _ in range(_FITS):
        weight = np.ones(subjects)
        weight[alive] = likely
        sums = _sums(work, enough, weight)
        mine = sums.of(alive)
        variation, likely = variation_of_others(mine.observed, mine.n, mine.mean, likely)
    variation = np.sqrt(variation**2 + np.log1p(mine.doubt / np.maximum(mine.expected, 1e-9) ** 2))
    return sums, variation, likely


def _sums(work: _Work, enough: Flags, weight: Floats) -> _Sums:
    rates, doubt = _rates(work, int(work.place.max(initial=-1)) + 1, weight[work.owner])
    subjects = len(weight)
    kept = enough[work.number]
    owner, _, number = paired(work.owner[work.number][kept], work.when[kept], int(work.when.max(initial=-1)) + 1)
    hit = (summed(number, work.hit[kept], len(owner)) > 0).astype(np.float64)
    chance = -np.expm1(-summed(number, (rates[work.number] * work.trials)[kept], len(owner)))
    amount = summed(work.number, work.trials, len(work.owner))
    n, observed, expected = (summed(owner, one, subjects) for one in (np.ones(len(owner)), hit, chance))
    return _Sums(n, observed, expected, summed(work.owner[enough], (amount**2 * doubt)[enough], subjects))


def _work(codes: tuple[Ints, Ints, Ints], groups: int, times: int, counts: tuple[Floats, Floats]) -> _Work:
    """Rows of one subject, stratum and occasion taken together."""
    subject, stratum, when = codes
    owner, place, number = paired(subject, stratum, groups)
    pair, moment, row = paired(number, when, times)
    trials, hits = (summed(row, one, len(pair)) for one in counts)
    return _Work(owner, place, pair, moment, trials, (hits > 0).astype(np.float64))


def _rates(work: _Work, groups: int, counts: Floats) -> tuple[Floats, Floats]:
    """Each pair's rate a trial as the others of its stratum that count have it, and the variance of that estimate.

    The rates are those at which as many occasions have a hit as did, so that a day on which everything failed counts as one. Each
    is drawn towards the rate of all, as if one hit more had been seen at that rate.
    """
    hits = summed(work.number, work.hit, len(work.owner)) * counts
    whole = (hits.sum() + 0.5) / (work.trials @ counts[work.number] + 1)
    for _ in range(_ROUNDS):
        whole *= (hits.sum() + 0.5) / (_expected(work, np.full(len(work.owner), whole), counts).sum() + 0.5)
    rate = np.full(groups, whole)
    mine = np.full(len(work.owner), whole)
    others = summed(work.place, hits, groups)[work.place] - hits + 1
    for _ in range(_ROUNDS):
        expected = _expected(work, rate[work.place], counts)
        together = summed(work.place, expected, groups)
        mine = rate[work.place] * others / np.maximum(together[work.place] - expected + rate[work.place] / whole, 1e-12)
        rate *= (summed(work.place, hits, groups) + 1) / (together + rate / whole)
    rates = np.clip(mine, 1e-9, 50.0)
    return rates, rates**2 / others


def _expected(work: _Work, rates: Floats, counts: Floats) -> Floats:
    """How many of each pair's occasions have a hit at these rates."""
    chance = -np.expm1(-rates[work.number] * work.trials)
    return summed(work.number, chance, len(work.owner)) * counts


def _tail(sums: _Sums, variation: Floats, likely: Floats) -> tuple[Floats, Floats]:
    """Variations and p-values: all are raised together until what honest subjects show is no rarer than chance has it.

    Some subjects have rates of their own kind (trainees, specialists), and then the tail is heavier than the fitted one. Looked
    at are the ranks behind the first few, who may be guilty, of those who likely are not.
    """
    size = len(variation)
    first = max(_FEW, int(np.ceil(_GUILTY * size)))
    ordinary = np.lexsort((sums.expected - sums.observed, likely))[first:]
    honest = ordinary[likely[ordinary] >= 0.5]
    p = np.maximum(*(varied_tail(sums.observed, sums.n, sums.mean, variation * part) for part in _PARTS))
    for factor in _RAISED:
        wider = variation * factor
        p = np.maximum(p, varied_tail(sums.observed, sums.n, sums.mean, wider))
        ranked = np.sort(p[honest])[: max(size // 4, first + 1) - first]
        ranks = np.arange(first + 1, first + 1 + len(ranked))
        if (ranked * size >= _LENIENT * ranks).all():
            break
    return wider, p


def _raised(chance: Floats, odds: float) -> Floats:
    """Chances whose odds are so many times as high."""
    return odds * chance / (1 + (odds - 1) * chance)


def _main(work: _Work, enough: Flags, subjects: int) -> Ints:
    """The stratum in which each subject does most of its work."""
    amount = summed(work.number, work.trials, len(work.owner))
    main = np.zeros(subjects, dtype=np.int64)
    order = np.lexsort((-work.place, amount, enough))
    main[work.owner[order]] = work.place[order]
    return main
