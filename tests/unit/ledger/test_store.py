"""The store writes a unit whole or not at all, once, in one order for all; and gives facts back as they were."""

import asyncio

import pytest

from beleg.facts.kinds.money import Refund
from beleg.facts.kinds.parcels import Parcel, Scan
from beleg.ledger.store import store as opening
from beleg.ledger.store.base import ConflictError, Key, Message, RefusedError, StoreError, Unit, Written
from beleg.ledger.store.embedded import Embedded
from beleg.ledger.store.store import Store, open_store
from support.stores import bought, decided, folder, release


def written(store: Store, *units: Unit) -> list[Written | BaseException]:
    """What became of units that were sent at once."""

    async def send() -> list[Written | BaseException]:
        async with store.running():
            return await asyncio.gather(*(store.commit(unit) for unit in units), return_exceptions=True)

    return asyncio.run(send())


def test_facts_come_back_as_they_went_in(store: Store) -> None:
    text = 'ü "\\ \u2028 \x07 \x7f 😀\n\t/'
    facts = (
        *bought("O1"),
        Parcel(id="p", source=text, parcel_id=text, order_id="O1", direction="return", carrier="Swift"),
        Scan(id="s", source="carrier", parcel_id=text, carrier="Swift", status="delivered", attested=True, latitude=-179_000_000),
    )

    async def both() -> list[object]:
        async with store.running():
            assert (await store.commit(Unit(facts=facts))).places == (0, 1, 2, 3)
            await store.commit(Unit(facts=bought("O2")))
            return list(await store.facts_of("O1"))

    assert asyncio.run(both()) == list(facts)


def test_a_fact_is_written_once(store: Store) -> None:
    facts = bought("O1")
    first, second, third = written(store, Unit(facts=facts), Unit(facts=facts), Unit(facts=facts[:1]))
    assert isinstance(first, Written)
    assert isinstance(second, Written)
    assert isinstance(third, Written)
    assert first.places == second.places
    assert third.places == first.places[:1]


def test_who_stands_still_in_the_middle_does_not_keep_the_head(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a process that is stopped between two statements that it sends together: to the database it is neither idle nor gone."""
    monkeypatch.setattr(opening, "_TIMED", "SET transaction_timeout = '300ms'")

    async def story() -> Written:
        still = await store._writer()
        sent = still.pipeline()
        await sent.__aenter__()
        for statement in (b"BEGIN", b"SELECT beleg_log.take_head()"):
            held = still.cursor()
            await held.execute(statement, ())
        assert await held.fetchall() == [(0,)]
        async with store.running(), asyncio.timeout(30):
            written = await store.commit(Unit(facts=bought("O1")))
        still.pgconn.finish()
        return written

    assert asyncio.run(story()).places == (0, 1)


def test_a_key_stands_for_one_body(store: Store) -> None:
    key = Key("shop", "k", b"body")
    first, again, other = written(
        store,
        Unit(facts=bought("O1"), key=key, answer=b"first"),
        Unit(facts=bought("O2"), key=key, answer=b"second"),
        Unit(facts=bought("O3"), key=Key("shop", "k", b"another body"), answer=b"third"),
    )
    assert isinstance(first, Written)
    assert again == Written(first.places, b"first", replayed=True)
    assert isinstance(other, ConflictError)
    assert isinstance(written(store, Unit(facts=(), key=Key("till", "k", b"another body")))[0], Written)


def test_one_refused_unit_takes_no_other_with_it(store: Store) -> None:
    assert isinstance(written(store, *(Unit(facts=bought(f"O{n}")) for n in range(20)))[0], Written)
    units = [release(f"R{n}", f"O{n}") for n in range(20)]
    units[7] = Unit(facts=(decided("R7", "O7", outcome="hold"),))
    units[13] = release("R13", "O13", amount=1001)
    outcomes = written(store, *units)
    refused = {n: outcome.rule for n, outcome in enumerate(outcomes) if isinstance(outcome, RefusedError)}
    assert refused == {7: "hold_says_why_and_until", 13: "never_more_than_paid"}
    places = [place for outcome in outcomes if isinstance(outcome, Written) for place in outcome.places]
    assert sorted(places) == list(range(40, 40 + 36))


def test_a_message_is_told_until_it_is_received(store: Store) -> None:
    async def all_of_it() -> None:
        async with store.running(), store.outbox() as outbox:
            await store.commit(Unit(facts=bought("O1"), messages=(Message("shop", b"one"), Message("shop", b"two"))))
            one, two = await outbox.claim()
            assert await outbox.claim() == []
            await outbox.sent(one)
            assert await outbox.failed(two, "500")
            assert await outbox.dead() == []
            assert not await outbox.failed(type(two)(two.id, two.topic, two.body, 8), "gone")
            ((dead, why),) = await outbox.dead()
            assert (dead.id, dead.body, why) == (two.id, b"two", "gone")
            assert await outbox.replay(two.id)
            assert [due.id for due in await outbox.claim()] == [two.id]

    asyncio.run(all_of_it())


def test_an_embedded_store_has_one_process() -> None:
    with folder() as made:
        store = open_store(made / "store")
        try:
            with pytest.raises(StoreError, match="has this store open, and an embedded store has one process"):
                Embedded(made / "store")
            assert isinstance(written(store, Unit(facts=bought("O1")))[0], Written)
        finally:
            store.close()
        again = open_store(made / "store")
        try:
            refund = Refund(id="r", source="s", refund_id="r", amount=1, currency="EUR")
            assert written(again, Unit(facts=(*bought("O1"), refund))) == [Written((0, 1, 2), b"")]
        finally:
            again.close()


def test_a_database_without_a_ledger_is_refused(server: Embedded) -> None:
    with pytest.raises(StoreError, match=r"revision none.*beleg ledger migrate"):
        open_store(server.service)
    with pytest.raises(StoreError, match="does not answer"):
        open_store("postgresql://nobody@/nothing?host=/nowhere")
