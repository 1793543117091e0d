"""The figures of an evaluation, from one row per refund to shares with their median, worst seed and bootstrap interval."""

from collections.abc import Iterable
from math import isnan

import numpy as np
import pandas as pd
from msgspec import Struct

from evals.calibration import Calibration, calibration
from evals.labels import CARRIER_OR_THEFT

_RESAMPLES = 1_000


class Spread(Struct, frozen=True):
    """A share over all seeds together, with the median and the worst seed and the 95 % interval when seeds are drawn anew."""

    pooled: float
    median: float
    worst: float
    low: float
    high: float


class Method(Struct, frozen=True):
    """One method of fraud: how many cases there were, how many were not yet due, and the shares named and found at all."""

    name: str
    cases: int
    not_due: int
    named: Spread | None
    with_finding: Spread | None
    listed: Spread | None


class Doubt(Struct, frozen=True):
    """One ambiguous method: listed as unsupported, a carrier's or thief's doing shown first, and told apart from honest twins."""

    name: str
    cases: int
    not_due: int
    listed: Spread | None
    carrier_first: Spread | None
    named: int
    auc: float
    auc_low: float
    auc_high: float


class Condition(Struct, frozen=True, kw_only=True):
    """Everything measured under one condition."""

    name: str
    worlds: int
    refunds: int
    found: Spread | None
    contradictions: tuple[Method, ...]
    doubts: tuple[Doubt, ...]
    others: tuple[Method, ...]
    honest_named: int
    honest_named_worst: int
    honest_causes: dict[str, int]
    people_per_10000: Spread
    precision: Spread | None
    value_recall: Spread | None
    contradiction_value_recall: Spread | None
    fraud_money_in_gap: Spread | None
    honest_share_of_gap: Spread | None
    honest_gap_causes: dict[str, float]
    calibration: Calibration | None
    seconds: float
    making: float


class Report(Struct, frozen=True):
    """A whole evaluation."""

    weights: str
    orders: int
    seeds: tuple[int, ...]
    conditions: tuple[Condition, ...]


def report(rows: pd.DataFrame, orders: int, weights: str) -> Report:
    """The figures of all conditions, in the order in which they were measured."""
    names = list(dict.fromkeys(rows.condition))
    seeds = tuple(sorted(int(seed) for seed in rows.seed.unique()))
    return Report(weights, orders, seeds, tuple(_condition(name, rows[rows.condition == name]) for name in names))


def _condition(name: str, rows: pd.DataFrame) -> Condition:
    cases = _cases(rows)
    gap, fraud = rows.standing.eq("gap"), rows.label.eq("fraud")
    named = rows[rows.accused & ~fraud]
    contradicts = rows.kind.eq("contradiction")
    per_world = rows.groupby("seed")[["seconds", "making"]].first().median()
    return Condition(
        name=name,
        worlds=rows.seed.nunique(),
        refunds=len(rows),
        found=_of(cases[cases.kind.eq("contradiction") & ~cases.not_due], "named"),
        contradictions=_methods(cases, "contradiction"),
        doubts=tuple(_doubt(str(method), part, rows) for method, part in cases[cases.kind.eq("ambiguous")].groupby("method")),
        others=_methods(cases, "other"),
        honest_named=len(named),
        honest_named_worst=int(named.groupby("seed").size().max()) if len(named) else 0,
        honest_causes={str(cause): int(count) for cause, count in named.method.value_counts().items()},
        people_per_10000=_people(rows, named),
        precision=_ratio(rows, rows.accused & fraud, rows.accused),
        value_recall=_ratio(rows, rows.accused & fraud, fraud, money=True),
        contradiction_value_recall=_ratio(rows, rows.accused & contradicts, contradicts, money=True),
        fraud_money_in_gap=_ratio(rows, gap & fraud, fraud, money=True),
        honest_share_of_gap=_ratio(rows, gap & ~fraud, gap, money=True, best_is_low=True),
        honest_gap_causes=_causes(rows[gap & ~fraud], rows[gap]),
        calibration=calibration(rows) if fraud.any() else None,
        seconds=round(float(per_world.seconds), 1),
        making=round(float(per_world.making), 1),
    )


def _cases(rows: pd.DataFrame) -> pd.DataFrame:
    """One row per fraud; what is one act in several records counts once, and is found when any of them is."""
    crooked = rows[rows.label.eq("fraud")]
    flags = crooked.assign(
        gap=crooked.standing.eq("gap"),
        waiting=crooked.standing.eq("not_yet_due"),
        first=crooked.first_rival.map(_is_carrier),
    )
    grouped = flags.groupby(["seed", "case"], as_index=False)
    cases = grouped.agg(
        method=("method", "first"),
        kind=("kind", "first"),
        named=("accused", "any"),
        finding=("fired", "any"),
        listed=("gap", "any"),
        waiting=("waiting", "all"),
        first=("first", "any"),
    )
    return cases.assign(not_due=cases.waiting & ~cases.named)


