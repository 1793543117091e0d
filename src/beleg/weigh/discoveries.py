"""False discoveries among subjects: one error rate for the whole product, fixed beforehand and divided over the detectors."""

from collections.abc import Mapping, Sequence
from math import log, log2

# The chance that an audit of an honest shop names any account, ring or member of staff at all.
ALERT_CHANCE = 0.04

# What learns from closed cases runs only in a shop where fraud was confirmed, which is no honest one: so it has no part of that
# chance, and of those whom it names this share may be named wrongly, on average.
LEARNED_FALSE = 0.05

# No single comparison says more than this, however small its p-value: an explanation nobody thought of is likelier.
MOST = 30.0


def levels(shares: Mapping[str, float]) -> dict[str, float]:
    """Each detector's part of `ALERT_CHANCE`, by its share; a detector that did not run leaves its part unused."""
    whole = sum(shares.values())
    return {name: ALERT_CHANCE * share / whole for name, share in shares.items()}


def discoveries(p_values: Sequence[float], tests: int, level: float, *, plain: bool = False) -> list[bool]:
    """Which comparisons pass: a step-up that holds under any dependence (Blanchard and Roquain, 2008).

    Subjects share queues, days and customers, so their p-values depend on each other in ways nobody can list. Half of the level
    is spent as Bonferroni does, for the case that only one is guilty, half as Benjamini and Yekutieli do, for the case that many
    are. With no true effect at all, the chance that anything passes is at most `level`.

    Args:
        p_values: of the comparisons that are listed; those not listed are taken to be 1.
        tests: how many comparisons were made.
        level: the false discovery rate.
        plain: no factor is needed: the p-values are inverses of e-values (Wang and Ramdas, 2022), or all hold a score against the
            same honest ones, so that they depend on each other positively (Bates, Candes, Lei, Romano and Sesia, 2023).
    """
    tests = max(tests, len(p_values))
    if not tests:
        return []
    ordered = sorted(p_values)
    each = level / tests
    spread = 1.0 if plain else sum(1 / rank for rank in range(1, tests + 1))
    first = 0.0 if plain else 0.5
    line = max((p for rank, p in enumerate(ordered, 1) if p <= each * (first + (1 - first) * rank / spread)), default=-1.0)
    return [p <= line for p in p_values]


def bits(p: float | None, log2_e: float | None = None) -> float:
    """What a comparison is worth in bits: its e-value's logarithm, or its p-value's by a calibrator.

    The calibrator (1 - p + p ln p) / (p ln(p)^2) is the mean of k p^(k-1) over k from 0 to 1 (Vovk and Wang, 2021) and never
    overstates: its mean under the null is at most 1.
    """
    if log2_e is not None:
        return min(MOST, log2_e)
    if p is None or p >= 1:
        return -1.0
    p = max(p, 1e-300)
    size = log(p)
    near = 1 - p
    value = 0.5 + near / 6 if near < 1e-4 else (1 - p + p * size) / (p * size * size)
    return min(MOST, log2(value))
