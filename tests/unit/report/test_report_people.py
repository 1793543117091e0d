"""Subjects in the report: the tables say what the graph shows, in words that can be checked."""

import re

import pytest
from msgspec.structs import replace

from beleg.report import people, render_html
from beleg.report.people import groups, letter, odds, one_in
from support import sample


def ring():
    return next(group for group in groups(sample.rich()) if group.kind == "ring").pages[0]


def test_the_tables_say_what_the_graph_shows():
    page = ring()
    letters = {(one.kind, one.name): one.letter for one in page.shared}
    told = {(member.name, shared) for member in page.members for shared in member.shares}
    assert told == {(tie.account, letters[tie.kind, tie.entity]) for tie in page.subject.ties}
    assert {one.name for one in page.members} >= set(page.subject.members)
    for thing in page.shared:
        assert thing.members == sum(thing.letter in member.shares for member in page.members)


def test_every_node_leads_to_its_row():
    page = render_html(sample.rich(), staff=True)
    goals = re.findall(r'<a href="#((?:ring|account|staff)-\d+-[em]\d+)">', page)
    assert goals
    assert all(page.count(f'<tr role="row" id="{goal}">') == 1 for goal in goals)


def test_a_large_graph_is_cut_to_a_page_and_its_table_is_not():
    big = sample.rich().subjects.rings[2]
    more = tuple(replace(tie, account=f"account-{number:016x}") for number, tie in enumerate(big.ties))
    page = people.page(replace(big, ties=(*big.ties, *more)))
    assert str(page.graph).count("<circle") == people.DRAWN
    assert len(page.members) > people.DRAWN


def test_a_fact_that_plays_several_parts_is_named_once():
    result = sample.rich()

    def twice(subject):
        return replace(subject, reasons=tuple(replace(one, facts=(*one.facts, *one.facts)) for one in subject.reasons))

    doubled = replace(result, subjects=replace(result.subjects, accounts=tuple(map(twice, result.subjects.accounts))))
    assert any(one.facts for account in result.subjects.accounts for one in account.reasons)
    assert render_html(doubled, staff=False) == render_html(result, staff=False)


def test_nobody_named_is_said():
    page = render_html(sample.unchecked(), staff=False)
    assert page.count("None passes.") == 2


def test_where_no_detector_could_look_nobody_is_called_clean():
    result = sample.unchecked()
    runs = tuple(replace(run, ran=False) for run in result.subjects.detectors)
    page = render_html(replace(result, subjects=replace(result.subjects, detectors=runs)), staff=False)
    assert page.count("Not looked for") == 2
    assert "None passes." not in page
    assert "people-staff" not in page


def test_too_few_peers_is_an_answer_where_staff_were_asked_for():
    assert "receipts without proof" in render_html(sample.rich(), staff=True).partition('id="too-few"')[2].lower()
    assert 'id="too-few"' not in render_html(sample.rich(), staff=False)


@pytest.mark.parametrize(
    ("chance", "said"),
    [(1.0, "1 in 1"), (0.3, "1 in 3"), (0.0123, "1 in 81"), (1 / 12_345, "1 in 12,000"), (1e-12, "less than 1 in a billion")],
)
def test_a_chance_is_said_to_two_digits(chance, said):
    assert one_in(chance) == said


def test_an_e_value_is_a_bound():
    reason = replace(ring().subject.reasons[0], p=None, e_bits=10.0)
    assert odds(reason) == "at most 1 in 1,000"
    assert odds(replace(reason, e_bits=-2.0)) == "at most 1 in 1"
    assert odds(replace(reason, e_bits=40.0)) == "less than 1 in a billion"


def test_letters_go_on_after_z():
    assert [letter(number) for number in (1, 26, 27, 52, 53, 703)] == ["A", "Z", "AA", "AZ", "BA", "AAA"]
