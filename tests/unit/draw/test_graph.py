"""A drawn graph says all it was given, the same way each time, and untangles what can be untangled."""

import re
from itertools import combinations, pairwise

from hypothesis import given
from hypothesis import strategies as st

from beleg.draw.graph import Node, graph
from beleg.draw.layout import crossings, place

WHO, WHAT = [f"a{number}" for number in range(12)], [f"d{number}" for number in range(7)]
LINKS = st.sets(st.tuples(st.sampled_from(WHO), st.sampled_from(WHAT)))


def node(key: str) -> Node:
    return Node(key, f"name of {key}", key, "account", f"#{key}")


def drawn(links, members=WHO, shared=WHAT):
    return graph([node(key) for key in members], [node(key) for key in shared], links, "a ring")


@given(LINKS, st.randoms())
def test_the_order_things_come_in_changes_nothing(links, dice):
    members, shared, pairs = list(WHO), list(WHAT), [*links, *links]
    for rows in (members, shared, pairs):
        dice.shuffle(rows)
    assert drawn(pairs, members, shared) == drawn(links)


@given(LINKS)
def test_every_node_and_every_link_is_there(links):
    page = str(drawn(links))
    for key in (*WHO, *WHAT):
        assert page.count(f'href="#{key}"') == 1
    assert page.count("<line") == 2 * len(links)  # once for the member, once for what is shared


@given(LINKS)
def test_no_two_nodes_of_a_column_touch(links):
    page = str(drawn(links))
    for marks in (r'circle cx="19%" cy="([\d.]+)"', r'circle cx="81%" cy="([\d.]+)"', r'rect x="36%" y="([\d.]+)"'):
        heights = sorted(float(height) for height in re.findall(marks, page))
        assert all(after - before >= 20 for before, after in pairwise(heights))


@given(LINKS)
def test_crossings_are_counted_right(links):
    found = place(WHO, WHAT, links)
    rank = {name: at for column in (found.left, found.middle, found.right) for at, name in enumerate(column)}
    count = 0
    for side in (found.left, found.right):
        lines = [(rank[who], rank[what]) for who, what in links if who in side]
        count += sum((one[0] - other[0]) * (one[1] - other[1]) < 0 for one, other in combinations(lines, 2))
    assert found.crossings == count


@given(LINKS)
def test_the_columns_hold_everybody_once_in_equal_halves(links):
    found = place(WHO, WHAT, links)
    assert sorted((*found.left, *found.right)) == sorted(WHO)
    assert sorted(found.middle) == sorted(WHAT)
    assert len(found.left) - len(found.right) in {0, 1}


def test_what_can_be_untangled_is():
    pairs = [(f"a{number}", f"d{6 - number // 2}") for number in range(12)]
    assert crossings(WHO, WHAT, {who: [what] for who, what in pairs}) > 0
    assert place(WHO, WHAT, pairs).crossings == 0


def test_nothing_to_draw_is_drawn():
    assert "<title>a ring</title>" in drawn([], [], [])


def test_names_are_escaped():
    bad = Node("a", "<b>", "&", "account", "#a")
    assert "<b>" not in graph([bad], [], [], "<i>")
    assert "<i>" not in graph([bad], [], [], "<i>")