def _is_carrier(rival: object) -> bool:
    return isinstance(rival, str) and (rival in CARRIER_OR_THEFT or rival.startswith(("carrier error", "porch theft")))


def _methods(cases: pd.DataFrame, kind: str) -> tuple[Method, ...]:
    return tuple(_method(str(name), part) for name, part in cases[cases.kind.eq(kind)].groupby("method"))


def _method(name: str, part: pd.DataFrame) -> Method:
    due = part[~part.not_due]
    return Method(name, len(part), int(part.not_due.sum()), _of(due, "named"), _of(due, "finding"), _of(due, "listed"))


def _doubt(method: str, part: pd.DataFrame, rows: pd.DataFrame) -> Doubt:
    due, listed = part[~part.not_due], part[part.listed]
    checked = rows[~rows.standing.eq("not_yet_due")]
    auc = _ranking(
        checked[checked.label.eq("fraud") & checked.method.eq(method)],
        checked[checked.twin_of.eq(method) & checked.label.eq("honest")],
    )
    return Doubt(method, len(part), int(part.not_due.sum()), _of(due, "listed"), _of(listed, "first"), int(part.named.sum()), *auc)


def _ranking(wrong: pd.DataFrame, honest: pd.DataFrame) -> tuple[float, float, float]:
    """How often a fraud ranks above an honest twin, ties counted half, and the interval over seeds."""
    seeds = sorted(set(wrong.seed) | set(honest.seed))
    parts = {
        seed: (wrong[wrong.seed == seed].millibits.to_numpy(), honest[honest.seed == seed].millibits.to_numpy()) for seed in seeds
    }
    draws = [_auc(parts, chosen) for chosen in np.random.default_rng(1).choice(seeds, (200, len(seeds)))] if seeds else []
    draws = [draw for draw in draws if not isnan(draw)]
    if not draws:
        return float("nan"), float("nan"), float("nan")
    low, high = np.quantile(draws, [0.025, 0.975])
    return round(_auc(parts, seeds), 3), round(float(low), 3), round(float(high), 3)


def _auc(parts: dict[int, tuple[np.ndarray, np.ndarray]], seeds: Iterable[int]) -> float:
    both = [parts[seed] for seed in seeds]
    wrong, honest = (np.concatenate([part[side] for part in both])[None] for side in (0, 1))
    if not wrong.size or not honest.size:
        return float("nan")
    ahead, level = honest < wrong.T, honest == wrong.T
    return float(ahead.mean() + level.mean() / 2)


def _of(part: pd.DataFrame, flag: str) -> Spread | None:
    return spread(part.groupby("seed")[flag].agg(["sum", "count"]).to_numpy(dtype=float))


def _ratio(
    rows: pd.DataFrame, top: "pd.Series[bool]", bottom: "pd.Series[bool]", *, money: bool = False, best_is_low: bool = False
) -> Spread | None:
    weight = rows.loss if money else pd.Series(1, index=rows.index)
    parts = pd.DataFrame({"seed": rows.seed, "top": weight.where(top, 0), "bottom": weight.where(bottom, 0)})
    return spread(parts.groupby("seed").sum().to_numpy(dtype=float), best_is_low=best_is_low)


def _people(rows: pd.DataFrame, named: pd.DataFrame) -> Spread:
    touched = named.groupby("seed").account_id.nunique().reindex(rows.seed.unique(), fill_value=0)
    counted = np.column_stack([10_000.0 * touched, rows.groupby("seed").size().reindex(touched.index)])
    answer = spread(counted, best_is_low=True)
    assert answer is not None
    return answer


def spread(counted: np.ndarray, *, best_is_low: bool = False) -> Spread | None:
    """Of numerators and denominators, a row per seed; None where there is nothing to divide by."""
    counted = counted[counted[:, 1] > 0]
    if not len(counted):
        return None
    each = counted[:, 0] / counted[:, 1]
    drawn = np.random.default_rng(1).integers(0, len(counted), (_RESAMPLES, len(counted)))
    sums = counted[drawn].sum(axis=1)
    low, high = np.quantile(sums[:, 0] / sums[:, 1], [0.025, 0.975])
    worst = each.max() if best_is_low else each.min()
    pooled = counted[:, 0].sum() / counted[:, 1].sum()
    return Spread(*(round(float(one), 4) for one in (pooled, np.median(each), worst, low, high)))


def _causes(rows: pd.DataFrame, every: pd.DataFrame) -> dict[str, float]:
    """Honest money in the gap by its cause, as shares of all money in the gap."""
    sums = rows.groupby("method").loss.sum().sort_values(ascending=False) / max(every.loss.sum(), 1)
    return {str(cause): round(float(share), 4) for cause, share in sums.items()}
