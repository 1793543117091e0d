"""Groups of marked people whom rare things tie together: by definition on small graphs; none for a household or a day."""

from itertools import combinations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from beleg.kernels.companions import companions

PEOPLE = 40
LINKS = st.lists(st.tuples(st.integers(0, PEOPLE - 1), st.integers(0, 25)), min_size=1, max_size=60)
MARKS = st.sets(st.integers(0, PEOPLE - 1), min_size=1, max_size=20)


def ask(links, marks, among=range(PEOPLE)):
    """The groups as sets of accounts, with their p-values."""
    pairs = sorted({*links})
    account, entity = ([pair[side] for pair in pairs] for side in (0, 1))
    marked = pa.table({"account": pa.array([a for a, _ in marks], pa.int64()), "day": pa.array([d for _, d in marks], pa.int64())})
    found = companions(pa.table({"account": account, "entity": entity}), marked, np.array(among, dtype=np.int64))
    groups: dict[int, set[int]] = {}
    for row in found.to_pylist():
        groups.setdefault(row["group"], set()).add(row["account"])
    return sorted(map(sorted, groups.values())), {row["group"]: row["p"] for row in found.to_pylist()}


def circles(links, people):
    """Everybody's circle by going from one to the next; things that more than six show tie nobody."""
    holders = [{a for a, e in links if e == entity} for entity in {e for _, e in links}]
    tied = [held & people for held in holders if 2 <= len(held) <= 6]
    left, answer = set(people), []
    while left:
        circle, fresh = set(), {min(left)}
        while fresh:
            circle |= fresh
            fresh = set().union(*(held for held in tied if held & fresh)) - circle
        answer.append(circle)
        left -= circle
    return answer


@given(LINKS, MARKS)
def test_groups_and_their_chances_are_those_of_the_definition(links, marked):
    groups, chances = ask(links, [(one, one) for one in sorted(marked)])
    every = circles(set(links), set(range(PEOPLE)))
    expected = [sorted(one) for one in circles(set(links), marked) if len(one) >= 3]
    assert groups == sorted(expected)
    tests = sum(len(one) >= 3 for one in every)
    for group in expected:
        (circle,) = (one for one in every if group[0] in one)
        tail = binom.sf(len(group) - 1, len(circle), len(marked) / PEOPLE)
        assert chances[group[0]] == pytest.approx(min(1.0, tests * tail), rel=1e-9)


@given(LINKS, MARKS, st.permutations(range(PEOPLE)))
def test_names_and_order_change_nothing(links, marked, fresh):
    before, _ = ask(links, [(one, one) for one in marked])
    after, _ = ask([(fresh[a], e) for a, e in reversed(links)], [(fresh[one], one) for one in marked])
    assert after == sorted(sorted(fresh[one] for one in group) for group in before)


CHAIN = [(n, link) for n in range(5) for link in (n, n + 1)]


def test_two_are_a_household_and_a_day_is_one_cause():
    assert ask(CHAIN, [(0, 0), (1, 1)])[0] == []
    assert ask(CHAIN, [(n, 0) for n in range(5)])[0] == []
    assert ask(CHAIN, [(0, 0), (1, 0), (1, 7), (2, 0)])[0] == []
    assert ask(CHAIN, [(0, 0), (1, 1), (2, 2)])[0] == [[0, 1, 2]]


def test_nobody_marked_and_nothing_shared():
    assert ask(CHAIN, [])[0] == []
    assert ask([(n, n) for n in range(5)], [(n, n) for n in range(5)])[0] == []


def test_marks_dealt_out_at_random_name_hardly_anybody():
    """Of five hundred shops of families, at most as many as the level says have a group at it."""
    chance = np.random.default_rng(5)
    families = [(n, n // 4) for n in range(400)]
    named = 0
    for _ in range(500):
        marked = chance.choice(400, 40, replace=False).tolist()
        _, chances = ask(families, [(one, one) for one in marked], range(400))
        named += any(p <= 0.05 for p in chances.values())
    assert named <= 25


def test_every_set_of_three_of_a_circle_of_three_costs_the_same():
    answers = {ask(CHAIN, [(n, n) for n in three])[1][three[0]] for three in combinations(range(5), 3) if three[2] - three[0] == 2}
    assert len(answers) == 1
