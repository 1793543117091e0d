"""What each field of a fact wants to be given, read off its type: money, a time, a keyed hash, a word of a closed list."""

from collections.abc import Iterator, Mapping
from functools import cache
from types import MappingProxyType
from typing import Annotated, Any, Literal, TypeAlias, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Struct

from beleg.facts import types
from beleg.facts.registry import fact_types
from beleg.facts.schema import choices

Hint: TypeAlias = Any  # a type as it is annotated
Kind = Literal["text", "time", "money", "integer", "grams", "degrees", "digest", "currency", "postcode", "flag", "word"]

_BY_ALIAS: tuple[tuple[Any, Kind], ...] = (
    (types.Instant, "time"),
    (types.Minor, "money"),
    (types.Digest, "digest"),
    (types.Currency, "currency"),
    (types.Postcode, "postcode"),
    (types.Grams, "grams"),
    (types.Microdegrees, "degrees"),
)


class Slot(Struct, frozen=True):
    """One field of a fact: what kind of value it holds, whether it must be filled, and the bounds it keeps."""

    name: str
    kind: Kind
    required: bool
    default: str | int | bool | None = None
    words: tuple[str, ...] = ()
    least: int | None = None
    most: int | None = None


@cache
def slots(table: str) -> Mapping[str, Slot]:
    """The fields of this table's fact."""
    fact = fact_types()[table]
    hints = get_type_hints(fact, include_extras=True)
    words = choices(fact)
    found = {}
    for field in msgspec.structs.fields(fact):
        metas = list(_metas(hints[field.name]))
        found[field.name] = Slot(
            name=field.name,
            kind=_kind(field.name, hints[field.name], metas),
            required=field.required,
            default=None if field.default is msgspec.NODEFAULT else field.default,
            words=words.get(field.name, ()),
            least=_bound(metas, "ge"),
            most=_bound(metas, "le"),
        )
    return MappingProxyType(found)


def _origin(hint: Hint) -> Hint:
    return get_origin(hint)


def _metas(hint: Hint) -> Iterator[msgspec.Meta]:
    if _origin(hint) is Annotated:
        yield from (meta for meta in hint.__metadata__ if isinstance(meta, msgspec.Meta))
    if _origin(hint) is not Literal:
        for inner in get_args(hint):
            yield from _metas(inner)


def _kind(name: str, hint: Hint, metas: list[msgspec.Meta]) -> Kind:
    if name.endswith("_at"):
        return "time"
    for alias, kind in _BY_ALIAS:
        if alias.__metadata__[0] in metas:
            return kind
    bases = set(_bases(hint))
    if bool in bases:
        return "flag"
    if int in bases:
        return "integer"
    return "text" if str in bases else "word"


def _bases(hint: Hint) -> Iterator[Any]:
    if _origin(hint) is Literal:
        return
    inner = get_args(hint)
    if _origin(hint) is Annotated:
        yield from _bases(inner[0])
    elif inner:
        for part in inner:
            yield from _bases(part)
    else:
        yield hint


def _bound(metas: list[msgspec.Meta], side: Literal["ge", "le"]) -> int | None:
    values = [value for meta in metas if (value := getattr(meta, side)) is not None]
    return int(values[0]) if values else None
