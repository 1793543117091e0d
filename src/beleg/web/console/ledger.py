"""What the console asks of the store: facts since a place, facts of one order, facts by a column, and to write some down."""

from collections.abc import Collection
from typing import Protocol

from beleg.facts.base import Fact
from beleg.ledger.store.base import Unit, Written


class Ledger(Protocol):
    """The store, as far as the console needs it."""

    async def commit(self, unit: Unit) -> Written:
        """Write a unit durably."""

    async def since(self, tables: Collection[str], place: int) -> list[tuple[int, Fact]]:
        """The facts of these tables from this place on, with their places, in the order of the log."""

    async def facts_of(self, order: str) -> list[Fact]:
        """Every fact of one order, in the order of the log."""

    async def where(self, table: str, column: str, value: str) -> list[Fact]:
        """The facts of a table with this value in an indexed column, in the order of the log."""
