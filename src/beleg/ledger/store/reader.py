"""Reading while the service runs: the facts of one order, and prepared statements asked about many orders at once."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from functools import cache, reduce
from operator import or_
from typing import Any, TypeVar

import msgspec
from msgspec import Struct
from psycopg import AsyncClientCursor, AsyncConnection, sql

from beleg.facts.base import Fact
from beleg.facts.registry import fact_types
from beleg.facts.schema import arrow_schemas
from beleg.ledger.engines.live import SEARCH_PATH
from beleg.ledger.store.base import StoreError, UnavailableError
from beleg.ledger.store.batch import Rows, Statement
from beleg.ledger.store.changes import Changes
from beleg.ledger.store.sequencer import AWAY, Connect, together
from beleg.ledger.store.tables import written
from beleg.ledger.view import REACH

# A statement over one order never needs more; beyond, something is wrong and the connection is wanted elsewhere.
_SETTINGS = (
    f"SET search_path TO {SEARCH_PATH}",
    "SET jit = off",
    "SET plan_cache_mode = force_generic_plan",
    # few rows are asked for, by indexed columns; a plan made while a table was empty, or just filled, would read all of it
    "SET enable_seqscan = off",
    "SET default_transaction_read_only = on",
    "SET statement_timeout = '30s'",
)


_ENTRIES = """
SELECT place, relation, fact_id FROM beleg_log.entries
WHERE place >= $1 AND relation = ANY ($2::text[]) ORDER BY place LIMIT $3"""


Answer = TypeVar("Answer")


class Shown(Struct, frozen=True):
    """The rows of a prepared statement, which show everything that stands in the log before the place `size`, and maybe more."""

    rows: list[tuple[Any, ...]]
    size: int


class Reader:
    """A few connections that only read.

    Args:
        connect: opens a connection.
        many: how many there are; each runs one statement at a time, and is opened when it is first wanted.
        statements: what may be asked, by name; each connection plans one when it is first asked, or was replaced.
    """

    def __init__(self, connect: Connect, many: int, statements: Mapping[str, str]) -> None:
        self._connect = connect
        self._many = many
        self._statements = statements
        self._free: asyncio.Queue[_Line] = asyncio.Queue()
        for _ in range(many):
            self._free.put_nowait(_Line())

    async def close(self) -> None:
        """Wait for what runs and hang up."""
        for _ in range(self._many):
            line = await self._free.get()
            await line.hang_up()

    async def ask(self, name: str, orders: Sequence[str], as_of: int) -> Shown:
        """Run a prepared statement over these orders, as of a moment (microseconds)."""
        statement = self._statements.get(name)
        if statement is None:
            raise StoreError(f"no statement is prepared under {name!r}; there are: {', '.join(sorted(self._statements)) or 'none'}")

        async def asked(line: "_Line", connection: AsyncConnection) -> Shown:
            await line.plan(connection, name, statement)
            cursor = AsyncClientCursor(connection)
            # the log's size is read first, so that what the rows show is never older
            call = sql.SQL("SELECT size FROM beleg_log.head; EXECUTE {} (%s, %s)").format(sql.Identifier(name))
            await cursor.execute(call, (list(orders), as_of))
            ((size,),) = await cursor.fetchall()
            cursor.nextset()
            return Shown(await cursor.fetchall(), size)

        return await self._reading(asked)

    async def facts_of(self, order: str) -> list[Fact]:
        """Every fact of one order, what happened to its parcels and units included, in the order of the log."""
        return await self._facts(_one_order(), (order,))

    async def fact(self, table: str, fact_id: str) -> Fact | None:
        """One fact by its id."""
        return next(iter(await self.where(table, "id", fact_id)), None)

    async def where(self, table: str, column: str, value: str) -> list[Fact]:
        """The facts of a table with this value in an indexed column, in the order of the log."""
        return await self.among(table, column, [value])

    async def among(self, table: str, column: str, values: Collection[str]) -> list[Fact]:
        """The facts of a table with one of these values in an indexed column, in the order of the log."""
        schema = arrow_schemas().get(table)
        if schema is None or column not in schema.names:
            raise StoreError(f"{table}.{column}: there are no such facts")
        kept = f'FROM beleg_rows."{table}" r WHERE r."{column}" = ANY ($1::text[]) AND r.salt IS NOT NULL'
        text = f"SELECT {written(table)} {kept} ORDER BY place"
        return await self._facts(text, (list(values),))

    async def newest(self, table: str, column: str, where: str, values: Collection[str]) -> list[Fact]:
        """Of each value of a column the fact that came last in the log, where another column then holds one of these values."""
        last = f'SELECT DISTINCT ON ("{column}") id FROM beleg_rows."{table}" ORDER BY "{column}", place DESC'
        kept = f'r."{where}" = ANY ($1::text[]) AND r.salt IS NOT NULL'
        text = f'SELECT {written(table)} FROM beleg_rows."{table}" r JOIN ({last}) l USING (id) WHERE {kept} ORDER BY r.place'
        return await self._facts(text, (list(values),))

    async def since(self, tables: Collection[str], place: int, most: int) -> list[tuple[int, Fact]]:
        """At most so many facts of these tables from this place of the log on, with their places, in the order of the log."""
        entries = await self._rows(_ENTRIES, (place, list(tables), most))
        named: dict[str, list[str]] = {}
        for _, table, name in entries:
            named.setdefault(table, []).append(name)
        facts = {(table, fact.id): fact for table, ids in named.items() for fact in await self.among(table, "id", ids)}
        return [(at, facts[table, name]) for at, table, name in entries if (table, name) in facts]

    async def cells(self, table: str, columns: Sequence[str], place: int, most: int) -> list[tuple[Any, ...]]:
        """The place and these columns of at most so many facts of a table, from this place of the log on, in its order."""
        schema = arrow_schemas().get(table)
        if schema is None or not set(columns) <= set(schema.names):
            raise StoreError(f"{table}: there are no such facts with {', '.join(columns)}")
        read = ", ".join(f'r."{name}"' for name in columns)
        text = (
            f'SELECT e.place, {read} FROM beleg_log.entries e JOIN beleg_rows."{table}" r ON r.id = e.fact_id '
            f"WHERE e.place >= $1 AND e.relation = '{table}' ORDER BY e.place LIMIT $2"
        )
        return await self._rows(text, (place, most))

    async def follow(self, changes: Changes) -> None:
        """Take note of what was written since this process last looked."""

        async def ask(statements: Sequence[Statement]) -> Sequence[Rows]:
            return await self._reading(lambda _, connection: together(connection, statements))

        (((size,),),) = await ask([("SELECT size FROM beleg_log.head", ())])
        await changes.catch_up(ask, size)

    async def end(self) -> int:
        """The place that the next entry of the log will have."""
        ((last,),) = await self._rows("SELECT max(place) FROM beleg_log.entries", ())
        return 0 if last is None else int(last) + 1

    async def _facts(self, statement: str, values: Sequence[Any]) -> list[Fact]:
        return [_decoder().decode(row[0]) for row in await self._rows(statement, values)]

    async def _rows(self, statement: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        async def read(_: "_Line", connection: AsyncConnection) -> list[tuple[Any, ...]]:
            cursor = await connection.execute(statement.encode(), values, prepare=True)
            return await cursor.fetchall()

        return await self._reading(read)

    async def _reading(self, work: Callable[["_Line", AsyncConnection], Awaitable[Answer]]) -> Answer:
        """Read over a connection that is free; one that was lost meanwhile is made anew, once.

        Raises:
            UnavailableError: the database is away.
        """
        line = await self._free.get()
        try:
            try:
                return await work(line, await line.up(self._connect))
            except AWAY:
                await line.hang_up()
                return await work(line, await line.up(self._connect))
        except AWAY as lost:
            await line.hang_up()
            raise UnavailableError(f"the database does not answer: {lost}") from lost
        finally:
            self._free.put_nowait(line)


class _Line:
    """One connection and what it has planned."""

    def __init__(self) -> None:
        self._connection: AsyncConnection | None = None
        self._planned: dict[str, str] = {}

    async def up(self, connect: Connect) -> AsyncConnection:
        """The connection, made anew if it was lost."""
        if self._connection is None or self._connection.closed:
            self._planned.clear()
            self._connection = await connect()
            for setting in _SETTINGS:
                await self._connection.execute(setting.encode())
        return self._connection

    async def plan(self, connection: AsyncConnection, name: str, statement: str) -> None:
        """Prepare a statement unless it is."""
        if self._planned.get(name) == statement:
            return
        quoted = sql.Identifier(name).as_string(connection)
        if name in self._planned:
            await connection.execute(f"DEALLOCATE {quoted}".encode())
        await connection.execute(f"PREPARE {quoted} (text[], bigint) AS {statement}".encode())
        self._planned[name] = statement

    async def hang_up(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            await self._connection.close()
            self._connection = None


@cache
def _decoder() -> msgspec.json.Decoder[Fact]:
    return msgspec.json.Decoder(reduce(or_, fact_types().values()))


@cache
def _one_order() -> str:
    parts = " UNION ALL ".join(_parts())
    return f"SELECT text FROM ({parts}) AS every ORDER BY place"


def _parts() -> Iterator[str]:
    for table, schema in arrow_schemas().items():
        if reached := _reached(schema.names):
            kept = f'FROM beleg_rows."{table}" r WHERE {reached} AND r.salt IS NOT NULL'
            yield f"SELECT {written(table)} AS text, place {kept}"


def _reached(names: Sequence[str]) -> str | None:
    if "order_id" in names:
        return "r.order_id = $1"
    for column, through in REACH:
        if column in names and through != "orders":
            return f'r."{column}" IN (SELECT t."{column}" FROM beleg_rows."{through}" t WHERE t.order_id = $1)'
    return None
