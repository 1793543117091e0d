"""Money that was set aside: a refund that is paid uses it up, and what nobody paid in time is freed."""

import asyncio
import logging
from collections.abc import Sequence
from heapq import heappop, heappush

import msgspec

from beleg.facts.base import Fact
from beleg.facts.kinds.gate import Reservation, ReservationEnd
from beleg.facts.kinds.money import Refund
from beleg.gate.live import reconcile
from beleg.gate.live.asking import now_micros
from beleg.ledger.store.base import ConflictError, Key, Message, RefusedError, Unit
from beleg.ledger.store.store import Store

FOUND = "finding.opened"

# What another process was asked or set aside it sees to itself; if it has not after this long (microseconds), it may be gone.
LEFT_ALONE = 10_000_000
# So many are freed at a time: they share a transaction, and nobody waits for more of them.
TOGETHER = 64

_log = logging.getLogger("beleg.gate")


class Money:
    """When which money set aside is to be freed, and what a refund means for it.

    Args:
        store: the store, running.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._expiring: list[tuple[int, str]] = []  # when, and which reservation: a heap
        self._read = 0  # how far the log was read for what others set aside

    async def load(self) -> None:
        """Read what is set aside from the store, after a start."""
        self._read = await self._store.end()
        for name, expires_at in await asyncio.to_thread(self._open):
            heappush(self._expiring, (expires_at, name))

    def _open(self) -> list[tuple[str, int]]:
        engine = self._store.engine
        held = engine.table("reservations").anti_join(engine.table("reservation_ends"), [("id", "reservation_id")])
        return [(row["id"], row["expires_at"]) for row in engine.rows(held.select("id", "expires_at")).to_pylist()]

    async def others(self) -> None:
        """Take note of what other processes set aside."""
        while held := await self._store.cells("reservations", ("id", "expires_at"), self._read):
            self._read = held[-1][0] + 1
            for _, name, expires_at in held:
                heappush(self._expiring, (expires_at + LEFT_ALONE, name))

    def set_aside(self, facts: Sequence[Fact]) -> None:
        """This process set money aside, where one of these facts says so."""
        for fact in facts:
            if isinstance(fact, Reservation):
                heappush(self._expiring, (fact.expires_at, fact.id))

    async def settle(self, refunds: Sequence[Refund]) -> None:
        """What refunds use up or free; one that nobody asked about is a finding."""
        orders = sorted({one.order_id for one in refunds if one.order_id})
        told = await self._store.among("reservations", "order_id", orders) if orders else []
        ended = await self._ended("order_id", orders) if orders else set()
        every, now = [one for one in told if isinstance(one, Reservation)], now_micros()
        for refund in refunds:
            held = reconcile.paid_from(refund, [one for one in every if one.id not in ended])
            if held is not None:
                if (end := reconcile.end_of(refund, held, now)) is not None:
                    await self._quietly(Unit(facts=(end,)))
                    ended.add(held.id)
            # else it may be another word for a refund that was told of already, or a late one
            elif refund.status != "failed" and reconcile.paid_from(refund, every) is None:
                finding, rests = reconcile.unasked(refund, now)
                message = Message(FOUND, msgspec.json.encode(finding))
                await self._quietly(Unit(facts=(finding, rests), messages=(message,), key=Key("unasked", finding.id, b"")))

    async def _ended(self, column: str, values: Sequence[str]) -> set[str]:
        ends = await self._store.among("reservation_ends", column, values)
        return {one.reservation_id for one in ends if isinstance(one, ReservationEnd)}

    async def expire(self, now: int) -> None:
        """Free what nobody paid in time; at hundreds of answers a second too much is set aside to look through all of it."""
        while due := self._due(now):
            try:
                names = [name for _, name in due]
                ended = await self._ended("reservation_id", names)
                held = await self._store.among("reservations", "id", [name for name in names if name not in ended])
                ends = [reconcile.expired(one, now) for one in held if isinstance(one, Reservation)]
                await asyncio.gather(*(self._quietly(Unit(facts=(end,))) for end in ends))
            except BaseException:
                for one in due:
                    heappush(self._expiring, one)
                raise

    def _due(self, now: int) -> list[tuple[int, str]]:
        due: list[tuple[int, str]] = []
        while self._expiring and self._expiring[0][0] <= now and len(due) < TOGETHER:
            due.append(heappop(self._expiring))
        return due

    async def _quietly(self, unit: Unit) -> None:
        """Write what follows by itself; another process may have done so first."""
        try:
            await self._store.commit(unit)
        except (RefusedError, ConflictError) as told:
            _log.info("already settled: %s", told)
