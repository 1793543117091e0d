"""Cases are a fold of facts: joined by who is behind them, changed by people, reopened or cleared by the facts themselves."""

import pytest
from case_facts import assigned, closed, decision, finding, merged, noted, split
from hypothesis import given
from hypothesis import strategies as st

from beleg.cases.book import Book
from beleg.cases.labels import labels
from beleg.cases.sampling import Sampling, overturned
from beleg.web.console.rows import Rows

NONE, ALL = Sampling(b"key", 0.0), Sampling(b"key", 1.0)
ACCOUNTS = st.lists(st.sampled_from(["A1", "A2", "A3", "A4", "A5", "A6", "", " ", None]), max_size=3)


def book(*facts, sampling=NONE):
    made = Book(sampling)
    for fact in facts:
        made.add(*(fact if isinstance(fact, tuple) else (fact,)))
    return made


def groups(made):
    return {frozenset(case.items) for case in made}


def components(items):
    """The oracle: grow every group until nothing changes, looking at whole sets only."""
    found = [({name}, {one for one in accounts if one and one.strip()}) for name, accounts in items]
    for _ in items:
        for group in list(found):
            touching = [other for other in found if other is not group and other[1] & group[1]]
            if touching and group in found:
                names, keys = set(group[0]), set(group[1])
                for other in touching:
                    found.remove(other)
                    names |= other[0]
                    keys |= other[1]
                found.remove(group)
                found.append((names, keys))
    return {frozenset(names) for names, _ in found}


@given(st.lists(ACCOUNTS, max_size=12), st.randoms())
def test_cases_are_the_connected_parts_whatever_the_order(lists, dice):
    items = [(f"f{number}", accounts) for number, accounts in enumerate(lists)]
    facts = [(finding(f"O{number}/1/-", name=name), accounts) for number, (name, accounts) in enumerate(items)]
    dice.shuffle(facts)
    made = book(*facts)
    assert groups(made) == components(items)
    assert sum(len(case.items) for case in made) == len(items)


@given(st.lists(ACCOUNTS, max_size=8))
def test_facts_told_again_change_nothing(lists):
    facts = [(finding(f"O{number}/1/-", name=f"f{number}"), accounts) for number, accounts in enumerate(lists)]
    once, again = book(*facts), book(*facts, *facts)
    assert [(case.id, case.state, case.events) for case in once] == [(case.id, case.state, case.events) for case in again]


@given(st.lists(ACCOUNTS, min_size=1, max_size=8))
def test_an_old_name_leads_to_its_case(lists):
    names, made = [], book()
    for number, accounts in enumerate(lists):
        made.add(finding(f"O{number}/1/-", name=f"f{number}"), accounts)
        names += [case.id for case in made]
    assert all(made.get(name) in list(made) for name in names)


def test_a_ring_joins_the_refunds_of_its_members():
    made = book((finding("O1/1/-"), ["A1"]), (finding("O2/1/-"), ["A2"]))
    assert len(made) == 2
    first = next(iter(made)).id
    made.add(finding("ring-1", kind="ring", detector="shared_ring"), ["A1", "A2"])
    assert [case.id for case in made] == [first]
    made.add(decision("R1", account="A2"))
    assert len(made) == 1


def test_a_member_of_staff_is_a_case_of_its_own():
    made = book((finding("O1/1/-"), ["A1"]), (finding("S1", kind="staff", detector="receipts_without_proof"), ["A1"]))
    assert len(made) == 2


def test_blank_names_join_nobody():
    assert len(book((finding("O1/1/-"), [""]), (finding("O2/1/-"), [" ", None]), decision("R1", account=""))) == 3


def test_merge_and_split():
    made = book((finding("O1/1/-", name="f1"), ["A1"]), (finding("O2/1/-", name="f2"), ["A2"]))
    one, other = (case.id for case in made)
    made.add(noted(other, "they live together"))
    made.add(merged(other, one))
    assert groups(made) == {frozenset({"f1", "f2"})}
    assert made.get(other) is made.get(one)
    assert [note.text for note in made.get(one).notes] == ["they live together"]
    made.add(split(one, "f2", "case-new"))
    assert groups(made) == {frozenset({"f1"}), frozenset({"f2"})}
    made.add(finding("O2/1/-", name="f2-later"))  # the same thing said again stays where it was put
    assert made.of_item("f2-later").id == "case-new"
    made.add(finding("O3/1/-", name="f3"), ["A2"])  # a new one of the same person joins the case that goes on
    assert made.of_item("f3").id == one


