"""Accounts' refunds are summed by account, which says what the shared count of repeats says, had each account days of its own."""

import ibis
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beleg.detect.acts import DAY
from beleg.detect.comparing import by_repeats, repeats
from beleg.detect.subjects.refunds_above_line import detector
from beleg.ledger.engines import open_engine

_SCHEMA = pa.schema([("account_id", pa.string()), ("refunded_at", pa.int64()), ("millibits", pa.int64())])
_REFUND = st.tuples(
    st.sampled_from("abcdefghijklmn"),
    st.none() | st.integers(0, 4).map(lambda day: day * DAY + 7),
    st.none() | st.integers(1, 9_000),
)


def rows(refunds: list[tuple[str, int | None, int | None]]) -> pa.Table:
    columns = list(zip(*refunds, strict=True))
    return pa.table([pa.array(column, field.type) for column, field in zip(columns, _SCHEMA, strict=True)], schema=_SCHEMA)


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    opened = open_engine("duckdb", tmp_path_factory.mktemp("above"))
    yield opened
    opened.close()


@settings(deadline=None, max_examples=25)
@given(st.lists(_REFUND, min_size=1, max_size=40))
def test_summed_by_account_it_is_what_repeats_count(engine, refunds):
    engine.load("told", rows(refunds))
    told = engine.table("told")
    day = told.account_id + " " + (told.refunded_at // DAY).cast("int64").cast("string").fill_null("")
    shared = repeats(
        told.select("millibits", subject="account_id", stratum=ibis.literal("all accounts that were refunded"), occasion=day)
    )
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(detector, "_refunded", lambda _: told)
        own = detector.count(None)
    columns = sorted(shared.columns)
    assert sorted(own.columns) == columns
    one, other = (engine.rows(table).select(columns) for table in (own, shared))
    assert sorted(map(str, one.to_pylist())) == sorted(map(str, other.to_pylist()))
    assert by_repeats(one).tests == by_repeats(other).tests
