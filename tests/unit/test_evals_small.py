"""Every long evaluation over one small world: it runs, its counts add up, and its page says what was measured."""

import pytest
from evals import closed, closed_page, page, people, people_page, rings, rings_page, tables
from evals.conditions import COMPLETE
from evals.measure import Task as Planted
from evals.measure import measure as planted
from evals.people_audits import Task, measure
from evals.people_worlds import LOOKS, careful, honest

from beleg.world import WorldParameters

SEED = 11


def test_every_refund_of_a_small_world_is_held_against_the_truth_once():
    rows = planted(Planted(COMPLETE, SEED, 600))
    assert rows.slice_id.is_unique
    assert set(rows.label) == {"fraud", "honest"}
    assert f"| {COMPLETE} | 1 |" in page.page(tables.report(rows, 600, 1))


def test_of_a_careful_ring_no_more_is_kept_than_it_took_and_no_more_released_than_asked():
    world = measure(Task("care 0", careful(0.0, SEED, 600), gate=True))
    frauds = {one[0] for one in world.slices}
    assert frauds >= set(world.listed) | set(world.released)
    assert len(world.answers) == 1
    report = people._report([world])
    assert 0 <= report.curve[0].kept[0] <= report.curve[0].attempted
    assert "| 0 % | 1 |" in people_page.page(report)


def test_looks_at_one_honest_world_count_as_one_world():
    world = measure(Task("looks", honest(SEED, 600), LOOKS[-2:]))
    report = people._report([world])
    assert {(one.name, one.worlds) for one in report.ever} == {(one.name, one.worlds) for one in report.once}
    assert all(last.alarms <= ever.alarms <= 1 for last, ever in zip(report.once, report.ever, strict=True))
    assert "looked at again and again" in people_page.page(report)


@pytest.mark.parametrize("name", ["main", "outcomes", "null", "shapes", "small"])
def test_a_table_of_rings_begins_as_its_page_expects(name):
    row = next(rings.TABLES[name](rings.Plan([SEED], 0.01)))
    cells = [cell.strip() for cell in rings_page.page({name: [row]}, str(SEED), 0.01).split("|")]
    assert {str(row["graph"]), str(row.get("found", row.get("rings_and_outcomes", row.get("false_rings"))))} <= set(cells)


def test_what_closed_cases_teach_is_measured_for_every_method_alike():
    world = closed.measure(closed.Task("as it comes", WorldParameters(seed=SEED, orders=3_000)))
    assert 0 < world.confirmed <= world.closed <= closed.CASES
    assert {(one.judged, one.there) for one in world.methods} == {(world.methods[0].judged, world.methods[0].there)}
    assert all(one.found + one.wrong <= one.named for one in world.methods)
    assert "as it comes" in closed_page.page(closed_page.Report(seeds=(SEED,), worlds=(world,)))
