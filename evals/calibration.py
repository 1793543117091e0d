"""Whether bits mean what they say: turned into chances by the world's own base rate, and held against what was true."""

import numpy as np
import pandas as pd
from msgspec import Struct

from beleg.weigh.weights import shipped
from evals.labels import METHODS

# Where one bin of chances ends and the next begins; chances are crowded at both ends.
_EDGES = (0.0, 0.001, 0.01, 0.05, 0.2, 0.5, 0.8, 0.95, 0.99, 1.0)


class Bin(Struct, frozen=True):
    """Refunds whose stated chance of having gone wrong lies between two edges: how many, what was stated, what was true."""

    low: float
    high: float
    refunds: int
    stated: float
    true: float


class Calibration(Struct, frozen=True):
    """The expected calibration error with one base rate per world, and with one per kind of refund and method, and its bins."""

    error: float
    error_by_kind: float
    bins: tuple[Bin, ...]
    bins_by_kind: tuple[Bin, ...]


def calibration(rows: pd.DataFrame) -> Calibration:
    """Hold stated chances against the truth."""
    wrong = rows.label.eq("fraud").to_numpy(dtype=float)
    evidence = rows.millibits.to_numpy() / 1000 - shipped().prior_bits
    plain, fine = (_chance(evidence + np.log2(odds)) for odds in (_per_world(rows), _per_kind(rows)))
    return Calibration(_error(plain, wrong), _error(fine, wrong), _bins(plain, wrong), _bins(fine, wrong))


def _chance(bits: np.ndarray) -> np.ndarray:
    return np.asarray(1 / (1 + np.exp2(-bits)))


def _per_world(rows: pd.DataFrame) -> np.ndarray:
    """Each world's odds of fraud, spread evenly over the methods."""
    share = rows.label.eq("fraud").groupby(rows.seed).transform("mean")
    return np.asarray(share / (1 - share) / len(shipped().wrong)).clip(1e-9)


def _per_kind(rows: pd.DataFrame) -> np.ndarray:
    """The odds of the explaining method among the refunds of its kind, under this condition; half a case where there was none."""
    truth = rows.method.map(METHODS).where(rows.label.eq("fraud"))
    cases = truth.groupby([rows.group, truth]).size()
    honest = rows.label.eq("honest").groupby(rows.group).sum()
    keys = zip(rows.group, rows.best, strict=True)
    return np.array([(cases.get(key, 0) + 0.5) / (honest[key[0]] + 1) for key in keys])


def _placed(chance: np.ndarray) -> np.ndarray:
    return np.clip(np.searchsorted(_EDGES, chance, side="right") - 1, 0, len(_EDGES) - 2)


def _bins(chance: np.ndarray, wrong: np.ndarray) -> tuple[Bin, ...]:
    place = _placed(chance)
    parts = [(number, place == number) for number in range(len(_EDGES) - 1)]
    return tuple(
        Bin(
            _EDGES[number],
            _EDGES[number + 1],
            int(here.sum()),
            round(float(chance[here].mean()), 4),
            round(float(wrong[here].mean()), 4),
        )
        for number, here in parts
        if here.any()
    )


def _error(chance: np.ndarray, wrong: np.ndarray) -> float:
    """The mean distance between stated and true over the bins, by refunds."""
    bins = _bins(chance, wrong)
    return round(sum(one.refunds * abs(one.stated - one.true) for one in bins) / max(len(chance), 1), 4)
