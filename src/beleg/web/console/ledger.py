"""What the console asks of the store: facts since a place, facts of one order, facts by a column, and to write some down."""

from collections.abc import Collection
from typing import Protocol

from beleg.facts.base import Fact
from beleg.ledger.store.base import Unit, Written


class Ledger(Protocol):
    """The store, as far as the console needs it."""

    async def commit(self, unit: Unit) -> Written:
        """Write a unit durably."""

    async def since(self, tables: Collection[str], place: int, most: int = 5_000) -> list[tuple[int, Fact]]:
        """At most so many facts of these tables from this place on, with their places, in the order of the log."""

    async def end(self) -> int:
        """The place that the next entry of the log will have."""

    async def facts_of(self, order: str) -> list[Fact]:
        """Every fact of one order, in the order of the log."""

    async def among(self, table: str, column: str, values: Collection[str]) -> list[Fact]:
        """The facts of a table with one of these values in an indexed column, in the order of the log."""

    async def where(self, table: str, column: str, value: str) -> list[Fact]:
        """The facts of a table with this value in an indexed column, in the order of the log."""
