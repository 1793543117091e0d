"""When a source was down: laws of days and counts."""

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from beleg.kernels.liveness import BUSY, judge

SCHEMA = pa.schema(
    [("proof", pa.string()), ("place", pa.string()), ("source", pa.string()), ("day", pa.int64()), ("facts", pa.int64())]
)
DAYS = st.dictionaries(st.integers(20_000, 20_060), st.integers(1, 40), min_size=1, max_size=60)


def ask(*parts: tuple[str, dict[int, int]], source: str = "feed"):
    rows = [
        {"proof": "dock", "place": place, "source": source, "day": day, "facts": facts}
        for place, days in parts
        for day, facts in days.items()
    ]
    return {one.place: one for one in judge(pa.Table.from_pylist(rows, SCHEMA))}


@given(DAYS)
def test_days_down_lie_within_its_span_and_are_not_live(days):
    one = ask(("RC1", days))["RC1"]
    assert (one.first_day, one.last_day, one.facts) == (min(days), max(days), sum(days.values()))
    assert all(one.first_day < day < one.last_day or days.get(day) for day in one.down_days)
    assert one.days_live + len(one.down_days) == one.last_day - one.first_day + 1
    assert one.down_days == tuple(sorted(one.down_days))


@given(DAYS, DAYS)
def test_another_place_changes_nothing(days, others):
    assert ask(("RC1", days), ("RC2", others))["RC1"] == ask(("RC1", days))["RC1"]


@given(DAYS)
def test_a_place_with_few_facts_a_day_is_never_called_down(days):
    few = {day: min(facts, int(BUSY) - 1) for day, facts in days.items()}
    assert ask(("RC1", few))["RC1"].down_days == ()


@given(st.sets(st.integers(20_007, 20_052), max_size=3), st.integers(int(BUSY), 50))
def test_silent_days_of_a_busy_place_are_found(silent, usual):
    days = {day: usual for day in range(20_000, 20_060) if day not in silent}
    assert ask(("RC1", days))["RC1"].down_days == tuple(sorted(silent))


def test_a_weekend_is_no_outage():
    days = {day: 20 for day in range(20_000, 20_060) if day % 7 not in (2, 3)}
    assert ask(("RC1", days))["RC1"].down_days == ()


def test_two_feeds_of_one_place_are_judged_together():
    rows = [("one", day, 3) for day in range(20_000, 20_030)] + [("two", day, 3) for day in range(20_000, 20_030) if day != 20_010]
    table = pa.Table.from_pylist(
        [{"proof": "dock", "place": "RC1", "source": source, "day": day, "facts": facts} for source, day, facts in rows], SCHEMA
    )
    (one,) = judge(table)
    assert (one.source, one.down_days) == ("one, two", ())
