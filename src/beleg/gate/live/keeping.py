"""What happens after an answer: later facts answer anew, deadlines come, money set aside is paid or freed, unasked refunds show."""

import asyncio
import logging
import time
from collections.abc import Iterable, Sequence

from beleg.facts.base import Fact
from beleg.facts.kinds import gate as kinds
from beleg.facts.kinds.money import Refund
from beleg.gate.claim import Claim
from beleg.gate.decision import Decision
from beleg.gate.live.asking import Asked, Asking, now_micros
from beleg.gate.live.money import LEFT_ALONE, Money
from beleg.gate.live.prover import EVERYWHERE
from beleg.gate.live.waiting import Open, Waiting
from beleg.gate.live.written import asked_again
from beleg.gate.stated import request_of
from beleg.ledger.store.base import Key, UnavailableError, Unit, Written
from beleg.ledger.store.changes import Changed
from beleg.ledger.store.store import Store

DECIDED = "refund.decided"
TICK = 1.0  # seconds between looks at the clock
# Judging sources and persons anew rests so many times as long as it took, at most so many seconds: staff sign in all day long.
REST, LONGEST_REST = 10, 30.0

_log = logging.getLogger("beleg.gate")


class Keeper:
    """Takes facts in, and keeps every open request and all money set aside in mind.

    Args:
        asking: the gate.
        store: the store, running.
    """

    def __init__(self, asking: Asking, store: Store) -> None:
        self._asking, self._store = asking, store
        self.open = Waiting()
        self.money = Money(store)
        self._due: dict[str, None] = {}
        self._wake = asyncio.Event()
        self._stale = False
        self._rested = 0.0
        self._read = 0  # how far the log's decisions were read

    async def load(self) -> None:
        """Read what is open from the store, after a start; the newest is what came last in the log, as clocks may jump back."""
        self._store.changes.listen(self._changed)
        self._read = await self._store.end()
        for fact in await self._store.newest("decisions", "request_id", "outcome", ("hold", "review")):
            if isinstance(fact, kinds.Decision) and fact.outcome != "refuse":
                self.open.put(Open(asked_again(fact), fact.id, fact.outcome, min(fact.deadline or 0, now_micros())))
        await self.money.load()

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
        await self.money.others()

    def _waits(self, request: str, decision: str, outcome: str) -> bool:
        """Whether a request waits since this decision, which another process said; what it settled is open no longer."""
        known = self.open.get(request)
        if known is not None and known.decision_id == decision:
            return False
        if outcome in ("hold", "review"):
            return True
        self.open.drop(request)
        return False

    def _said(self, fact: kinds.Decision) -> None:
        known = self.open.get(fact.request_id)
        if known is not None and known.decision_id == fact.id:
            return
        if fact.outcome in ("hold", "review"):
            due = (fact.deadline or 0) + LEFT_ALONE
            self.open.put(Open(asked_again(fact), fact.id, fact.outcome, due, mine=False))

    async def ask(self, claim: Claim, key: Key | None, topic: str | None = None) -> Asked:
        """Answer a claim, and keep in mind what is to come of it; see `Asking.ask`."""
        asked = await self._asking.ask(claim, key, topic)
        if not asked.replayed:
            self._remember(claim, asked)
        return asked

    def _remember(self, claim: Claim, asked: Asked) -> None:
        if asked.decision.answer == "release":
            self.open.drop(asked.answer.decision_id)
        else:
            self.open.put(Open(claim, asked.answer.answer_id, asked.decision.answer, _when(asked.decision)))
        self.money.set_aside(asked.facts)

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
        await self.money.settle([fact for fact in facts if isinstance(fact, Refund)])
        if not written.replayed:
            await self._store.follow(max(written.places, default=-1) + 1)
        return written

    def _changed(self, changed: Changed) -> None:
        """Facts came, through whichever process: what is open of their orders is answered anew, soon."""
        self._stale |= changed.everything or not changed.tables.isdisjoint(EVERYWHERE)
        if changed.everything:
            self._look_or_wait(self.open.every())
            return
        touched = (request for kind, order in changed.about if kind == "order_id" for request in self.open.of(order))
        self._look_or_wait([one for request in touched if (one := self.open.get(request))])

    def _look_or_wait(self, requests: Sequence[Open]) -> None:
        self.look(request_of(one.claim) for one in requests if one.mine)
        for one in (one for one in requests if not one.mine):
            self.open.look(one, min(one.look_at, now_micros() + LEFT_ALONE))

    def look(self, requests: Iterable[str]) -> None:
        """Answer these requests anew, soon, where they are still open."""
        for request in requests:
            self._due[request] = None
            self._wake.set()

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
                await self._anew([one] if (one := self.open.get(request)) else [])
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
            self._look_or_wait(self.open.every())
        await self._anew(self.open.due(now))
        await self.money.expire(now)

    async def _anew(self, requests: Sequence[Open]) -> None:
        left = list(requests)
        try:
            while left:
                await self._answer_anew(left[0])
                del left[0]
        except BaseException:
            for one in left:  # to be looked at as soon as it is possible again
                self.open.look(one, one.look_at)
            raise

    async def _answer_anew(self, one: Open) -> None:
        judged = await self._asking.judge(one.claim)
        decision = judged.decision
        if decision.answer == one.outcome:
            self.open.look(one, _when(decision) + (0 if one.mine else LEFT_ALONE))
            return
        # two processes may see the same: the key lets one of them write
        key = Key("anew", f"{one.decision_id} {decision.answer}", b"")
        asked = await self._asking.ask(one.claim, key, DECIDED)
        if asked.decision.answer == one.outcome or asked.replayed:
            self.open.look(one, decision.decided_at + 60_000_000)
        else:
            self._remember(one.claim, asked)

    def decided(self, claim: Claim, facts: Sequence[Fact]) -> None:
        """A person decided: nothing more happens by itself but that money set aside is paid or freed."""
        self.open.drop(request_of(claim))
        self.money.set_aside(facts)


def _when(decision: Decision) -> int:
    """When time alone may change the answer next; far away when nothing is to come."""
    moments = (decision.deadline.look_at, decision.deadline.due_at, decision.proofs_due_at)
    return min((one for one in moments if one is not None and one > decision.decided_at), default=1 << 60)
