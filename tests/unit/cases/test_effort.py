"""What cases cost: as those who closed them say, all readings of a case together, and nothing guessed where nobody said."""

import pytest
from case_facts import envelope
from hypothesis import given
from hypothesis import strategies as st

from beleg.cases.case import Case
from beleg.cases.effort import Effort, effort
from beleg.facts.kinds.cases import CaseOutcome


def case(*minutes):
    closed = [CaseOutcome(**envelope(), case_id="case-1", outcome="unknown", why="no", minutes=one, actor="mia") for one in minutes]
    return Case(id="case-1", opened_at=0, outcomes=closed, state="closed")


@pytest.mark.parametrize(
    ("said", "median", "cost", "without"),
    [
        ([], None, None, 0),
        ([(None,)], None, None, 1),
        ([(30,)], 30, 2500, 0),
        ([(30,), (None,)], 30, 2500, 1),
        ([(30, 15), (15,), (0,)], 15, 1667, 0),
        ([(30, None), (20,)], 20, 1667, 1),
    ],
)
def test_minutes_are_what_people_say(said, median, cost, without):
    found = effort(case(*one) for one in said)
    assert (found.median, found.per_case(5000), found.without) == (median, cost, without)


@given(st.lists(st.lists(st.none() | st.integers(0, 600), min_size=1, max_size=3), max_size=20), st.integers(0, 100_000))
def test_every_case_is_counted_once_and_what_they_cost_adds_up(said, hour):
    found = effort(case(*one) for one in said)
    assert found.stated + found.without == len(said)
    whole = sum(sum(one) for one in said if None not in one)
    assert found == Effort(tuple(sorted(sum(one) for one in said if None not in one)), found.without)
    if found.stated:
        assert abs(found.per_case(hour) * found.stated - whole * hour / 60) <= found.stated
