"""What the database writes of a row is what was hashed: for every table, whatever a fact holds."""

from functools import cache

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import inspect

from beleg.facts.base import Fact
from beleg.facts.registry import fact_types
from beleg.facts.schema import arrow_schemas
from beleg.ledger.engines.live import open_live
from beleg.ledger.log.canonical import WIDEST, canonical
from beleg.ledger.store.bulk import append_tables
from beleg.ledger.store.embedded import Embedded
from beleg.ledger.store.tables import columns, grow, written

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=12)


def values(kind: inspect.Type) -> st.SearchStrategy:
    """Anything a column of this type may hold."""
    if isinstance(kind, inspect.Metadata):
        return values(kind.type)
    if isinstance(kind, inspect.UnionType):
        return st.one_of(*(values(member) for member in kind.types))
    if isinstance(kind, inspect.LiteralType):
        return st.sampled_from(kind.values)
    if isinstance(kind, inspect.IntType):
        return st.integers(-WIDEST if kind.ge is None else kind.ge, WIDEST if kind.le is None else kind.le)
    if isinstance(kind, inspect.StrType):
        return st.just("EUR") if kind.pattern else TEXT
    return st.booleans() if isinstance(kind, inspect.BoolType) else st.none()


@cache
def some(fact: type[Fact]) -> st.SearchStrategy[Fact]:
    described = inspect.type_info(fact)
    assert isinstance(described, inspect.StructType)
    return st.builds(fact, **{field.name: values(field.type) for field in described.fields})


@pytest.fixture(scope="module")
def connection(server: Embedded):
    with psycopg.connect(server.service) as opened:
        yield opened


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_the_database_writes_what_was_hashed(connection: psycopg.Connection, data: st.DataObject) -> None:
    for table in data.draw(st.lists(st.sampled_from(sorted(fact_types())), min_size=3, max_size=6, unique=True)):
        fact = data.draw(some(fact_types()[table]))
        typed = ", ".join(f'"{name}" {kind}' for name, kind in columns(arrow_schemas()[table]).items())
        text = f"SELECT {written(table)} FROM json_to_recordset(%b::json) AS r({typed})"
        row = connection.execute(text.encode(), (f"[{canonical(fact).decode()}]",)).fetchone()
        assert row
        assert row[0].encode() == canonical(fact)


def test_tables_grow_once() -> None:
    there = {table: columns(schema) for table, schema in arrow_schemas().items()}
    assert list(grow(there)) == []
    del there["orders"]["channel"], there["scans"]
    grown = list(grow(there))
    assert 'ALTER TABLE beleg_rows."orders" ADD COLUMN "channel" text' in grown
    assert [line.split("(")[0] for line in grown if line.startswith("CREATE TABLE")] == ['CREATE TABLE beleg_rows."scans" ']
    assert not any(line.startswith(("DROP TABLE", "ALTER TABLE")) and "DROP" in line for line in grown)


def test_facts_are_never_loaded_over(addresses: tuple[str, str]) -> None:
    engine = open_live(addresses[1])
    try:
        with pytest.raises(Exception, match="facts of the store are appended, never loaded"):
            engine.load("orders", arrow_schemas()["orders"].empty_table())
        with pytest.raises(Exception, match="the store has no such facts"):
            engine.table("nothing")
    finally:
        engine.close()


@pytest.mark.parametrize("table", ["passkeys", "decisions", "api_keys", "case_outcomes"])
def test_what_beleg_writes_itself_is_not_imported(table: str) -> None:
    with pytest.raises(ValueError, match=f"{table}: only Beleg itself writes these"):
        append_tables("postgresql://nowhere", {"orders": [], table: []})
