"""Says on which days a source was down at a place: days within its span on which far fewer facts came than on its other days."""

from collections import defaultdict
from dataclasses import dataclass
from statistics import median

import pyarrow as pa

# Below this share of a typical day of the same weekday a source counts as down; places with fewer facts a day cannot be judged.
DOWN_SHARE = 0.1
BUSY = 5.0


@dataclass(frozen=True, slots=True)
class Liveness:
    """One proof's source at one place: when it spoke, how often, and the days (since 1970-01-01) on which it was down."""

    proof: str
    place: str
    source: str
    first_day: int
    last_day: int
    facts: int
    days_live: int
    down_days: tuple[int, ...]


def judge(days: pa.Table) -> list[Liveness]:
    """Judge every source and place from its facts per day.

    Args:
        days: proof, place, source, day (since 1970-01-01), facts; only days that have facts need a row.
    """
    counted: dict[tuple[str, str], dict[int, int]] = defaultdict(lambda: defaultdict(int))
    sources: dict[tuple[str, str], set[str]] = defaultdict(set)
    for row in days.to_pylist():
        counted[row["proof"], row["place"]][row["day"]] += row["facts"]
        sources[row["proof"], row["place"]].add(row["source"])
    return [_judge_one(*key, ", ".join(sorted(sources[key])), dict(per_day)) for key, per_day in sorted(counted.items())]


def _judge_one(proof: str, place: str, source: str, per_day: dict[int, int]) -> Liveness:
    first, last = min(per_day), max(per_day)
    span = range(first, last + 1)
    typical = {weekday: median([per_day.get(day, 0) for day in span if day % 7 == weekday] or [0]) for weekday in range(7)}
    down = tuple(day for day in span if typical[day % 7] >= BUSY and per_day.get(day, 0) < DOWN_SHARE * typical[day % 7])
    return Liveness(proof, place, source, first, last, sum(per_day.values()), len(span) - len(down), down)
