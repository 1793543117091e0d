"""What the facts show of orders right now: one prepared statement proves many at once, and it is remembered until a fact comes."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from itertools import islice

import msgspec
from msgspec import Struct

from beleg.facts.kinds.staff import StaffMember
from beleg.gate.moment import Known
from beleg.gate.prove import known, shown
from beleg.ledger.engines.base import Engine
from beleg.ledger.store.base import About, Basis, StoreError
from beleg.ledger.store.changes import Changed
from beleg.ledger.store.reader import Shown
from beleg.ledger.store.store import Store
from beleg.ledger.view import SCOPE_MARK, View
from beleg.proofs.coverage import WINDOWS, Coverage
from beleg.proofs.dossier import prepare
from beleg.proofs.words import PROOFS

# A statement costs about as much as a hundred orders in it; how many orders are remembered, about a kilobyte each.
TOGETHER, REMEMBERED = 128, 50_000
# So many orders at most wait to be proved before anybody asks: a burst of facts must not leave orders out, whose claims would each
# wait for a statement of their own. Of one account's, when something new is said of it, so many.
AHEAD, OF_ACCOUNT = 20_000, 128
# Seconds: facts come in bursts, so what nobody asked for yet is gathered; and how often others' facts are looked for.
GATHERED, LOOK = 0.05, 0.25

# Facts about people, sessions and sources touch everything; they are taken up by the next refresh.
EVERYWHERE = ("staff", "staff_sign_ins", "session_clearances")
# What the gate reads of whoever asks.
_ASKERS = ("staff", "identifiers")

_log = logging.getLogger("beleg.gate")


class Proved(Struct, frozen=True, gc=False):
    """Every slice of an order by its id, and what of the log that rests on."""

    slices: Mapping[str, Known]
    basis: Basis


class Prover:
    """Answers what is known of orders. Run `run` beside it, and `refresh` first and now and then.

    Args:
        store: the store, running. What it says of the log's changes decides what is forgotten, whichever process wrote them.
    """

    def __init__(self, store: Store) -> None:
        self._store, self._changes = store, store.changes
        self._cache: OrderedDict[str, Proved] = OrderedDict()
        self._resting: dict[About, set[str]] = {}  # the remembered orders, by what they rest on
        self._asked: dict[str, asyncio.Future[Proved]] = {}
        self._soon: dict[str, None] = {}
        self._wake, self._warm = asyncio.Event(), asyncio.Event()
        self._refreshing = asyncio.Lock()
        self._refreshed = 0
        self.statement = Statement("", (), frozenset(), frozenset())
        self.coverage = Coverage(places=(), roster=False)
        self.roster: tuple[StaffMember, ...] = ()
        self.owners: frozenset[tuple[str, str]] = frozenset()  # login, suspect session
        self._changes.listen(self._changed)

    @property
    def suspects(self) -> frozenset[str]:
        """The sessions that show a takeover nobody has cleared."""
        return frozenset(session for _, session in self.owners)

    async def refresh(self) -> None:
        """Judge the sources anew, and who is one person, and which sessions are suspect."""
        async with self._refreshing:
            await self._store.follow()
            self.statement = await asyncio.to_thread(self._prepared)
            self._store.prepare("known", self.statement.text)
            self._changes.watch({*self.statement.tables, *EVERYWHERE, *_ASKERS}, self.statement.beyond)
            self._cache.clear()
            self._resting.clear()
            self._refreshed += 1  # what is being proved was begun with what was known before

    @asynccontextmanager
    async def engine_free(self) -> AsyncIterator[None]:
        """While nothing else uses the store's one connection for whole tables."""
        async with self._refreshing:
            yield

    def _prepared(self) -> "Statement":
        engine = self._store.engine
        self.coverage = prepare(engine)
        rows = engine.rows(engine.table("suspects")).to_pylist()
        self.owners = frozenset((row["login"], row["session"]) for row in rows)
        self.roster = tuple(msgspec.convert(engine.rows(engine.table("staff")).to_pylist(), list[StaffMember]))
        return _compiled(engine, self.coverage)

    async def known(self, order: str) -> Proved:
        """Every slice of an order."""
        if (hit := self._cache.get(order)) is not None:
            self._cache.move_to_end(order)
            # what came about since would have been forgotten, as far as the log was followed
            return Proved(hit.slices, Basis(hit.basis.about, max(hit.basis.size, self._changes.size)))
        answer = self._asked.get(order)
        if answer is None:
            answer = self._asked[order] = asyncio.get_running_loop().create_future()
            self._wake.set()
        return await asyncio.shield(answer)

    def _changed(self, changed: Changed) -> None:
        """Forget what new facts are about, and prove it before anybody asks."""
        if changed.everything:
            self._cache.clear()
            self._resting.clear()
        for about, place in changed.about.items():
            over = [order for order in self._resting.get(about, ()) if self._cache[order].basis.size <= place]
            for order in over:
                self._forget(order)
            if about[0] == "order_id":
                self._ahead((about[1],))
            elif len(over) <= OF_ACCOUNT:
                self._ahead(over)

    def _ahead(self, orders: Iterable[str]) -> None:
        self._soon |= dict.fromkeys(islice(orders, max(0, AHEAD - len(self._soon))))
        self._warm.set()

    async def run(self) -> None:
        """Prove what is asked for, and ahead what facts came for, and follow what others write, for ever."""
        await asyncio.gather(self._answering(), self._warming(), self._following())

    async def _answering(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while orders := list(islice(self._asked, TOGETHER)):
                await self._prove(orders)

    async def _warming(self) -> None:
        while True:
            await self._warm.wait()
            await asyncio.sleep(GATHERED)
            self._warm.clear()
            while orders := list(islice(self._soon, TOGETHER)):
                for order in orders:
                    del self._soon[order]
                if wanted := [order for order in orders if order not in self._cache and order not in self._asked]:
                    await self._prove(wanted)

    async def _following(self) -> None:
        while True:
            try:
                await self._store.follow()
            except StoreError as away:
                _log.warning("others' facts are not looked for: %s", away)
            except Exception:
                _log.exception("others' facts could not be looked for")
            await asyncio.sleep(LOOK)

    async def _prove(self, orders: Sequence[str]) -> None:
        begun, statement = self._refreshed, self.statement
        try:
            found = _proved(orders, statement.columns, await self._store.ask("known", orders, 0))
        except Exception as failure:  # whoever asked is told, and the next one is answered
            for order in orders:
                self._tell(order, failure)
            return
        for order, proved in found.items():
            if begun == self._refreshed and not self._changes.stale(proved.basis):
                self._remember(order, proved)
                self._tell(order, proved)
            else:
                self._ahead((order,))

    def _remember(self, order: str, proved: Proved) -> None:
        if (kept := self._cache.get(order)) is not None and kept.basis.size > proved.basis.size:
            return  # a proof that was begun before another may end after it
        self._forget(order)
        self._cache[order] = proved
        for about in proved.basis.about:
            self._resting.setdefault(about, set()).add(order)
        if len(self._cache) > REMEMBERED:
            self._forget(next(iter(self._cache)))

    def _forget(self, order: str) -> None:
        if (old := self._cache.pop(order, None)) is None:
            return
        for about in old.basis.about:
            resting = self._resting[about]
            resting.discard(order)
            if not resting:
                del self._resting[about]

    def _tell(self, order: str, outcome: Proved | Exception) -> None:
        answer = self._asked.pop(order, None)
        if answer is None or answer.done():
            return
        if isinstance(outcome, Exception):
            answer.set_exception(outcome)
        else:
            answer.set_result(outcome)


def _proved(orders: Sequence[str], columns: Sequence[str], said: Shown) -> dict[str, Proved]:
    found: dict[str, dict[str, Known]] = {order: {} for order in orders}
    for row in said.rows:
        one = known(dict(zip(columns, row, strict=True)))
        if one.order_id in found:
            found[one.order_id][one.slice_id] = one
    return {order: Proved(slices, Basis(_about(order, slices), said.size)) for order, slices in found.items()}


def _about(order: str, slices: Mapping[str, Known]) -> frozenset[About]:
    accounts = {one.account_id for one in slices.values() if one.account_id}
    subjects = (*slices, *accounts)
    return frozenset([("order_id", order), *(("account_id", one) for one in accounts), *(("subject", one) for one in subjects)])


class Statement(Struct, frozen=True):
    """The statement that proves, its columns, the tables of facts it reads, and those it reads beyond the orders asked about."""

    text: str
    columns: tuple[str, ...]
    tables: frozenset[str]
    beyond: frozenset[str]


# Compiling takes seconds of processor time, and what of a coverage goes into a statement seldom changes.
_statements: dict[bytes, Statement] = {}


def _compiled(engine: Engine, coverage: Coverage) -> Statement:
    key = msgspec.json.encode(
        ([coverage.has(proof) for proof in PROOFS], [(coverage.live(proof), coverage.down(proof)) for proof in WINDOWS])
    )
    if key not in _statements:
        view = View(engine, order_id=SCOPE_MARK)
        expression = shown(view, coverage)
        text = view.sql(expression)
        _statements[key] = Statement(text, tuple(expression.columns), frozenset(view.read), frozenset(view.beyond))
    return _statements[key]
