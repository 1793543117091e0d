"""The store as the service uses it: in a folder of its own or at an address, written through one sequencer."""

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import psycopg
from psycopg import AsyncConnection, AsyncRawCursor

from beleg.facts.base import Fact
from beleg.ledger.engines.live import Live, open_live
from beleg.ledger.store.base import StaleError, StoreError, Unit, Written
from beleg.ledger.store.changes import Changes
from beleg.ledger.store.embedded import Embedded
from beleg.ledger.store.migrate import current, migrate, revisions
from beleg.ledger.store.outbox import Outbox
from beleg.ledger.store.queue import Queue
from beleg.ledger.store.reader import Reader, Shown
from beleg.ledger.store.sequencer import Sequencer
from beleg.ledger.store.sharing import Sharing

# A lost process must not keep the log's head from the others; a plan made while a table was empty must not read all of it later.
_WRITER = (
    "SET idle_in_transaction_session_timeout = '10s'",
    "SET jit = off",
    "SET enable_seqscan = off",
    "SET synchronous_commit = on",
)
# One that stands still between two statements that it sent together is not idle to PostgreSQL, so from 17 on the whole is timed.
_TIMED, _TIMED_FROM = "SET transaction_timeout = '10s'", 170_000


class Store:
    """An open store. Make it with `open_store`; write and read within `running`.

    Args:
        service: the address of the service's role.
        embedded: the server, if it is this process's own.
        patience: seconds a unit may wait while the database is away.
        readers: how many statements may be read at once.
    """

    def __init__(self, service: str, embedded: Embedded | None = None, *, patience: float = 5.0, readers: int = 2) -> None:
        self.service = service
        self._embedded = embedded
        self._patience = patience
        self._readers = readers
        self._statements: dict[str, str] = {}
        self.changes = Changes()
        self._following = asyncio.Lock()
        self._running: tuple[Sequencer, Reader] | None = None
        self.sharing: Sharing | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Store"]:
        """Write and read on this event loop until the block ends."""
        if self._running:
            raise StoreError("this store is running already; share it")
        queue = Queue()
        sharing = self.sharing = None if self._embedded else Sharing(self.service, queue, self.changes)
        sequencer = Sequencer(self._writer, self._patience, self.changes, queue, sharing)
        reader = Reader(self._connect, self._readers, self._statements)
        tasks = [asyncio.create_task(one.run()) for one in (sharing, sequencer) if one]
        self._running = sequencer, reader
        try:
            yield self
        finally:
            self._running = None
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await reader.close()

    async def commit(self, unit: Unit) -> Written:
        """Write a unit durably, in one transaction with whatever else waits.

        Raises:
            RefusedError: a rule of the store forbids it.
            ConflictError: its idempotency key came with another body.
            ContradictedError: it is strict, and an id in it stands for something else already.
            StaleError: something came about of what it rests on; `changes` knows of it.
            UnavailableError: the database was away for too long; send the unit again.
            CanonicalError: a fact in it has no canonical form.
        """
        try:
            return await self._parts()[0].commit(unit)
        except StaleError:
            await self.follow()  # whoever wrote for this process knew of it, and this process may not yet
            raise

    async def facts_of(self, order: str) -> list[Fact]:
        """Every fact of one order, what happened to its parcels and units included, in the order of the log."""
        return await self._parts()[1].facts_of(order)

    async def where(self, table: str, column: str, value: str) -> list[Fact]:
        """The facts of a table with this value in an indexed column, in the order of the log."""
        return await self._parts()[1].where(table, column, value)

    async def among(self, table: str, column: str, values: Collection[str]) -> list[Fact]:
        """The facts of a table with one of these values in an indexed column, in the order of the log."""
        return await self._parts()[1].among(table, column, values)

    async def newest(self, table: str, column: str, where: str, values: Collection[str]) -> list[Fact]:
        """Of each value of a column the fact that came last in the log, where another column then holds one of these values."""
        return await self._parts()[1].newest(table, column, where, values)

    async def since(self, tables: Collection[str], place: int, most: int = 5_000) -> list[tuple[int, Fact]]:
        """At most so many facts of these tables from this place of the log on, with their places, in the order of the log."""
        return await self._parts()[1].since(tables, place, most)

    async def cells(self, table: str, columns: Sequence[str], place: int, most: int = 5_000) -> list[tuple[Any, ...]]:
        """The place and these columns of at most so many facts of a table, from this place of the log on, in its order."""
        return await self._parts()[1].cells(table, columns, place, most)

    async def end(self) -> int:
        """The place that the next entry of the log will have."""
        return await self._parts()[1].end()

    async def follow(self, end: int | None = None) -> None:
        """Take note in `changes` of what was written by whomever, up to this place of the log; by default up to its end."""
        if end is not None and self.changes.size >= end:
            return
        async with self._following:
            if end is None or self.changes.size < end:
                await self._parts()[1].follow(self.changes)

    def prepare(self, name: str, statement: str) -> None:
        """Keep a statement of `View.sql` over `engine`, scoped by `SCOPE_MARK`; each connection plans it once."""
        self._statements[name] = statement

    async def ask(self, name: str, orders: Sequence[str], as_of: int) -> Shown:
        """Run a prepared statement over these orders; its `AS_OF_MARK` is this moment, in microseconds."""
        return await self._parts()[1].ask(name, orders, as_of)

    @asynccontextmanager
    async def outbox(self) -> AsyncIterator[Outbox]:
        """The messages that wait, over a connection of their own."""
        connection = await self._connect()
        try:
            yield Outbox(connection)
        finally:
            await connection.close()

    @property
    def owner(self) -> str | None:
        """The owner's address, if the store is embedded."""
        return self._embedded.owner if self._embedded else None

    @cached_property
    def engine(self) -> Live:
        """The live facts as an engine for views; blocking, so never on the event loop's own thread."""
        return open_live(self.service)

    def close(self) -> None:
        """Let go of the store; an embedded server is stopped."""
        if "engine" in self.__dict__:
            self.engine.close()
        if self._embedded:
            self._embedded.close()

    def _parts(self) -> tuple[Sequencer, Reader]:
        if self._running is None:
            raise StoreError("this store is not running; write and read within `async with store.running()`")
        return self._running

    async def _connect(self) -> AsyncConnection:
        if self._embedded:
            await asyncio.to_thread(self._embedded.ensure_running)
        connection = await AsyncConnection.connect(self.service, autocommit=True, cursor_factory=AsyncRawCursor, connect_timeout=5)
        connection.prepared_max = None  # there are a few for each table of facts, and no more
        return connection

    async def _writer(self) -> AsyncConnection:
        connection = await self._connect()
        timed = (_TIMED,) if connection.info.server_version >= _TIMED_FROM else ()
        for setting in (*_WRITER, *timed):
            await connection.execute(setting.encode())
        return connection


def open_store(where: Path | str, *, patience: float = 5.0, readers: int = 2) -> Store:
    """Open the store.

    Args:
        where: a folder for the embedded store, made and brought up to this version as needed; or ``postgresql://...``, a database
            that `beleg ledger migrate` brought up, addressed as the service's role.
        patience: seconds a unit may wait while the database is away.
        readers: how many statements may be read at once.

    Raises:
        StoreError: another process has the folder open, the database is not there, or it is of another version.
    """
    if isinstance(where, str) and "://" in where:
        _check(where)
        return Store(where, patience=patience, readers=readers)
    embedded = Embedded(Path(where))
    try:
        migrate(embedded.owner)
    except BaseException:
        embedded.close()
        raise
    return Store(embedded.service, embedded, patience=patience, readers=readers)


def _check(address: str) -> None:
    try:
        with psycopg.connect(address, connect_timeout=5) as connection:
            found, wanted = current(connection), revisions()[-1]
    except psycopg.OperationalError as away:
        raise StoreError(f"the database does not answer: {away}") from away
    if found != wanted:
        raise StoreError(
            f"the database holds revision {found or 'none'} of the ledger, this version needs {wanted}: beleg ledger migrate"
        )
