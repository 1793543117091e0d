"""Steps that DuckDB computes in the background: read in their order, and their errors told."""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from beleg.ledger.engines import open_engine
from beleg.ledger.engines.base import Engine


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    opened = open_engine("duckdb", tmp_path)
    opened.load("texts", pa.table({"value": [str(number) for number in range(200_000)]}))
    yield opened
    opened.close()


def test_a_step_waits_for_those_it_is_made_of(engine: Engine) -> None:
    step = engine.table("texts")
    for number in range(6):
        step = engine.keep(f"longer_{number}", step.mutate(value=step.value + "x").filter(lambda t: t.value.length() > 0))
    other = engine.keep("other", engine.table("longer_2").distinct())
    ends = engine.rows(step.agg(least=step.value.length().min(), rows=step.count()))
    assert ends.to_pylist() == [{"least": 7, "rows": 200_000}]
    assert engine.rows(other).num_rows == 200_000


def test_a_step_of_the_same_name_takes_the_place_of_what_others_have_read(engine: Engine) -> None:
    texts = engine.table("texts")
    before = engine.keep("before", engine.keep("named", texts.limit(10)).distinct())
    after = engine.keep("after", engine.keep("named", texts.limit(3)).distinct())
    assert (engine.rows(before).num_rows, engine.rows(after).num_rows) == (10, 3)


def test_what_a_step_fails_of_is_told_to_whoever_reads_what_is_made_of_it(engine: Engine) -> None:
    engine.load("words", pa.table({"value": ["no number"]}))
    words = engine.table("words")
    numbers = engine.keep("numbers", words.select(number=words.value.cast("int64")))
    sums = engine.keep("sums", numbers.agg(whole=numbers.number.max()))
    with pytest.raises(duckdb.ConversionException, match="no number"):
        engine.rows(sums)
