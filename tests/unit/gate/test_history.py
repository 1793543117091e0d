"""A policy tried on history: the sums close, honest refunds wait ever less, and what nobody labelled is called an estimate."""

from collections import defaultdict
from datetime import UTC, datetime

import pytest

from beleg.audit.backtest import lines
from beleg.gate.history import NOTE, Replayer, paid, replay
from beleg.ledger.engines import open_engine
from beleg.ledger.view import View
from beleg.proofs.dossier import Dossier, prepare
from beleg.world import WorldParameters, write_world
from support.asking import fill
from support.background import shop
from support.ledgers import joined, micros, read


@pytest.fixture(scope="module")
def answer(gate, tmp_path_factory):
    folder = tmp_path_factory.mktemp("history")
    write_world(folder / "world", WorldParameters(seed=21, orders=80))
    files = defaultdict(list)
    for path in (folder / "world").glob("*.parquet"):
        files[path.stem].append(path)
    engine = open_engine("duckdb", folder / "engine")
    engine.attach_facts(files)
    coverage = prepare(engine)
    (last,) = engine.rows(engine.table("refunds").agg(at=lambda t: t.known_at.max())).to_pylist()
    yield replay(engine, gate, coverage, last["at"], lambda *_: None)
    engine.close()


def test_every_refund_gets_one_answer(answer):
    assert answer.asked.refunds > 5
    for parts in (answer.answers, answer.rules):
        assert sum(share.refunds for share in parts.values()) == answer.asked.refunds
        money = defaultdict(int)
        for share in parts.values():
            for currency, amount in share.money.items():
                money[currency] += amount
        assert dict(money) == answer.asked.money


def test_the_honest_wait_ever_less(answer):
    waiting = list(answer.honest_waiting.values())
    assert waiting == sorted(waiting, reverse=True)
    assert waiting[0] <= answer.honest.refunds
    assert answer.honest_with_a_person <= waiting[0]


def test_what_is_estimated_says_so(answer):
    text = "\n".join(lines(answer))
    assert NOTE in text
    assert "Estimates:" in text


def test_an_order_cancelled_in_time_is_paid_at_once(gate, tmp_path):
    """The gate keeps a request of which nothing told as a fact of its own, so trying a policy on history does as well."""
    may = [datetime(2025, 5, day, tzinfo=UTC) for day in range(1, 31)]
    order = {
        "orders": [{"at": may[0], "paid": 12000}],
        "order_lines": [{"article": "lamp", "paid": 12000}],
        "cancellations": [{"at": may[1]}],
        "refunds": [{"at": may[2], "refund_id": "F1", "amount": 12000, "trigger": "manual"}],
    }
    engine = open_engine("duckdb", tmp_path)
    fill(engine, joined(read(order, {}), shop(may[-1])))
    coverage = prepare(engine)
    past = [one for one in paid(Dossier(View(engine), coverage, micros(may[-1]))) if one.claim.refund_id == "F1"]
    replayer = Replayer(engine, gate, coverage)
    assert [one.claim.refund_class for one in past] == ["cancelled"]
    (before,) = replayer.decided(past, lambda _: micros(may[0]) + 1).values()
    (after,) = replayer.decided(past, lambda _: micros(may[1]) + 1).values()
    assert (before.answer, after.answer) == ("hold", "release")
    assert after.rule == "cancelled before dispatch"
    engine.close()


def test_a_document_of_another_account_and_an_open_dispute_are_seen_from_when_they_are_known(gate, tmp_path):
    may = [datetime(2025, 5, day, tzinfo=UTC) for day in range(1, 31)]
    mine, theirs = {"account_id": "A1", "order_id": "O1"}, {"account_id": "A2", "order_id": "O2"}
    report = {"kind": "police_report", "content": "c", "number": "N7"}
    bank = {"order_id": "O1", "dispute_id": "D", "reason": "product_not_received", "amount": 4000, "status": "open"}
    told = {
        "orders": [{"at": may[0], "paid": 4000, **mine}, {"at": may[0], "paid": 4000, **theirs}],
        "order_lines": [{"article": "lamp", "paid": 4000, **mine}, {"article": "lamp", "paid": 4000, **theirs}],
        "claims": [{"at": may[2], "claim_id": "C1", "kind": "damaged", **mine}],
        "claim_documents": [
            {"at": may[2], "claim_id": "C1", **mine, **report},
            {"at": may[3], "claim_id": "C3", **mine, **report, "order_id": "O3"},  # the same customer's other order
            {"at": may[5], "claim_id": "C2", **theirs, **report, "content": "other"},
        ],
        "disputes": [{"at": may[8], **bank}, {"at": may[10], **bank, "status": "won"}],
        "refunds": [{"at": may[20], "refund_id": "F1", "claim_id": "C1", "amount": 4000, "trigger": "manual", **mine}],
    }
    engine = open_engine("duckdb", tmp_path)
    fill(engine, joined(read(told, {}), shop(may[-1])))
    coverage = prepare(engine)
    past = [one for one in paid(Dossier(View(engine), coverage, micros(may[-1]))) if one.claim.refund_id == "C1"]
    replayer = Replayer(engine, gate, coverage)

    def guards(day: int) -> set[str]:
        (said,) = replayer.decided(past, lambda _: micros(may[day]) + 1).values()
        return {one.code for one in said.reasons if one.code.startswith("guard:")}

    reused, asked = "guard:shown by somebody else too", "guard:the bank is asked too"
    assert [guards(day) for day in (4, 5, 8, 10)] == [set(), {reused}, {reused, asked}, {reused}]
    engine.close()
