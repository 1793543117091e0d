"""One definition, every form: a fact's Arrow schema and JSON Schema are read off its Python type."""

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Any

import msgspec
import pyarrow as pa
from msgspec import inspect

from beleg.facts.base import Fact
from beleg.facts.registry import fact_types

_ARROW: Mapping[type[inspect.Type], pa.DataType] = {
    inspect.StrType: pa.string(),
    inspect.IntType: pa.int64(),
    inspect.BoolType: pa.bool_(),
    inspect.LiteralType: pa.string(),
}


def _bare(kind: inspect.Type) -> tuple[inspect.Type, bool]:
    """The type without its annotations and without None, and whether None was allowed."""
    if isinstance(kind, inspect.Metadata):
        return _bare(kind.type)
    if isinstance(kind, inspect.UnionType):
        rest = [member for member in kind.types if not isinstance(member, inspect.NoneType)]
        if len(rest) != 1:
            raise TypeError(f"a fact's field has one type, perhaps empty; got {kind.types}")
        return _bare(rest[0])[0], len(rest) < len(kind.types)
    return kind, False


def arrow_schema(fact: type[Fact]) -> pa.Schema:
    """The fact's columns as Arrow fields: text, 64-bit integers and booleans only, so that every engine agrees."""
    fields = []
    for field in _fields(fact):
        kind, nullable = _bare(field.type)
        if type(kind) not in _ARROW:
            raise TypeError(f"{fact.__qualname__}.{field.name}: facts hold text, integers and booleans, not {type(kind).__name__}")
        fields.append(pa.field(field.name, _ARROW[type(kind)], nullable=nullable))
    return pa.schema(fields)


@cache
def arrow_schemas() -> Mapping[str, pa.Schema]:
    """The Arrow schema of every table of facts."""
    return MappingProxyType({table: arrow_schema(fact) for table, fact in fact_types().items()})


def choices(fact: type[Fact]) -> dict[str, tuple[str, ...]]:
    """The words allowed in each column that has a closed list of them."""
    found = {}
    for field in _fields(fact):
        kind, _ = _bare(field.type)
        if isinstance(kind, inspect.LiteralType):
            found[field.name] = tuple(str(value) for value in kind.values)
    return found


def json_schema(fact: type[Fact]) -> dict[str, Any]:
    """The fact as JSON Schema 2020-12."""
    return msgspec.json.schema(fact)


def _fields(fact: type[Fact]) -> tuple[inspect.Field, ...]:
    described = inspect.type_info(fact)
    if not isinstance(described, inspect.StructType):
        raise TypeError(f"{fact!r} is no fact")
    return described.fields
