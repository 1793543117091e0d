"""Units that wait to be written, and who waits for each of them."""

import asyncio
import time
from collections import deque
from collections.abc import Iterable

from beleg.ledger.store.base import Written
from beleg.ledger.store.batch import Ready

# How much one transaction takes, in units and facts: more makes the first wait for the last.
MOST_UNITS, MOST_FACTS = 256, 2_000


class Waiting:
    """A unit and who waits for it; `alone`, if this process has to write it itself."""

    __slots__ = ("alone", "answer", "ready", "since")

    def __init__(self, ready: Ready, answer: "asyncio.Future[Written]") -> None:
        self.ready = ready
        self.answer = answer
        self.since = time.monotonic()
        self.alone = False

    def fail(self, why: Exception) -> None:
        """Tell whoever waits, if somebody still does, that nothing came of it."""
        if not self.answer.done():
            self.answer.set_exception(why)


class Queue:
    """Units in the order in which they came."""

    def __init__(self) -> None:
        self._units: deque[Waiting] = deque()
        self._wake = asyncio.Event()

    def put(self, ready: Ready) -> "asyncio.Future[Written]":
        """Have a unit written; what comes of it."""
        waiting = Waiting(ready, asyncio.get_running_loop().create_future())
        self._units.append(waiting)
        self._wake.set()
        return waiting.answer

    def back(self, units: Iterable[Waiting]) -> None:
        """Put units that were taken back to the front."""
        self._units.extendleft(reversed([one for one in units if not one.answer.done()]))
        self._wake.set()

    async def some(self) -> None:
        """Wait until there are units."""
        await self._wake.wait()
        self._wake.clear()

    def next(self) -> list[Waiting]:
        """Take as many as one transaction does."""
        batch: list[Waiting] = []
        facts = 0
        while self._units and len(batch) < MOST_UNITS and facts < MOST_FACTS:
            batch.append(self._units.popleft())
            facts += len(batch[-1].ready.rows)
        # what rests on something goes before what comes about together with it
        return sorted(batch, key=lambda one: one.ready.unit.rests_on is None)

    def fail(self, why: Exception) -> None:
        """Tell all who wait that nothing comes of it."""
        for waiting in self._units:
            waiting.fail(why)
        self._units.clear()
