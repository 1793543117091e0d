"""The quick evaluation: what must hold on worlds that no weight has seen, with complete sources and with very bad ones."""

import json

import pytest
from evals import planted
from evals.conditions import COMPLETE, ORDERS, SEEDS


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    folder = tmp_path_factory.mktemp("evals")
    answer = planted.main(["--quick", "--json", str(folder / "out.json"), "--markdown", str(folder / "out.md")])
    assert json.loads((folder / "out.json").read_bytes())["seeds"] == list(answer.seeds)
    assert "Seeds 101, 102, 103" in (folder / "out.md").read_text(encoding="utf-8")
    return {one.name: one for one in answer.conditions}


def test_with_complete_sources_every_contradiction_is_named_and_nobody_honest(report):
    complete = report[COMPLETE]
    assert complete.honest_named == 0
    assert {one.name: one.named.worst for one in complete.contradictions} == {
        "double_dip": 1, "duty_collapse": 1, "empty_return": 1, "false_receipt": 1, "phished_receipt": 1, "serial_mismatch": 1,
    }  # fmt: skip


def test_with_bad_sources_nobody_honest_is_named_and_most_contradictions_are(report):
    bad = report["20 % missing, 20 % late"]
    assert bad.honest_named == 0
    assert bad.found.pooled >= 0.9


def test_ambiguous_losses_are_listed_never_named_and_not_told_from_their_twins():
    """Over all public seeds: an interval of three worlds drawn anew is narrower than what three worlds know."""
    (complete,) = planted.run([COMPLETE], SEEDS, ORDERS).conditions
    for one in complete.doubts:
        assert (one.named, one.listed.pooled, one.carrier_first.pooled) == (0, 1, 1), one
        assert one.auc_low <= 0.5 <= one.auc_high, one