def test_a_withdrawn_finding_clears_an_open_case_and_says_why():
    made = book((finding("O1/1/-"), ["A1"]), finding("O1/1/-", status="withdrawn", because="scan-9"))
    (case,) = made
    assert (case.state, case.at_stake()) == ("cleared", {})
    assert [(event.what, event.text) for event in case.events[-2:]] == [("withdrawn", "scan-9"), ("cleared", "scan-9")]


def test_a_withdrawn_finding_reopens_a_closed_case():
    made = book((finding("O1/1/-"), ["A1"]), (finding("O2/1/-"), ["A1"]))
    (case,) = made
    made.add(closed(case.id))
    made.add(finding("O1/1/-", status="withdrawn", because="scan-9"))
    assert case.state == "reopened"
    made.add(closed(case.id, "process_error"))
    assert (case.state, case.outcome) == ("closed", "process_error")


def test_new_grounds_reopen_what_was_cleared_or_closed():
    made = book((finding("O1/1/-"), ["A1"]), finding("O1/1/-", status="withdrawn"), (finding("O2/1/-"), ["A1"]))
    (case,) = made
    assert case.state == "reopened"


def test_an_answered_request_is_no_longer_held():
    made = book(decision("R1", amount=700))
    (case,) = made
    assert (case.held, case.deadline) == ({"EUR": 700}, 10**15)
    made.add(decision("R1", outcome="release"))
    assert (case.held, case.deadline, case.state) == ({}, None, "cleared")


def test_money_counts_each_slice_once():
    made = book(
        (finding("O1/1/-", amount=500), ["A1"]), (finding("O1/1/-", detector="serial_mismatch", amount=800), ["A1"]),
        (finding("O2/1/-", amount=100, currency="JPY"), ["A1"]), (finding("A1", kind="account", amount=600), ["A1"]),
    )  # fmt: skip
    (case,) = made
    assert case.at_stake() == {"EUR": 800, "JPY": 100}


def test_a_drawn_case_waits_for_another_reader():
    made = book((finding("O1/1/-"), ["A1"]), sampling=ALL)
    (case,) = made
    made.add(closed(case.id))
    assert (case.state, case.outcome) == ("second_reading", "")
    made.add(closed(case.id, "process_error", reading="second"))  # the same person cannot read twice
    assert case.state == "second_reading"
    made.add(closed(case.id, "process_error", actor="ben", reading="second"))
    assert (case.state, case.outcome) == ("closed", "process_error")
    assert (overturned(made).read, overturned(made).overturned) == (1, 1)


def test_a_closed_case_is_not_closed_again():
    made = book((finding("O1/1/-"), ["A1"]))
    (case,) = made
    made.add(closed(case.id))
    made.add(closed(case.id, "unknown", actor="ben"))
    assert case.outcome == "confirmed_fraud"


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 1.0])
def test_the_share_drawn_is_the_share_asked_for(share):
    drawn = sum(Sampling(b"key", share).picks(f"case-{number}", "o") for number in range(2_000))
    assert abs(drawn - share * 2_000) <= 100


def test_queues_put_the_law_and_the_money_first():
    made = book(
        (finding("O1/1/-", amount=100), ["A1"]), (finding("O2/1/-", amount=900), ["A2"]), decision("R3", account="A3", deadline=50)
    )
    small, large, held = made
    rows = Rows(lambda _: 1.0)

    def listed(order, assignee=None):
        rows.update(made)
        return [row.case for row in rows.listed("open", order, assignee)]

    assert listed("deadline") == [held, large, small]
    assert listed("money") == [large, held, small]
    made.add(assigned(small.id, "ben", due=40))
    assert listed("deadline") == [small, held, large]
    assert listed("deadline", "ben") == [small]


def test_outcomes_become_labels():
    made = book((finding("O1/1/-", name="f1"), ["A1"]), (finding("O2/1/-", name="f2"), ["A2"]))
    one, other = made
    made.add(closed(one.id))
    made.add(closed(other.id, "unknown"))
    (row,) = labels(made).to_pylist()
    assert (row["finding_id"], row["outcome"], row["chosen"]) == ("f1", "confirmed_fraud", "worked")


def test_what_is_said_of_unknown_cases_changes_nothing():
    made = book(noted("case-none", "x"), merged("case-none", "case-none"), closed("case-none"))
    assert len(made) == 0
    assert made.get("case-none") is None
