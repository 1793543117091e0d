"""A line of a timeline mentions no column but those that are read for it."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from beleg.audit.describe import describe, mentioned
from beleg.facts.registry import fact_types
from beleg.facts.schema import arrow_schemas


class Read(Mapping[str, Any]):
    """A fact with nothing but some columns."""

    def __init__(self, columns: tuple[str, ...]) -> None:
        self.cells: dict[str, Any] = dict.fromkeys(columns, "scan")

    def __getitem__(self, name: str) -> Any:
        return self.cells[name]

    def get(self, name: str, default: Any = None) -> Any:
        del default
        return self.cells[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.cells)

    def __len__(self) -> int:
        return len(self.cells)


@pytest.mark.parametrize("table", sorted(fact_types()))
def test_what_is_mentioned_is_read(table):
    columns = mentioned(table)
    assert set(columns) <= set(arrow_schemas()[table].names)
    row = Read(columns)
    row.cells |= {name: 1 for name in ("weight", "quantity") if name in row.cells}
    assert describe(table, row, lambda _, value: value or "")
