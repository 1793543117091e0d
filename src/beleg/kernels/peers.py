"""Holds each subject's occasions against its peers': is this more often than one of this group, doing this work, would show it."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from beleg.kernels.columns import Flags, Floats, Ints, coded, distinct, floats, paired, summed, tabled
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
    """What each subject did in each stratum, a pair: owner, place, trials, the occasions with a hit, and whether it is compared.

    A row is what a pair did on one occasion: number (its pair) and kind. Rows of a kind have as many trials in the same stratum,
    so that one rate gives them one chance; there are few kinds. An occasion that is compared has an owner, its hit, and rows.
    """

    owner: Ints
    place: Ints
    trials: Floats
    hits: Floats
    enough: Flags
    number: Ints
    kind: Ints
    kind_place: Ints
    kind_trials: Floats
    occasion_owner: Ints
    occasion_hit: Floats
    rows: Ints
    occasion: Ints


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
        counted: subject, stratum, occasion, trials, hits. A stratum is a group of peers who do the same work. Subjects, strata and
            occasions are texts, or whole numbers that stand for them in the same order.
        fewest: strata with fewer other subjects are left out.
        lenience: so many times its peers' odds a subject may have besides; where some lawfully live otherwise than others.

    Returns:
        `HELD`, one row per subject, numbers as texts: stratum is the one most of its trials are in, expected counts occasions with
        a hit; and the subjects that had too few peers everywhere.
    """
    subject, names = coded(counted["subject"])
    stratum, groups = coded(counted["stratum"])
    when, times = coded(counted["occasion"])
    work, peers = _work((subject, stratum, when), (len(groups), len(times)), counted, fewest)
    sums, variation, likely = _fit(work, len(names))
    alive = np.flatnonzero(sums.n > 0)
    sums = sums.of(alive)
    variation, p = _tail(sums, variation, likely)
    if lenience > 1:
        p = np.maximum(p, varied_tail(sums.observed, sums.n, _raised(sums.mean, lenience), variation))
    main = _main(work, len(names))[alive]
    told = [names.take(alive), groups.take(main), peers[main]]
    there, compared = (np.bincount(some, minlength=len(names)) > 0 for some in (work.owner, work.owner[work.enough]))
    too_few = names.take(np.flatnonzero(there & ~compared))
    return tabled(HELD, [*told, sums.n, sums.observed, sums.expected, variation, p]), tuple(map(str, too_few.to_pylist()))


def _fit(work: _Work, subjects: int) -> tuple[_Sums, Floats, Floats]:
    """Each subject's sums, the variations of those compared, and how likely each of them is honest.

    Whoever is counts the less in what the others are held against, the likelier that is.
    """
    sums = _sums(work, np.ones(subjects))
    alive = np.flatnonzero(sums.n > 0)
    mine = sums.of(alive)
    excess = (mine.observed - mine.expected) / np.sqrt(mine.expected + 1e-9)
    line = np.sort(excess)[-max(_FEW, int(len(alive) * _SUSPECT)) :][:1].sum()
    likely = ((excess < line) | (excess <= 0)).astype(np.float64)
    variation = np.zeros(len(alive))
    for _ in range(_FITS):
        weight = np.ones(subjects)
        weight[alive] = likely
        sums = _sums(work, weight)
        mine = sums.of(alive)
        variation, likely = variation_of_others(mine.observed, mine.n, mine.mean, likely)
    variation = np.sqrt(variation**2 + np.log1p(mine.doubt / np.maximum(mine.expected, 1e-9) ** 2))
    return sums, variation, likely


def _sums(work: _Work, weight: Floats) -> _Sums:
    rates, doubt = _rates(work, weight[work.owner])
    subjects = len(weight)
    hazards = rates[work.number[work.rows]] * work.kind_trials[work.kind[work.rows]]
    chance = -np.expm1(-summed(work.occasion, hazards, len(work.occasion_owner)))
    owner = work.occasion_owner
    n, observed, expected = (summed(owner, one, subjects) for one in (np.ones(len(owner)), work.occasion_hit, chance))
    doubts = (work.trials**2 * doubt)[work.enough]
    return _Sums(n, observed, expected, summed(work.owner[work.enough], doubts, subjects))


