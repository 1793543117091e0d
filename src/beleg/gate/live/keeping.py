"""What happens after an answer: later facts answer anew, deadlines come, money set aside is paid or freed, unasked refunds show."""

import asyncio
import logging
import time
from collections.abc import Iterable, Sequence
from heapq import heappop, heappush
from itertools import compress

import msgspec
from msgspec import Struct

from beleg.facts.base import Fact
from beleg.facts.kinds import gate as kinds
from beleg.facts.kinds.money import Refund
from beleg.gate.claim import Claim
from beleg.gate.decision import Decision
from beleg.gate.live import reconcile
from beleg.gate.live.asking import Asked, Asking, now_micros
from beleg.gate.live.prover import EVERYWHERE
from beleg.gate.live.written import asked_again
from beleg.gate.policy import Answer as Outcome
from beleg.gate.stated import request_of
from beleg.ledger.store.base import ConflictError, Key, Message, RefusedError, UnavailableError, Unit, Written
from beleg.ledger.store.changes import Changed
from beleg.ledger.store.store import Store

DECIDED, FOUND = "refund.decided", "finding.opened"
TICK = 1.0  # seconds between looks at the clock
# Judging sources and persons anew rests so many times as long as it took, at most so many seconds: staff sign in all day long.
REST, LONGEST_REST = 10, 30.0

# What another process was asked it answers anew itself; if it has not done so after this long (microseconds), it may be gone.
LEFT_ALONE = 10_000_000

_log = logging.getLogger("beleg.gate")


class Open(Struct):
    """A request that is not settled: its claim, what was said last, when to look again, and whether this process said it."""

    claim: Claim
    decision_id: str
    outcome: Outcome
    look_at: int
    mine: bool = True


