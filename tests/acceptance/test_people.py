"""The quick evaluation of people: what must hold on worlds with a ring, and on honest ones."""

import json

import pytest
from evals import people
from evals.people_worlds import TIMED


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    folder = tmp_path_factory.mktemp("people")
    files = ["--json", str(folder / "out.json"), "--markdown", str(folder / "out.md"), "--keep", str(folder / "kept")]
    answer = people.main(["--seeds", "201,202", "--nulls", "16", "--attacks", "1", *files])
    assert json.loads((folder / "out.json").read_bytes())["seeds"] == [201, 202]
    assert "Seeds 201, 202" in (folder / "out.md").read_text(encoding="utf-8")
    return answer


def test_hardly_any_honest_world_raises_an_alarm(report):
    product = report.alarms[0]
    assert product.worlds == 16
    assert product.alarms <= 2


def test_who_is_named_is_guilty(report):
    usual = next(one for one in report.conditions if one.name == TIMED)
    for kind in usual.kinds:
        assert kind.precision is None or kind.precision.pooled >= 0.9, kind


def test_the_attacker_s_curve_has_every_step_and_never_more_kept_than_attempted(report):
    assert [one.name for one in report.attacker] == list(people.ATTACK)
    assert all(0 <= one.kept <= one.unnamed <= one.attempted for one in report.attacker)
