"""A policy tried on history: the sums close, honest refunds wait ever less, and what nobody labelled is called an estimate."""

from collections import defaultdict

import pytest

from beleg.audit.backtest import lines
from beleg.gate.history import NOTE, replay
from beleg.ledger.engines import open_engine
from beleg.proofs.dossier import prepare
from beleg.world import WorldParameters, write_world


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
