"""The page on facts: every table, what each column means, its unit, and the words allowed in it."""

import inspect
import sys
from collections.abc import Iterator
from itertools import groupby
from typing import get_args, get_type_hints

import msgspec

from beleg.connect.slots import Slot, slots
from beleg.facts.base import Fact, OwnFact
from beleg.facts.registry import fact_types
from beleg.reference.markdown import anchor, code, codes, page, sentence, table

_UNITS = {
    "time": "time (microseconds UTC)",
    "money": "money (minor units)",
    "integer": "whole number",
    "grams": "grams",
    "degrees": "millionths of a degree",
    "digest": "keyed hash",
    "currency": "currency (ISO 4217)",
    "flag": "yes or no",
    "word": "word",
}
_OPENING = """
A fact is something that happened, recorded once and never changed. Each table below is one kind of fact, and each is
one class under `src/beleg/facts/kinds`; the Parquet layout, the [JSON Schemas](schemas) and this page follow from it. A
folder of files with these names and columns (`orders.parquet`, `scans.csv`, ...) is *Beleg's own layout* and needs no
mapping.

Columns hold text, 64-bit integers or booleans, nothing else. Times are microseconds since 1970 in UTC; money is in
minor units (cents) of the currency beside it. A column that may be empty is marked *may be empty*: empty means that the
source does not say.
"""


def facts() -> str:
    """The page."""
    kinds = fact_types()
    envelope = [name for name in slots(next(iter(kinds))) if name in Fact.__struct_fields__]
    return page(
        "Facts",
        _OPENING,
        _contents(),
        "## Every fact\n\nThese columns come first in every table.\n\n" + _columns(Fact, envelope, next(iter(kinds))),
        *(_table(name, fact) for name, fact in kinds.items()),
    )


def _contents() -> str:
    lines = []
    for module, group in groupby(fact_types().items(), key=lambda entry: entry[1].__module__):
        about = sentence(inspect.getdoc(sys.modules[module]) or "")
        lines.append(f"- {about} " + ", ".join(f"[{name}](#{anchor(name)})" for name, _ in group))
    return "\n".join(lines)


def _table(name: str, fact: type[Fact]) -> str:
    own = [field for field in fact.__struct_fields__ if field not in Fact.__struct_fields__]
    about = " ".join((inspect.getdoc(fact) or "").split())
    whose = " *Only Beleg itself writes these.*" if issubclass(fact, OwnFact) else ""
    return f"## {name}\n\n{about}{whose}\n\n{_columns(fact, own, name)}"


def _columns(fact: type[Fact], names: list[str], of: str) -> str:
    hints = get_type_hints(fact, include_extras=True)
    known = slots(of)
    return table(
        ("column", "holds", "meaning"),
        ((code(name), _holds(known[name]), meaning(hints[name], known[name])) for name in names),
    )


def _holds(slot: Slot) -> str:
    kind = _UNITS.get(slot.kind, "text")
    if slot.default is not None:
        return f"{kind}; {code(str(slot.default).lower())} unless said"
    return kind if slot.required else f"{kind}, may be empty"


def meaning(hint: object, slot: Slot) -> str:
    """What the column means: the nearest description of its type, then the words allowed in it."""
    said = next(_descriptions(hint), "")
    words = f"one of {codes(slot.words)}" if slot.words else ""
    return "; ".join(part for part in (said, words) if part)


def _descriptions(hint: object) -> Iterator[str]:
    metas = getattr(hint, "__metadata__", ())
    yield from (meta.description for meta in metas if isinstance(meta, msgspec.Meta) and meta.description)
    for inner in get_args(hint):
        yield from _descriptions(inner)
