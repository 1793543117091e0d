"""Facts: one definition gives every form, whatever a fact holds survives each of them, and a new fact is one class in one file."""

import os
import shutil
import subprocess
import sys
from functools import cache, reduce
from operator import or_
from pathlib import Path
from typing import Any, get_type_hints

import msgspec
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import inspect

from beleg.connect.slots import slots
from beleg.facts.base import Fact
from beleg.facts.registry import fact_types
from beleg.facts.schema import arrow_schema, json_schema
from beleg.reference.facts import meaning

FACTS = fact_types()
SRC = Path(__file__).parents[2] / "src"
PLAIN = {pa.string(), pa.int64(), pa.bool_()}
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
ANY = reduce(or_, FACTS.values())
SIMPLE = {inspect.NoneType: st.none(), inspect.BoolType: st.booleans()}


def values(kind: inspect.Type) -> st.SearchStrategy[Any]:
    """Anything a column of this type may hold."""
    if isinstance(kind, inspect.Metadata):
        return values(kind.type)
    if isinstance(kind, inspect.UnionType):
        return st.one_of(*(values(member) for member in kind.types))
    if isinstance(kind, inspect.LiteralType):
        return st.sampled_from(kind.values)
    if isinstance(kind, inspect.IntType):
        return st.integers(-(2**63) if kind.ge is None else kind.ge, 2**63 - 1 if kind.le is None else kind.le)
    return text(kind) if isinstance(kind, inspect.StrType) else SIMPLE[type(kind)]


def text(kind: inspect.StrType) -> st.SearchStrategy[str]:
    least = kind.min_length or 0
    anything = TEXT.filter(lambda drawn: len(drawn) >= least)
    return st.from_regex(kind.pattern.rstrip("$") + r"\Z") if kind.pattern else anything


@cache
def some(fact: type[Fact]) -> st.SearchStrategy[Fact]:
    described = inspect.type_info(fact)
    assert isinstance(described, inspect.StructType)
    return st.builds(fact, **{field.name: values(field.type) for field in described.fields})


def test_there_are_facts() -> None:
    assert len(FACTS) >= 29


@pytest.mark.parametrize("table", FACTS)
def test_columns_are_text_integers_and_booleans(table: str) -> None:
    schema = arrow_schema(FACTS[table])
    assert schema.names == list(FACTS[table].__struct_fields__)
    assert {field.type for field in schema} <= PLAIN
    assert schema.names[: len(Fact.__struct_fields__)] == list(Fact.__struct_fields__)


@pytest.mark.parametrize("table", FACTS)
def test_the_json_schema_knows_every_column(table: str) -> None:
    schema = json_schema(FACTS[table])
    (described,) = [part for part in schema["$defs"].values() if "properties" in part]
    assert set(described["properties"]) == {"fact", *FACTS[table].__struct_fields__}
    assert described["additionalProperties"] is False


@pytest.mark.parametrize("table", FACTS)
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_a_fact_survives_json_and_arrow(table: str, data: st.DataObject) -> None:
    fact = data.draw(some(FACTS[table]))
    sent = msgspec.json.encode(fact)
    assert msgspec.json.decode(sent, type=FACTS[table]) == fact
    assert msgspec.json.decode(sent, type=ANY) == fact
    row = msgspec.structs.asdict(fact)
    assert pa.Table.from_pylist([row], schema=arrow_schema(FACTS[table])).to_pylist() == [row]


@pytest.mark.parametrize("table", FACTS)
def test_every_column_says_what_it_means(table: str) -> None:
    hints = get_type_hints(FACTS[table], include_extras=True)
    silent = {(table, name) for name, slot in slots(table).items() if not meaning(hints[name], slot)}
    assert not silent


NEW = '''"""What customers answer when asked."""

from typing import Annotated

from msgspec import Meta

from beleg.facts.base import Fact


class Survey(Fact, tag="surveys", frozen=True, kw_only=True):
    """A customer answered a survey."""

    stars: Annotated[int, Meta(ge=1, le=5, description="one to five")]
'''
ASK = """
import pathlib
import tempfile
from beleg.facts.registry import fact_types
from beleg.facts.schema import arrow_schemas, json_schema
from beleg.ledger.engines import open_engine
from beleg.reference.pages import pages

assert "stars" in arrow_schemas()["surveys"].names
assert "one to five" in str(json_schema(fact_types()["surveys"]))
assert "| `stars` | whole number | one to five |" in pages()["facts.md"]
assert "schemas/surveys.json" in pages()
with tempfile.TemporaryDirectory() as work:
    engine = open_engine("duckdb", pathlib.Path(work))
    engine.attach_facts({})
    assert engine.rows(engine.table("surveys")).num_rows == 0
    engine.close()
"""


def test_a_new_fact_is_one_class_in_one_file(tmp_path: Path) -> None:
    shutil.copytree(SRC / "beleg", tmp_path / "beleg", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "beleg/facts/kinds/surveys.py").write_text(NEW)
    told = subprocess.run(
        [sys.executable, "-c", ASK], env={**os.environ, "PYTHONPATH": str(tmp_path)}, capture_output=True, text=True, check=False
    )
    assert told.returncode == 0, told.stderr
