"""Processes that write through one of them: each unit is written once, and gets its answer, whatever becomes of that one."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import psycopg
import pytest
import uvloop

from beleg.ledger.store import sharing
from beleg.ledger.store.base import Basis, ConflictError, ContradictedError, Key, RefusedError, StaleError, Unit, Written
from beleg.ledger.store.queue import Queue
from beleg.ledger.store.sharing import Sharing
from beleg.ledger.store.store import Store
from support.stores import bought, decided, folder, release

Story = Callable[[Store, Store], Awaitable[None]]


@asynccontextmanager
async def pair(address: str) -> AsyncIterator[tuple[Store, Store]]:
    """Two stores as two processes have them; the first writes for the second."""
    one, other = Store(address), Store(address)
    try:
        async with one.running(), other.running():
            async with asyncio.timeout(60):
                while other.sharing is None or not other.sharing.handing:
                    await asyncio.sleep(0.02)
            yield one, other
    finally:
        one.close()
        other.close()


@pytest.fixture
def told(addresses) -> Callable[[Story], None]:
    def run(story: Story) -> None:
        async def all_of_it() -> None:
            async with pair(addresses[1]) as (one, other):
                await story(one, other)

        uvloop.run(all_of_it())

    return run


def connected(address: str) -> set[int]:
    """The connections that write, by their process in the database."""
    with psycopg.connect(address) as connection:
        said = connection.execute(
            "SELECT pid FROM pg_stat_activity WHERE query LIKE '%beleg_log.write(%' AND pid <> pg_backend_pid()"
        )
        return {row[0] for row in said}


def test_what_is_handed_over_gets_the_answer_it_would_have_got_at_home(told, addresses):
    async def story(one: Store, other: Store) -> None:
        key = Key("shop", "k", b"body")
        first = await other.commit(Unit(facts=bought("O1"), key=key, answer=b"first"))
        assert first == Written((0, 1), b"first")
        assert await one.commit(Unit(facts=bought("O2"), key=key, answer=b"second")) == Written((0, 1), b"first", replayed=True)
        assert await other.commit(Unit(facts=bought("O2"), key=key, answer=b"second")) == Written((0, 1), b"first", replayed=True)
        with pytest.raises(ConflictError, match="another body"):
            await other.commit(Unit(facts=bought("O2"), key=Key("shop", "k", b"other")))
        with pytest.raises(ContradictedError) as wrong:
            await other.commit(Unit(facts=bought("O1", paid=7), strict=True))
        assert wrong.value.facts == (("orders", "O1 order"), ("order_lines", "O1 line 1"))
        with pytest.raises(RefusedError, match="sets its money aside") as refused:
            await other.commit(Unit(facts=(decided("A", "O1"),)))
        assert refused.value.rule == "reserved"
        assert (await other.commit(release("A", "O1"))).places == (2, 3)
        assert len(connected(addresses[1])) == 1

    told(story)


def test_what_rests_on_what_came_about_meanwhile_is_stale_and_the_sender_knows_why(told):
    async def story(one: Store, other: Store) -> None:
        for store in (one, other):
            store.changes.watch({"orders", "refunds"}, ())
        await other.follow()
        seen = Basis(frozenset([("order_id", "O1")]), other.changes.size)
        await one.commit(Unit(facts=bought("O1")))
        with pytest.raises(StaleError):
            await other.commit(Unit(facts=bought("O2"), rests_on=seen))
        assert other.changes.stale(seen)
        now = Basis(seen.about, other.changes.size)
        assert (await other.commit(Unit(facts=bought("O2"), rests_on=now))).places == (2, 3)

    told(story)


def test_whoever_follows_more_than_the_writer_writes_what_rests_on_that_itself(told, addresses):
    async def story(one: Store, other: Store) -> None:
        one.changes.watch({"orders"}, ())
        other.changes.watch({"orders", "order_lines"}, ())
        await other.follow()
        seen = Basis(frozenset([("order_id", "O1")]), other.changes.size)
        await one.commit(Unit(facts=bought("O1")[1:]))  # the line, of which the writer takes no note
        with pytest.raises(StaleError):
            await other.commit(Unit(facts=bought("O2"), rests_on=seen))
        seen = Basis(seen.about, other.changes.size)
        assert (await other.commit(Unit(facts=bought("O2"), rests_on=seen))).places == (1, 2)
        assert len(connected(addresses[1])) == 2

    told(story)


def units(many: int) -> list[Unit]:
    return [Unit(facts=bought(f"O{number}"), key=Key("shop", str(number), b"b")) for number in range(many)]


async def once(store: Store, written: list[Written]) -> None:
    """Every unit has places of its own, and nothing stands in the log twice."""
    places = [place for one in written for place in one.places]
    log = [fact.id for _, fact in await store.since(("orders", "order_lines"), 0)]
    assert len(log) == len(set(log)) == len(places) == len(set(places))


def test_a_writer_that_ends_in_the_middle_loses_nothing_and_another_takes_its_place(addresses):
    async def story() -> None:
        one, other, third = (Store(addresses[1]) for _ in range(3))
        async with AsyncExitStack() as first:
            await first.enter_async_context(one.running())
            async with other.running(), third.running(), asyncio.timeout(60):
                while not other.sharing.handing or not third.sharing.handing:
                    await asyncio.sleep(0.02)
                sent = [asyncio.create_task((other, third)[number % 2].commit(unit)) for number, unit in enumerate(units(300))]
                while not await third.end():
                    await asyncio.sleep(0.001)
                # its lines break, what it was about to answer nobody hears, and its lock is free
                await first.aclose()
                await once(third, await asyncio.gather(*sent))
                while third.sharing.handing == other.sharing.handing:
                    await asyncio.sleep(0.02)
                for store in (other, third):
                    await store.commit(Unit(facts=bought(f"after {store is third}")))
        for store in (one, other, third):
            store.close()

    uvloop.run(story())


def test_a_writer_that_stands_still_is_not_waited_for_and_harms_nobody_when_it_wakes(told, monkeypatch):
    """It is stopped with units in its hands; their sender writes them itself, and the writer again when it goes on."""
    monkeypatch.setattr(sharing, "PATIENCE", 0.2)

    async def story(one: Store, other: Store) -> None:
        goes_on = asyncio.Event()
        real = one._parts()[0]._write

        async def stopped(ready):
            await goes_on.wait()
            return await real(ready)

        monkeypatch.setattr(one._parts()[0], "_write", stopped)
        sent = units(20)
        written = await asyncio.gather(*(other.commit(unit) for unit in sent))
        assert not other.sharing.handing
        goes_on.set()
        await once(other, [*written, await one.commit(Unit(facts=bought("last")))])

    told(story)


def test_others_cannot_enter_where_processes_meet(addresses):
    with folder() as made:
        place = made / "open"
        place.mkdir()
        place.chmod(0o777)
        one = Sharing(addresses[1], Queue(), Store(addresses[1]).changes, place)
        with pytest.raises(PermissionError, match="nobody else can enter"):
            one._locked()
