"""Says whether two meet more often than the queue alone would bring them together; valid whenever it is looked at."""

import numpy as np
import pyarrow as pa

from beleg.kernels.columns import Floats, floats, numbered, paired, summed, tabled

_TEXTS: list[tuple[str, pa.DataType]] = [("subject", pa.string()), ("counterpart", pa.string())]
_NUMBERS: list[tuple[str, pa.DataType]] = [("observed", pa.float64()), ("expected", pa.float64()), ("log2_e", pa.float64())]
MET = pa.schema([*_TEXTS, *_NUMBERS])

# How many times as often as by chance those may meet who mean to: bets of equal size are laid on each.
_ODDS = (2.0, 4.0, 8.0, 16.0, 32.0, 64.0)


def meet(shown: pa.Table) -> tuple[pa.Table, int]:
    """Test every subject against every counterpart that came by its queue.

    An occasion (a day) is a hit when the subject served someone of the counterpart's for the first time: whoever comes back to
    the same clerk counts once, and so does a batch handed over on one day. Given all that went before, its chance is at most the
    chance that one of that day's cases of those not yet served falls to the subject, by its share of the queue that day. A bet
    that multiplies what it holds by odds^hit / (1 + (odds - 1) chance) then gains nothing on average, so that what it holds in
    the end is an e-value, and may be read every day.

    Args:
        shown: subject, counterpart, occasion, cases (the counterpart's in this queue then, of those whom the subject had not
            served before), share (the subject's of the queue), met (how many of them it served); one row per queue.

    Returns:
        `MET` for the pairs that met, in order, and how many pairs there are.
    """
    subject, names = numbered(shown["subject"])
    counterpart, others = numbered(shown["counterpart"])
    when, times = numbered(shown["occasion"])
    who, whom, number = paired(subject, counterpart, len(others))
    owner, _, place = paired(number, when, len(times))
    share = np.clip(floats(shown["share"]), 0.0, 1 - 1e-12)
    chance = -np.expm1(-summed(place, -np.log1p(-share) * floats(shown["cases"]), len(owner)))
    met = (summed(place, floats(shown["met"]), len(owner)) > 0).astype(np.float64)
    observed, expected = summed(owner, met, len(who)), summed(owner, chance, len(who))
    bets = np.stack([summed(owner, met * np.log2(odds) - np.log2(1 + (odds - 1) * chance), len(who)) for odds in _ODDS])
    held = _mean(bets)
    listed = np.flatnonzero(observed > 0)
    told = [[names[one] for one in who[listed]], [others[one] for one in whom[listed]]]
    return tabled(MET, [*told, observed[listed], expected[listed], held[listed]]), len(who)


def _mean(logs: Floats) -> Floats:
    """The logarithm of the mean over rows, of base-2 logarithms."""
    top = logs.max(axis=0, initial=-1e300)
    mean: Floats = top + np.log2(np.exp2(logs - top).mean(axis=0))
    return mean
