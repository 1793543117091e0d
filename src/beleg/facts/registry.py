"""Which facts exist: found by walking `kinds`, so that a new fact is one class in one file and nothing else."""

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from beleg.facts import kinds
from beleg.facts.base import Fact, OwnFact, table_of


@cache
def fact_types() -> Mapping[str, type[Fact]]:
    """Every fact type by its table name, in the order the modules are named and the classes are written."""
    found: dict[str, type[Fact]] = {}
    for module in sorted(pkgutil.iter_modules(kinds.__path__), key=lambda entry: entry.name):
        members = vars(importlib.import_module(f"{kinds.__name__}.{module.name}")).values()
        for member in members:
            if not (isinstance(member, type) and issubclass(member, Fact) and member not in {Fact, OwnFact}):
                continue
            first = found.setdefault(table_of(member), member)
            if first is not member:
                raise TypeError(f"two facts share the table {table_of(member)!r}: {first.__qualname__} and {member.__qualname__}")
    return MappingProxyType(found)
