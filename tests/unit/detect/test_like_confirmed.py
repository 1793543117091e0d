"""What closed cases change: what is counted of accounts, whom refunds above the line name, and how rings' refunds are counted."""

from collections.abc import Iterator

import pyarrow as pa
import pytest

from beleg.audit.closed import closed
from beleg.cases.labels import LABELS
from beleg.detect.closed import outcomes
from beleg.detect.judge import load_closed
from beleg.detect.judged import CLOSED
from beleg.detect.subjects.like_confirmed.detector import count, judge, rests_on
from beleg.detect.subjects.refund_ring.detector import refunds as refunds_of_rings
from beleg.ledger.engines import open_engine
from beleg.proofs.dossier import Dossier
from support.judging import Judge
from support.subject_cases import Told, every_subject_case

CASE = next(one for one in every_subject_case() if (one.detector, one.kind) == ("refunds_above_line", "fires"))
DAY = 86_400_000_000


@pytest.fixture(scope="module")
def asking(tmp_path_factory) -> Iterator[Judge]:
    engine = open_engine("duckdb", tmp_path_factory.mktemp("duckdb"))
    yield Judge(engine)
    engine.close()


def opened(asking: Judge, case: Told = CASE) -> Dossier:
    return asking.open(case.ledger, case.as_of, case.members, None, case.case.weighed)


def refunds(dossier: Dossier) -> list[dict]:
    """The named account's refunds above the line."""
    states = dossier.states.filter(dossier.states.account_id == CASE.case.expect[0].subject)
    above = states.semi_join(dossier.view.prepared("above_line"), "slice_id")
    return sorted(dossier.view.rows(above.select("slice_id", "account_id", "due_at")).to_pylist(), key=lambda row: row["slice_id"])


def cases(rows: list[dict], *, wrong: int, at: int = CASE.as_of - DAY) -> pa.Table:
    return pa.Table.from_pylist([{"slice_id": row["slice_id"], "wrong": wrong, "closed_at": at} for row in rows], schema=CLOSED)


def test_cases_are_counted_by_the_week_their_refunds_were_due(asking):
    dossier = opened(asking)
    mine = refunds(dossier)
    load_closed(dossier, cases(mine, wrong=1))
    counted = dossier.view.rows(count(dossier)).to_pylist()
    told = [row for row in counted if row["what"] == "confirmed"]
    assert sorted(row["week"] for row in told for _ in range(row["value"])) == sorted(row["due_at"] // (7 * DAY) for row in mine)
    assert {row["account"] for row in told} == {mine[0]["account_id"]}
    assert {row["known"] for row in told} == {(CASE.as_of - DAY) // (7 * DAY)}
    assert {row["what"] for row in counted} > {"refunds", "refunds above the line", "money refunded", "orders"}
    assert all(row["week"] <= CASE.as_of // (7 * DAY) for row in counted)
    assert "too" in judge(dossier.view.rows(count(dossier))).not_run


def test_engines_count_alike(asking, tmp_path):
    engine = open_engine("sqlite", tmp_path)
    counted = []
    for one in (asking, Judge(engine)):
        dossier = opened(one)
        load_closed(dossier, cases([{"slice_id": "O1/1/R1"}], wrong=1))
        rows = dossier.view.rows(count(dossier)).to_pylist()
        counted.append(sorted((tuple(row[name] for name in sorted(row)) for row in rows), key=str))
    engine.close()
    assert counted[0] == counted[1]


def test_what_is_not_yet_closed_teaches_nothing(asking):
    dossier = opened(asking)
    load_closed(dossier, cases(refunds(dossier), wrong=1, at=CASE.as_of + DAY))
    assert dossier.view.rows(outcomes(dossier)).num_rows == 0


def test_a_case_about_an_account_speaks_of_what_was_due_then_and_a_refunds_own_comes_first(asking):
    dossier = opened(asking)
    first, *others = sorted(refunds(dossier), key=lambda row: row["due_at"])
    account = {"account_id": first["account_id"], "wrong": 1, "closed_at": others[-1]["due_at"] - 1}
    own = {"slice_id": first["slice_id"], "wrong": 0, "closed_at": others[-1]["due_at"]}
    load_closed(dossier, pa.Table.from_pylist([account, own], schema=CLOSED))
    said = {row["slice_id"]: row["wrong"] for row in dossier.view.rows(outcomes(dossier)).to_pylist()}
    assert said[first["slice_id"]] == 0
    assert others[-1]["slice_id"] not in said
    assert all(said[row["slice_id"]] == 1 for row in others if row["due_at"] < account["closed_at"])


def test_cleared_refunds_no_longer_name_and_confirmed_ones_still_do(asking):
    for wrong, passes in ((1, True), (0, False)):
        dossier = opened(asking)
        load_closed(dossier, cases(refunds(dossier), wrong=wrong))
        assert bool(asking.ask("refunds_above_line", dossier).passing) == passes


def test_rings_count_what_was_confirmed_and_not_what_was_cleared(asking):
    dossier = opened(asking)
    mine = refunds(dossier)

    def counted() -> tuple[int, int, int]:
        rows = dossier.view.rows(refunds_of_rings(dossier)).to_pylist()
        of_mine = [row for row in rows if row["account"] == mine[0]["account_id"]]
        n, bad, told = (sum(row[name] for row in of_mine) for name in ("n", "bad", "told"))
        return n, bad, told

    _, bad, told = counted()
    assert told == len(mine)
    load_closed(dossier, cases(mine, wrong=1))
    confirmed = counted()
    assert confirmed[2] == told
    assert confirmed[1] >= bad
    load_closed(dossier, cases(mine, wrong=0))
    cleared = counted()
    assert cleared[2] == 0
    assert (cleared[0], cleared[1]) == (confirmed[0], confirmed[1] - len(mine))


def test_a_finding_rests_on_refunds_and_on_what_is_shared_with_the_confirmed(asking):
    dossier = opened(asking)
    mine = refunds(dossier)
    named = pa.table({"subject": [mine[0]["account_id"]], "member": [mine[0]["account_id"]], "counterpart": [""]})
    dossier.view.engine.load("named_here", named)
    facts = dossier.view.rows(rests_on(dossier, dossier.view.prepared("named_here"))).to_pylist()
    assert {row["slice_id"] for row in facts if row["role"] == "refund"} >= {row["slice_id"] for row in mine}


def test_of_several_cases_about_one_refund_a_confirmed_one_counts():
    def row(kind: str, subject: str, outcome: str, at: int) -> dict:
        texts = {"finding_id": f"f{at}", "detector": "d", "case_id": f"c{at}", "chosen": "worked"}
        return {**texts, "subject_kind": kind, "subject": subject, "outcome": outcome, "closed_at": at}

    told = [
        row("slice", "s1", "process_error", 1), row("slice", "s1", "confirmed_fraud", 5), row("slice", "s1", "confirmed_fraud", 9),
        row("account", "s1", "customer_error", 2), row("ring", "r", "confirmed_fraud", 3), row("staff", "p", "confirmed_fraud", 4),
    ]  # fmt: skip
    assert closed(pa.Table.from_pylist(told, schema=LABELS)).to_pylist() == [
        {"slice_id": None, "account_id": "s1", "wrong": 0, "closed_at": 2},
        {"slice_id": "s1", "account_id": None, "wrong": 1, "closed_at": 5},
    ]
