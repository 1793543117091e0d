"""JSON by path: ``address.zip`` walks objects, ``items.price`` speaks of the element of ``items`` that a rule exploded."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from msgspec import Struct

Json: TypeAlias = Any  # whatever a JSON document may hold


class Place(Struct, frozen=True):
    """A record and, for each list that was exploded, the element at hand."""

    record: Json
    elements: tuple[tuple[str, Json], ...] = ()

    @classmethod
    def root(cls, record: Json) -> "Place":
        """The record itself, nothing exploded."""
        return cls(record)


def explode(place: Place, path: str) -> Iterator[Place]:
    """The elements of the list at this path, through every list on the way; the values of an object count as its elements."""
    steps = path.split(".")
    places = [place]
    for depth in range(1, len(steps) + 1):
        prefix = ".".join(steps[:depth])
        places = [below for above in places for below in _spread(above, prefix, last=depth == len(steps))]
    yield from places


def _spread(place: Place, prefix: str, *, last: bool) -> Iterator[Place]:
    value = look_up(place, prefix)
    if isinstance(value, list):
        for element in value:
            yield Place(place.record, (*place.elements, (prefix, element)))
    elif isinstance(value, Mapping) and last:
        for name, element in value.items():
            keyed = {"_key": name, **element} if isinstance(element, Mapping) else {"_key": name, "_value": element}
            yield Place(place.record, (*place.elements, (prefix, keyed)))
    elif value is not None:
        yield place


def look_up(place: Place, path: str) -> Json:
    """The value at this path: from the innermost exploded element that it lies in, else from the record."""
    for prefix, element in reversed(place.elements):
        if path == prefix:
            return element
        if path.startswith(prefix + "."):
            return _walk(element, path[len(prefix) + 1 :])
    return _walk(place.record, path)


def _walk(value: Json, path: str) -> Json:
    if isinstance(value, Mapping) and path in value:
        return value[path]
    for step in path.split("."):
        if isinstance(value, list):
            value = value[0] if len(value) == 1 else None
        if not isinstance(value, Mapping):
            return None
        value = value.get(step)
    return value


def as_text(value: Json) -> str | None:
    """A JSON value as the text it stood as; a list of one is its element."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if value is None or (isinstance(value, list | dict) and not value):
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)
