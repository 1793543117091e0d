"""The one place where a process's units get their order: those that wait together share a transaction and one durable commit."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial

import psycopg
from psycopg import AsyncConnection

from beleg.ledger.store.base import RefusedError, UnavailableError, Unit, Written
from beleg.ledger.store.batch import Batch, Outcome, Ready, Rows, Statement, rows_of
from beleg.ledger.store.changes import Changes
from beleg.ledger.store.queue import Queue, Waiting
from beleg.ledger.store.sharing import Sharing

Connect = Callable[[], Awaitable[AsyncConnection]]

# What the driver raises while the database is away, starting, or out of space: nothing that was asked is at fault.
AWAY = (psycopg.OperationalError, psycopg.InterfaceError, psycopg.InternalError, OSError)

_log = logging.getLogger("beleg.ledger")
# it tells of each statement behind a broken one; the one that broke is told by the exception
logging.getLogger("psycopg").setLevel(logging.ERROR)


class Sequencer:
    """Group commit over one connection of its own. Several processes may each have one: the log's head is locked while one writes.

    Args:
        connect: opens a connection, again after one was lost.
        patience: seconds a unit may wait while the database is away.
        changes: what came about, as far as this process knows; it is followed up to the head before a unit that rests on something
            is written.
        queue: what waits to be written.
        sharing: the other processes of this host, one of which may write for this one.
    """

    def __init__(
        self, connect: Connect, patience: float, changes: Changes, queue: Queue | None = None, sharing: Sharing | None = None
    ) -> None:
        self._connect = connect
        self._patience = patience
        self._changes = changes
        self._queue = queue or Queue()
        self._sharing = sharing
        self._connection: AsyncConnection | None = None

    async def commit(self, unit: Unit) -> Written:
        """Write a unit; see `Store.commit`."""
        return await self._queue.put(Ready(unit, rows_of(unit.facts)))

    async def run(self) -> None:
        """Write what waits, for ever; cancelled, it lets go of its connection and of all who wait."""
        at_work: list[Waiting] = []
        try:
            while True:
                await self._queue.some()
                while batch := self._queue.next():
                    if mine := self._handed_over(batch):
                        at_work = mine
                        await self._persistently(mine)
        finally:
            closing = UnavailableError("the store is closing")
            self._queue.fail(closing)
            for one in at_work:
                one.fail(closing)
            await self._hang_up()

    def _handed_over(self, batch: list[Waiting]) -> list[Waiting]:
        """What of a batch is left to this process, if another writes for it."""
        theirs = [one for one in batch if not one.alone]
        if self._sharing is None or not theirs or not self._sharing.hand(theirs):
            return batch
        return [one for one in batch if one.alone]

    async def _persistently(self, batch: list[Waiting]) -> None:
        """Write a batch, again and again while the database is away. What a lost commit wrote is found by its ids."""
        pause = 0.01
        while batch:
            try:
                await self._settle(batch)
                break
            except AWAY as lost:
                _log.warning("database away: %s", type(lost).__name__)
                await self._hang_up()
                overdue = [one for one in batch if time.monotonic() - one.since > self._patience]
                for one in overdue:
                    one.fail(UnavailableError(f"the database did not answer within {self._patience:g} seconds: {lost}"))
                batch = [one for one in batch if not one.answer.done()]
                await asyncio.sleep(pause)
                pause = min(pause * 2, 1.0)
            except Exception as fault:
                # a fault of ours must not stop the writing of all others
                _log.exception("a unit could not be written")
                for one in batch:
                    one.fail(fault)
                await self._hang_up()
                break

    async def _settle(self, batch: Sequence[Waiting]) -> None:
        """Write units together; where a rule forbids one, halve them until it is found, so that it alone is refused."""
        open_ = [one for one in batch if not one.answer.done()]
        if not open_:
            return
        try:
            outcomes = await self._write([one.ready for one in open_])
        except AWAY:
            raise
        except psycopg.DatabaseError as broken:
            if len(open_) == 1:
                open_[0].fail(refused(broken))
                return
            middle = len(open_) // 2
            await self._settle(open_[:middle])
            await self._settle(open_[middle:])
            return
        for one, outcome in zip(open_, outcomes, strict=True):
            if isinstance(outcome, Exception):
                one.fail(outcome)
            elif not one.answer.done():
                one.answer.set_result(outcome)

    async def _write(self, units: Sequence[Ready]) -> Sequence[Outcome]:
        connection = self._connection = self._connection or await self._connect()
        resting = any(ready.unit.rests_on for ready in units)
        try:
            batch = None
            if not (resting and self._changes.behind):
                batch = await self._at_once(connection, units, resting=resting)
            if batch is None:
                batch = await self._looked_up(connection, units, resting=resting)
        except psycopg.Error:
            if not connection.closed:
                await connection.rollback()
            raise
        self._changes.wrote(batch.head, batch.tables)
        return batch.outcomes()

    async def _at_once(self, connection: AsyncConnection, units: Sequence[Ready], *, resting: bool) -> Batch | None:
        """Write units of which nothing is there yet: one statement and one durable commit; None if they are not so."""
        batch = Batch(units)
        batch.assume(self._changes.stale)
        watched = self._changes.watched
        statement = batch.writing(self._changes.size if resting else None, watched)
        if statement is None:
            return None
        head = await _value(connection, statement)
        if head is None:
            return None
        batch.head = head
        if resting and watched == self._changes.watched:
            self._changes.passed(head)
        return batch

    async def _looked_up(self, connection: AsyncConnection, units: Sequence[Ready], *, resting: bool) -> Batch:
        """Write units of which something may be there, or which rest on what may have changed: looked up while the head is held."""
        batch = Batch(units)
        answers = await together(connection, [("BEGIN", ()), *batch.questions()])
        if resting:
            await self._changes.catch_up(partial(together, connection), int(answers[0][0][0]))
        batch.answered(answers, self._changes.stale)
        statement = batch.writing()
        said = await together(connection, [*([statement] if statement else ()), ("COMMIT", ())])
        if statement:
            batch.landed(said[0])
        return batch

    async def _hang_up(self) -> None:
        if self._connection is not None:
            await self._connection.close()
            self._connection = None


async def _value(connection: AsyncConnection, statement: Statement) -> int | None:
    """Send one statement, which is a transaction by itself, and read its one value."""
    text, values = statement
    cursor = await connection.execute(text.encode(), values, prepare=True)
    row = await cursor.fetchone()
    return None if row is None or row[0] is None else int(row[0])


async def together(connection: AsyncConnection, statements: Iterable[Statement]) -> list[Rows]:
    """Send statements in one go and read all their rows."""
    cursors = []
    async with connection.pipeline():
        for text, values in statements:
            cursor = connection.cursor()
            await cursor.execute(text.encode(), values, prepare=True)
            cursors.append(cursor)
    return [await cursor.fetchall() for cursor in cursors if cursor.description is not None]


def refused(broken: psycopg.Error) -> RefusedError:
    """What the database forbade, in our words: the rule is the constraint that was broken."""
    rule = broken.diag.constraint_name or type(broken).__name__
    return RefusedError(rule, broken.diag.message_primary or str(broken))
