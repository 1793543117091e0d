"""The page on the mapping format: every key of every part, its type, what it is when left out, and what it does."""

import inspect
from types import NoneType
from typing import Union, get_args, get_origin

import msgspec
from msgspec import Struct

from beleg.connect.loading import load
from beleg.connect.mapping import Condition, FactRule, IgnoreRule, LookupRule, Mapping, SourceRule, Spec, shipped
from beleg.reference.markdown import code, page, sentence, table
from beleg.reference.meanings import meanings

PARTS: tuple[tuple[str, type[Struct]], ...] = (
    ("The file", Mapping),
    ("A source: `[source.NAME]`", SourceRule),
    ("A fact: `[[fact]]`", FactRule),
    ("A field: under `[fact.fields]`", Spec),
    ("A condition: under `when`", Condition),
    ("Rows left out: `[[ignore]]`", IgnoreRule),
    ("Another file: `[lookup.NAME]`", LookupRule),
)
_OPENING = """
A mapping is one TOML file that says how an export becomes facts. [Writing a mapping](../guide/mappings.md) shows how to
write one. A key that is not on this page is an error, and so is a table, column or word that Beleg does not know; the
message names the nearest one.
"""
_TYPES: dict[object, str] = {str: "text", int: "number", bool: "true or false"}


def mapping() -> str:
    """The page."""
    parts = (f"## {heading}\n\n{sentence(inspect.getdoc(part) or '')}\n\n{_keys(part)}" for heading, part in PARTS)
    return page("The mapping file", _OPENING, *parts, "## Mappings that come with Beleg\n\n" + _shipped())


def _keys(part: type[Struct]) -> str:
    said = meanings().mapping.get(part.__name__, {})
    rows = (
        (code(field.encode_name), _type(field.type), _default(field), said.get(field.encode_name, ""))
        for field in msgspec.structs.fields(part)
    )
    return table(("key", "type", "left out", "what it does"), rows)


def _type(hint: object) -> str:
    if get_origin(hint) is list:
        return "list"
    if get_origin(hint) is dict or (isinstance(hint, type) and issubclass(hint, Struct)):
        return "table"
    members = get_args(hint) if get_origin(hint) in {Union, type(int | str)} else ()
    names = dict.fromkeys(_type(member) for member in members if member is not NoneType)
    return " or ".join(names) or _TYPES.get(hint, "text")


def _default(field: msgspec.structs.FieldInfo) -> str:
    if field.required:
        return "*must be given*"
    default = field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()
    return code(str(default).lower()) if default not in (None, "", [], {}) else ""


def _shipped() -> str:
    return table(("name", "reads"), ((code(name), load(name).description) for name in shipped()))
