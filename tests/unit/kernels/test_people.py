"""Which logins are one person: against groups that are joined until nothing joins any more."""

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from beleg.kernels.people import merge

ROSTER = st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from("PQRS")), max_size=8)
SHARED = st.lists(st.tuples(st.sampled_from("abcdefgh"), st.sampled_from("xyz")), max_size=8)


def ask(roster: list[tuple[str, str]], shared: list[tuple[str, str]]) -> dict[str, str]:
    people = pa.table({"login": [a for a, _ in roster], "person": [b for _, b in roster]}).cast(_two("login", "person"))
    sessions = pa.table({"login": [a for a, _ in shared], "session": [b for _, b in shared]}).cast(_two("login", "session"))
    return {row["login"]: row["person"] for row in merge(people, sessions).to_pylist()}


def _two(*names: str) -> pa.Schema:
    return pa.schema([(name, pa.string()) for name in names])


def joined_until_still(roster: list[tuple[str, str]], shared: list[tuple[str, str]]) -> dict[str, str]:
    groups = [{("login", a), ("person", b)} for a, b in roster] + [{("login", a), ("session", b)} for a, b in shared]
    moved = True
    while moved:
        moved = False
        for one in groups:
            for other in groups:
                if one is not other and one & other and not other <= one:
                    one.update(other)
                    moved = True
    named = {}
    for login in {a for a, _ in roster}:
        group = set().union(*(one for one in groups if ("login", login) in one))
        named[login] = min(name for kind, name in group if kind == "person")
    return named


@given(ROSTER, SHARED)
def test_it_joins_as_one_would_by_hand(roster, shared):
    assert ask(roster, shared) == joined_until_still(roster, shared)


@given(ROSTER, SHARED, st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(roster, shared, chance):
    expected = ask(roster, shared)
    chance.shuffle(roster)
    chance.shuffle(shared)
    assert ask(roster, shared) == expected


@given(ROSTER, SHARED)
def test_who_is_not_on_the_roster_is_nobody(roster, shared):
    assert set(ask(roster, shared)) == {login for login, _ in roster}


def test_a_stranger_in_two_sessions_makes_their_people_one():
    assert ask([("a", "P"), ("b", "Q")], [("a", "x"), ("g", "x"), ("g", "y"), ("b", "y")]) == {"a": "P", "b": "P"}
