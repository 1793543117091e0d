"""What the facts show of orders right now: one prepared statement proves many at once, and it is remembered until a fact comes."""

import asyncio
from collections import Counter, OrderedDict
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager

import msgspec

from beleg.facts.kinds.staff import StaffMember
from beleg.gate.moment import Known
from beleg.gate.prove import known, shown
from beleg.ledger.engines.base import Engine
from beleg.ledger.store.store import Store
from beleg.ledger.view import SCOPE_MARK, View
from beleg.proofs.coverage import WINDOWS, Coverage
from beleg.proofs.dossier import prepare
from beleg.proofs.words import PROOFS

Slices = Mapping[str, Known]

# Beyond this the planner's guess for one order no longer fits; how many orders are remembered, about a kilobyte each.
TOGETHER, REMEMBERED = 16, 50_000


class Prover:
    """Answers what is known of orders. Run `run` beside it, and `refresh` first and now and then.

    Args:
        store: the store, running.
        alone: whether every fact comes through this process; only then is anything remembered.
    """

    def __init__(self, store: Store, *, alone: bool) -> None:
        self._store, self._alone = store, alone
        self._cache: OrderedDict[str, Slices] = OrderedDict()
        self._versions: Counter[str] = Counter()
        self._writing: dict[str, tuple[int, asyncio.Event]] = {}
        self._asked: dict[str, asyncio.Future[Slices]] = {}
        self._wake = asyncio.Event()
        self._refreshing = asyncio.Lock()
        self._columns: tuple[str, ...] = ()
        self.coverage = Coverage(places=(), roster=False)
        self.roster: tuple[StaffMember, ...] = ()
        self.owners: frozenset[tuple[str, str]] = frozenset()  # login, suspect session

    @property
    def suspects(self) -> frozenset[str]:
        """The sessions that show a takeover nobody has cleared."""
        return frozenset(session for _, session in self.owners)

    async def refresh(self) -> None:
        """Judge the sources anew, and who is one person, and which sessions are suspect."""
        async with self._refreshing:
            statement = await asyncio.to_thread(self._prepared)
            self._store.prepare("known", statement)
            self._cache.clear()
            self._versions.update(self._asked.keys())  # what is being proved was begun with what was known before

    @asynccontextmanager
    async def engine_free(self) -> AsyncIterator[None]:
        """While nothing else uses the store's one connection for whole tables."""
        async with self._refreshing:
            yield

    def _prepared(self) -> str:
        engine = self._store.engine
        self.coverage = prepare(engine)
        rows = engine.rows(engine.table("suspects")).to_pylist()
        self.owners = frozenset((row["login"], row["session"]) for row in rows)
        self.roster = tuple(msgspec.convert(engine.rows(engine.table("staff")).to_pylist(), list[StaffMember]))
        statement, self._columns = _compiled(engine, self.coverage)
        return statement

    async def known(self, order: str) -> Slices:
        """Every slice of an order, by its id."""
        while (writing := self._writing.get(order)) is not None:
            await writing[1].wait()
        if (hit := self._cache.get(order)) is not None:
            self._cache.move_to_end(order)
            return hit
        answer = self._asked.get(order)
        if answer is None:
            answer = self._asked[order] = asyncio.get_running_loop().create_future()
            self._wake.set()
        return await asyncio.shield(answer)

    def warm(self, orders: Iterable[str]) -> None:
        """Prove these soon, so that whoever asks finds it done; not while much else waits."""
        if not self._alone or len(self._asked) > 20 * TOGETHER:
            return
        for order in orders:
            if order not in self._cache and order not in self._asked:
                self._asked[order] = asyncio.get_running_loop().create_future()
                self._asked[order].add_done_callback(_heard)
        self._wake.set()

    @asynccontextmanager
    async def writing(self, orders: Iterable[str]) -> AsyncIterator[None]:
        """While facts of these orders are written nobody is told what is known of them; afterwards it is proved anew."""
        mine = tuple(orders)
        for order in mine:
            count, event = self._writing.get(order, (0, asyncio.Event()))
            self._writing[order] = count + 1, event
        try:
            yield
        finally:
            for order in mine:
                self.forget(order)
                count, event = self._writing[order]
                if count > 1:
                    self._writing[order] = count - 1, event
                else:
                    del self._writing[order]
                    event.set()

    def forget(self, order: str) -> None:
        """Something about this order changed."""
        self._cache.pop(order, None)
        if order in self._asked:
            self._versions[order] += 1

    async def run(self) -> None:
        """Prove what is asked for, for ever."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while orders := list(self._asked)[:TOGETHER]:
                await self._prove(orders)

    async def _prove(self, orders: list[str]) -> None:
        before = {order: self._versions[order] for order in orders}
        try:
            found = self._sorted(orders, await self._store.ask("known", orders, 0))
        except Exception as failure:  # whoever asked is told, and the next one is answered
            for order in orders:
                self._tell(order, failure)
            return
        for order in orders:
            if self._versions[order] == before[order]:
                self._remember(order, found[order])
                self._tell(order, found[order])

    def _sorted(self, orders: Sequence[str], rows: Iterable[tuple[object, ...]]) -> dict[str, dict[str, Known]]:
        found: dict[str, dict[str, Known]] = {order: {} for order in orders}
        for row in rows:
            one = known(dict(zip(self._columns, row, strict=True)))
            found.setdefault(one.order_id, {})[one.slice_id] = one
        return found

    def _remember(self, order: str, slices: Slices) -> None:
        if self._alone and order not in self._writing:
            self._cache[order] = slices
            if len(self._cache) > REMEMBERED:
                self._cache.popitem(last=False)

    def _tell(self, order: str, outcome: Slices | Exception) -> None:
        answer = self._asked.pop(order, None)
        self._versions.pop(order, None)
        if answer is None or answer.done():
            return
        if isinstance(outcome, Exception):
            answer.set_exception(outcome)
        else:
            answer.set_result(outcome)


def _heard(answer: "asyncio.Future[Slices]") -> None:
    """Nobody waits for this one, so a failure is taken note of here."""
    if not answer.cancelled():
        answer.exception()


# Compiling takes seconds of processor time, and what of a coverage goes into a statement seldom changes.
_statements: dict[bytes, tuple[str, tuple[str, ...]]] = {}


def _compiled(engine: Engine, coverage: Coverage) -> tuple[str, tuple[str, ...]]:
    key = msgspec.json.encode(
        ([coverage.has(proof) for proof in PROOFS], [(coverage.live(proof), coverage.down(proof)) for proof in WINDOWS])
    )
    if key not in _statements:
        view = View(engine, order_id=SCOPE_MARK)
        expression = shown(view, coverage)
        _statements[key] = view.sql(expression), tuple(expression.columns)
    return _statements[key]