class Keeper:
    """Takes facts in, and keeps every open request and all money set aside in mind.

    Args:
        asking: the gate.
        store: the store, running.
    """

    def __init__(self, asking: Asking, store: Store) -> None:
        self._asking, self._store = asking, store
        self.open: dict[str, Open] = {}
        self.reserved: dict[str, dict[str, kinds.Reservation]] = {}
        self._expiring: list[tuple[int, str, str]] = []  # when, the reservation, its order: a heap
        self._due: dict[str, None] = {}
        self._wake = asyncio.Event()
        self._stale = False
        self._rested = 0.0
        self._read = self._kept = 0  # how far the log's decisions, and its money set aside, were read

    async def load(self) -> None:
        """Read what is open from the store, after a start; the newest is what came last in the log, as clocks may jump back."""
        self._store.changes.listen(self._changed)
        self._read = self._kept = await self._store.end()
        for fact in await self._store.newest("decisions", "request_id", "outcome", ("hold", "review")):
            if isinstance(fact, kinds.Decision):
                self._note(fact)
        for held in await asyncio.to_thread(self._held):
            self._set_aside(held)

    def _held(self) -> list[kinds.Reservation]:
        engine = self._store.engine
        held = engine.table("reservations").anti_join(engine.table("reservation_ends"), [("id", "reservation_id")])
        return msgspec.convert(engine.rows(held).to_pylist(), list[kinds.Reservation])

    async def _others(self) -> None:
        """Take note of what other processes said: nothing waits for ever because one of them is gone."""
        if self._store.owner:
            return
        last: dict[str, tuple[str, str]] = {}
        while said := await self._store.cells("decisions", ("request_id", "id", "outcome"), self._read):
            self._read = said[-1][0] + 1
            last |= {request: (name, outcome) for _, request, name, outcome in said}
        if waiting := [name for request, (name, outcome) in last.items() if self._waits(request, name, outcome)]:
            for fact in await self._store.among("decisions", "id", waiting):
                if isinstance(fact, kinds.Decision):
                    self._said(fact)
        while held := await self._store.since(("reservations", "reservation_ends"), self._kept):
            self._kept = held[-1][0] + 1
            for _, one in held:
                if isinstance(one, kinds.Reservation):
                    self._set_aside(one)
                elif isinstance(one, kinds.ReservationEnd):
                    self._free(one.order_id, one.reservation_id)

    def _waits(self, request: str, decision: str, outcome: str) -> bool:
        """Whether a request waits since this decision, which another process said; what it settled is open no longer."""
        known = self.open.get(request)
        if known is not None and known.decision_id == decision:
            return False
        if outcome in ("hold", "review"):
            return True
        self.open.pop(request, None)
        return False

    def _set_aside(self, held: kinds.Reservation) -> None:
        mine = self.reserved.setdefault(held.order_id, {})
        if held.id not in mine:
            mine[held.id] = held
            heappush(self._expiring, (held.expires_at, held.id, held.order_id))

    def _free(self, order: str, reservation: str) -> None:
        mine = self.reserved.get(order, {})
        mine.pop(reservation, None)
        if not mine:
            self.reserved.pop(order, None)

    def _said(self, fact: kinds.Decision) -> None:
        known = self.open.get(fact.request_id)
        if known is not None and known.decision_id == fact.id:
            return
        if fact.outcome in ("hold", "review"):
            due = (fact.deadline or 0) + LEFT_ALONE
            self.open[fact.request_id] = Open(asked_again(fact), fact.id, fact.outcome, due, mine=False)

    async def ask(self, claim: Claim, key: Key | None, topic: str | None = None) -> Asked:
        """Answer a claim, and keep in mind what is to come of it; see `Asking.ask`."""
        asked = await self._asking.ask(claim, key, topic)
        if not asked.replayed:
            self._remember(claim, asked)
        return asked

    def _remember(self, claim: Claim, asked: Asked) -> None:
        request = asked.answer.decision_id
        held = [fact for fact in asked.facts if isinstance(fact, kinds.Reservation)]
        if held:
            self.open.pop(request, None)
            self._set_aside(held[0])
        else:
            self.open[request] = Open(claim, asked.answer.answer_id, asked.decision.answer, _when(asked.decision))

    def _note(self, fact: kinds.Decision) -> None:
        if fact.outcome == "refuse":
            return
        due = fact.deadline or 0
        self.open[fact.request_id] = Open(asked_again(fact), fact.id, fact.outcome, min(due, now_micros()))

    async def take(self, facts: Sequence[Fact], key: Key | None = None, answer: bytes = b"", *, strict: bool = False) -> Written:
        """Write facts from outside down, and see to what follows from them.

        Args:
            facts: what happened.
            key: the sender's key of this delivery.
            answer: what its repeats are answered.
            strict: whether an id that stands for something else already is an error; else the first to use it is kept.

        Raises:
            ConflictError: the key came with another body.
            ContradictedError: `strict`, and an id stands for something else already; nothing was written.
            RefusedError: a rule of the store forbids one of them.
            UnavailableError: the database is away.
        """
        written = await self._store.commit(Unit(facts=tuple(facts), key=key, answer=answer, strict=strict))
        # also when they are told of again: what follows may not have been written the first time
        await self._settle([fact for fact in facts if isinstance(fact, Refund)])
        if not written.replayed:
            await self._store.follow(max(written.places, default=-1) + 1)
        return written

    def _changed(self, changed: Changed) -> None:
        """Facts came, through whichever process: what is open of their orders is answered anew, soon."""
        self._stale |= changed.everything or not changed.tables.isdisjoint(EVERYWHERE)
        touched = (changed.everything or ("order_id", one.claim.order_id) in changed.about for one in self.open.values())
        self._look_or_wait([*compress(self.open, touched)])

    def _look_or_wait(self, requests: Iterable[str]) -> None:
        self.look(request for request in requests if self.open[request].mine)
        for one in (self.open[request] for request in requests if not self.open[request].mine):
            one.look_at = min(one.look_at, now_micros() + LEFT_ALONE)

    def look(self, requests: Iterable[str]) -> None:
        """Answer these requests anew, soon, where they are still open."""
        for request in requests:
            self._due[request] = None
            self._wake.set()

    async def _settle(self, refunds: Sequence[Refund]) -> None:
        now = now_micros()
        for refund in refunds:
            mine = self.reserved.get(refund.order_id, {}) if refund.order_id else {}
            held = reconcile.paid_from(refund, mine.values())
            if held is not None:
                await self._end(held, reconcile.end_of(refund, held, now))
            elif refund.status != "failed" and not await self._paid_before(refund):
                finding, rests = reconcile.unasked(refund, now)
                message = Message(FOUND, msgspec.json.encode(finding))
                await self._quietly(Unit(facts=(finding, rests), messages=(message,), key=Key("unasked", finding.id, b"")))

    async def _paid_before(self, refund: Refund) -> bool:
        """Whether the gate once set this money aside: another word for a refund that was told of already, or a late one."""
        held = await self._store.where("reservations", "order_id", refund.order_id) if refund.order_id else []
        return reconcile.paid_from(refund, [one for one in held if isinstance(one, kinds.Reservation)]) is not None

    async def _end(self, held: kinds.Reservation, end: kinds.ReservationEnd | None) -> None:
        if end is None:
            return
        await self._quietly(Unit(facts=(end,)))
        self._free(held.order_id, held.id)

    async def _quietly(self, unit: Unit) -> None:
        """Write what follows by itself; another process may have done so first."""
        try:
            await self._store.commit(unit)
        except (RefusedError, ConflictError) as told:
            _log.info("already settled: %s", told)

    async def run(self) -> None:
        """Look at the clock and answer anew what facts touched, for ever."""
        while True:
            try:
                await self._tick()
                await self._answer_until(time.monotonic() + TICK)
            except Exception:
                _log.exception("could not answer anew")
                await asyncio.sleep(TICK)

    async def _answer_until(self, moment: float) -> None:
        """Answer anew what facts touched, and no longer: a shop that never rests has deadlines too."""
        while (left := moment - time.monotonic()) > 0:
            try:
                async with asyncio.timeout(left):
                    await self._wake.wait()
            except TimeoutError:
                return
            request = next(iter(self._due), None)
            if request is None:
                self._wake.clear()
                continue
            del self._due[request]
            try:
                await self._anew([self.open[request]] if request in self.open else [])
            except UnavailableError:
                self.look([request])
                raise

    async def _tick(self) -> None:
        await self._others()
        now = now_micros()
        if self._stale and time.monotonic() >= self._rested:
            self._stale, began = False, time.monotonic()
            try:
                await self._asking.prover.refresh()
            except BaseException:
                self._stale = True
                raise
            self._rested = time.monotonic() + min(LONGEST_REST, REST * (time.monotonic() - began))
            self._look_or_wait([*self.open])
        await self._anew([one for one in self.open.values() if one.look_at <= now])
        await self._expire(now)

    async def _expire(self, now: int) -> None:
        """Free what nobody paid in time; at hundreds of answers a second too much is set aside to look through all of it."""
        while self._expiring and self._expiring[0][0] <= now:
            first = heappop(self._expiring)
            held = self.reserved.get(first[2], {}).get(first[1])
            try:
                if held is not None:
                    await self._end(held, reconcile.expired(held, now))
            except BaseException:
                heappush(self._expiring, first)
                raise

    async def _anew(self, requests: Sequence[Open]) -> None:
        for one in requests:
            judged = await self._asking.judge(one.claim)
            decision = judged.decision
            if decision.answer == one.outcome:
                one.look_at = _when(decision) + (0 if one.mine else LEFT_ALONE)
                continue
            # two processes may see the same: the key lets one of them write
            key = Key("anew", f"{one.decision_id} {decision.answer}", b"")
            asked = await self._asking.ask(one.claim, key, DECIDED)
            if asked.decision.answer == one.outcome or asked.replayed:
                one.look_at = decision.decided_at + 60_000_000
            else:
                self._remember(one.claim, asked)

    def decided(self, claim: Claim, facts: Iterable[Fact]) -> None:
        """A person decided: nothing more happens by itself but that money set aside is paid or freed."""
        self.open.pop(request_of(claim), None)
        for held in (fact for fact in facts if isinstance(fact, kinds.Reservation)):
            self._set_aside(held)


def _when(decision: Decision) -> int:
    """When time alone may change the answer next; far away when nothing is to come."""
    moments = (decision.deadline.look_at, decision.deadline.due_at, decision.proofs_due_at)
    return min((one for one in moments if one is not None and one > decision.decided_at), default=1 << 60)
