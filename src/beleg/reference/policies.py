"""The page on policies: their keys, and the names that conditions may use."""

import msgspec
from msgspec import Struct, inspect

from beleg.gate.policy import Clock, Example, Guard, PolicyFile, Rule, Way, shipped
from beleg.gate.situation import Situation
from beleg.reference.markdown import code, page, sentence, table

_OPENING = """
A policy is one TOML file: which claims need which proofs, from how many independent sources, when a person looks, and what happens
at the legal deadline. Conditions are written in [CEL](https://cel.dev). Names and types are checked when the file is loaded; macros
and patterns are switched off, so that no condition can loop.

All guards that hold send a claim to a person. The first rule that fits says which proofs it needs, of each group one, and from how
many independent witnesses; `instead` names other ways that do as well. A claim that no rule fits goes to a person. Amounts have
names and stand once for each currency; a claim in a currency that lacks one of them goes to a person.

A policy is refused if its author and its approver are one person, if an example says otherwise than the policy, if a rule or
a guard has no example in which it speaks or none in which it is silent, or if a rule needs a proof of which this shop has no
source, `substitutes` names none and the rule does not leave it to a person (`without_source = "review"`).
"""
_PARTS: tuple[tuple[str, type[Struct]], ...] = (
    ("The file", PolicyFile),
    ("`[clock]`", Clock),
    ("`[[guards]]`", Guard),
    ("`[[rules]]`", Rule),
    ("`[[rules.instead]]`", Way),
    ("`[[examples]]`", Example),
)


def policies() -> str:
    """The page."""
    keys = [f"## {title}\n\n{sentence(part.__doc__ or '')}\n\n{_keys(part)}" for title, part in _PARTS]
    names = f"## Names in conditions\n\n{sentence(Situation.__doc__ or '')}\n\n{_names()}"
    known = "## Those that come with Beleg\n\n" + ", ".join(code(name) for name in shipped())
    return page("Policies", _OPENING, *keys, names, known)


def _keys(part: type[Struct]) -> str:
    fields = msgspec.structs.fields(part)
    return table(("key", "must be there"), ((code(field.encode_name), "yes" if field.required else "no") for field in fields))


def _names() -> str:
    described = inspect.type_info(Situation)
    fields = described.fields if isinstance(described, inspect.StructType) else ()
    return table(("name", "type", "meaning"), (_name(field) for field in fields))


def _name(field: inspect.Field) -> tuple[str, str, str]:
    kind = field.type
    said = ""
    if isinstance(kind, inspect.Metadata):
        said = str((kind.extra_json_schema or {}).get("description", ""))
        kind = kind.type
    words = [str(value) for value in kind.values] if isinstance(kind, inspect.LiteralType) else []
    names = {inspect.IntType: "int", inspect.BoolType: "bool", inspect.FloatType: "double", inspect.ListType: "list(string)"}
    return code(field.name), names.get(type(kind), "string"), said + (f": {', '.join(map(code, words))}" if words else "")