def _work(codes: tuple[Ints, Ints, Ints], sizes: tuple[int, int], counted: pa.Table, fewest: int) -> tuple[_Work, Ints]:
    """Rows of one subject, stratum and occasion taken together; and how many others each stratum has."""
    (subject, stratum, when), (groups, times) = codes, sizes
    whose, moment, row = paired(subject * np.int64(max(groups, 1)) + stratum, when, times)
    owner, place, pair = paired(*np.divmod(whose, max(groups, 1)), groups)
    trials, hits = (summed(row, floats(counted[name]), len(pair)) for name in ("trials", "hits"))
    hit = (hits > 0).astype(np.float64)
    different, amount = distinct(trials.astype(np.int64))
    kind_place, kind_amount, kind = paired(place[pair], amount, len(different))
    peers = np.bincount(place, minlength=groups) - 1
    enough = peers[place] >= fewest
    rows = np.flatnonzero(enough[pair])
    occasion_owner, _, occasion = paired(owner[pair[rows]], moment[rows], times)
    work = _Work(
        owner=owner,
        place=place,
        trials=summed(pair, trials, len(owner)),
        hits=summed(pair, hit, len(owner)),
        enough=enough,
        number=pair,
        kind=kind,
        kind_place=kind_place,
        kind_trials=different[kind_amount].astype(np.float64),
        occasion_owner=occasion_owner,
        occasion_hit=(summed(occasion, hit[rows], len(occasion_owner)) > 0).astype(np.float64),
        rows=rows,
        occasion=occasion,
    )
    return work, peers


def _rates(work: _Work, counts: Floats) -> tuple[Floats, Floats]:
    """Each pair's rate a trial as the others of its stratum that count have it, and the variance of that estimate.

    The rates are those at which as many occasions have a hit as did, so that a day on which everything failed counts as one. Each
    is drawn towards the rate of all, as if one hit more had been seen at that rate. Strata are fitted by kinds of rows, of which
    there are few; only the last round asks each pair what it expects itself, to take that off.
    """
    groups = int(work.place.max(initial=-1)) + 1
    hits = work.hits * counts
    of_kind = summed(work.kind, counts[work.number], len(work.kind_place))
    whole = (hits.sum() + 0.5) / (work.trials @ counts + 1)
    for _ in range(_ROUNDS):
        whole *= (hits.sum() + 0.5) / (of_kind @ -np.expm1(-whole * work.kind_trials) + 0.5)
    found = summed(work.place, hits, groups)
    rate = np.full(groups, whole)
    for left in reversed(range(_ROUNDS)):
        chance = -np.expm1(-rate[work.kind_place] * work.kind_trials)
        together = summed(work.kind_place, of_kind * chance, groups)
        if left:
            rate *= (found + 1) / (together + rate / whole)
    others = found[work.place] - hits + 1
    mine = summed(work.number, chance[work.kind], len(work.owner)) * counts
    rates = rate[work.place] * others / np.maximum((together + rate / whole)[work.place] - mine, 1e-12)
    rates = np.clip(rates, 1e-9, 50.0)
    return rates, rates**2 / others


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


def _main(work: _Work, subjects: int) -> Ints:
    """The stratum in which each subject does most of its work, the first of several."""
    score = work.trials + work.enough * (work.trials.max(initial=0.0) + 1)
    most = np.zeros(subjects)
    np.maximum.at(most, work.owner, score)
    best = np.flatnonzero(score == most[work.owner])[::-1]
    main = np.zeros(subjects, dtype=np.int64)
    main[work.owner[best]] = work.place[best]
    return main
