"""Several processes on one database: each remembers what is known of orders, and answers as if nothing were remembered."""

import asyncio
import random
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import msgspec
import pytest

from beleg.facts.base import Fact
from beleg.facts.kinds.findings import Finding
from beleg.facts.kinds.gate import Decision
from beleg.facts.kinds.money import Dispute, Refund
from beleg.facts.kinds.orders import Cancellation, PackedSerial
from beleg.facts.schema import arrow_schemas
from beleg.gate.claim import Claim
from beleg.gate.live import keeping, money
from beleg.gate.live.asking import Asking
from beleg.gate.live.keeping import Keeper
from beleg.gate.live.prover import Prover
from beleg.gate.live.written import Recorded
from beleg.gate.moment import Known
from beleg.gate.prove import known as slice_of
from beleg.ledger.store.base import Key, Unit
from beleg.ledger.store.store import Store
from beleg.ledger.view import REACH
from support.shops import back, dock, inspection, now, order, receipt, roster, scan

ORDERS = [f"O{number}" for number in range(1, 7)]


class Process:
    """What one process of the service has of its own."""

    def __init__(self, address: str, gate) -> None:
        self.store = Store(address)
        self.prover = Prover(self.store)
        self.asking = Asking(self.store, self.prover, gate)
        self.keeper = Keeper(self.asking, self.store)

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Process"]:
        try:
            async with self.store.running():
                proving = asyncio.create_task(self.prover.run())
                await self.prover.refresh()
                await self.keeper.load()
                try:
                    yield self
                finally:
                    proving.cancel()
                    await asyncio.gather(proving, return_exceptions=True)
        finally:
            self.store.close()

    async def afresh(self, order_id: str) -> dict[str, Known]:
        """What is known of an order by one who remembers nothing."""
        said = await self.store.ask("known", [order_id], 0)
        every = [slice_of(dict(zip(self.prover.statement.columns, row, strict=True))) for row in said.rows]
        return {one.slice_id: one for one in every}


Story = Callable[[Process, Process], Awaitable[None]]


@pytest.fixture
def together(addresses, gate) -> Callable[[Story], None]:
    def run(story: Story) -> None:
        async def all_of_it() -> None:
            async with AsyncExitStack() as stack:
                one, other = [await stack.enter_async_context(Process(addresses[1], gate).running()) for _ in range(2)]
                shop = (
                    *order("O0"),
                    *back("O0", "O0-M"),
                    scan("O0-M"),
                    dock("O0-M"),
                    receipt("O0", "O0-M"),
                    inspection("O0", "O0-M"),
                )
                await one.keeper.take((*roster(), *shop))
                for process in (one, other):
                    await process.prover.refresh()
                await story(one, other)

        asyncio.run(all_of_it())

    return run


def claim(order_id: str, refund: str, **said) -> Claim:
    return Claim(refund_id=refund, order_id=order_id, line_id="1", rma_id=f"{order_id}-M", amount=20000, currency="EUR",
                 trigger="on_receipt", **said)  # fmt: skip


def envelope(number: int) -> dict:
    return {"id": f"said-{number}", "source": "shop", "occurred_at": now(), "known_at": now()}


def test_what_one_process_was_asked_another_answers_when_it_is_gone(together, monkeypatch):
    """The first was asked and never works again: nobody but the second is there to see that the proofs came in."""
    for room in (keeping, money):
        monkeypatch.setattr(room, "LEFT_ALONE", 1)
    monkeypatch.setattr(keeping, "TICK", 0.05)

    async def story(one: Process, other: Process) -> None:
        await one.keeper.take((*order("O1"), *back("O1", "O1-M"), receipt("O1", "O1-M")))
        assert (await one.keeper.ask(claim("O1", "R1"), None)).answer.decision == "hold"
        work = asyncio.create_task(other.keeper.run())
        try:
            await other.keeper.take((scan("O1-M"), dock("O1-M"), inspection("O1", "O1-M")))
            async with asyncio.timeout(60):
                while not await one.store.where("reservations", "order_id", "O1"):
                    await asyncio.sleep(0.05)
        finally:
            work.cancel()
        said = [fact.outcome for fact in await one.store.where("decisions", "order_id", "O1") if isinstance(fact, Decision)]
        assert said == ["hold", "release"]
        assert not other.keeper.open
        await one.keeper._others()
        assert not one.keeper.open

    together(story)


def test_what_a_process_said_twice_stays_its_own(together):
    async def story(one: Process, other: Process) -> None:
        await one.keeper.take((*order("O1"), *back("O1", "O1-M")))
        for _ in range(2):
            assert (await one.keeper.ask(claim("O1", "R1"), None)).answer.decision == "hold"
        for process in (one, other):
            await process.keeper._others()
        assert [held.mine for held in one.keeper.open.every()] == [True]
        assert [held.mine for held in other.keeper.open.every()] == [False]

    together(story)


def anything(chance: random.Random, number: int) -> tuple[Fact, ...]:
    """Something that happens to an order, its parcel, its unit or its account."""
    name, said = chance.choice(ORDERS), envelope(number)
    rma, account = f"{name}-M", f"A{ORDERS.index(name) % 2}"  # an order is of one account, however often it is told
    found = {"detector": chance.choice(["d1", "d2"]), "version": "1", "family": "conduct", "amount": 1}
    return chance.choice([
        lambda: order(name, account=account), lambda: back(name, rma), lambda: (scan(rma),), lambda: (dock(rma),),
        lambda: (scan(rma, chance.choice(["accepted", "in_transit"])),), lambda: (receipt(name, rma, serial=f"S{number % 5}"),),
        lambda: (inspection(name, rma),), lambda: (Cancellation(**said, order_id=name),),
        lambda: (Refund(**said, refund_id=f"F{number}", order_id=name, amount=100, currency="EUR", status="settled"),),
        lambda: (Dispute(**said, dispute_id=f"D{number}", order_id=name, reason="other", amount=100, currency="EUR",
                         status="open"),),
        lambda: (PackedSerial(**said, order_id=name, line_id="1", serial=f"S{number % 5}"),),
        lambda: (Finding(**said, **found, subject_kind="slice", subject=f"{name}/1/{rma}"),),
        lambda: (Finding(**said, **found, subject_kind="account", subject=account),),
    ])()  # fmt: skip


@pytest.mark.parametrize("seed", range(2))
def test_whoever_took_the_facts_the_answer_is_as_if_nothing_were_remembered(together, seed):
    async def story(*processes: Process) -> None:
        chance = random.Random(seed)
        for number in range(40):
            for step in range(chance.randrange(3)):
                facts = anything(chance, 10 * number + step)
                taker = chance.choice(processes)
                if chance.random() < 0.5:
                    await taker.keeper.take(facts)
                else:  # as whoever does not say of what it wrote
                    await taker.store.commit(Unit(facts=facts))
            asked, name = chance.choice(processes), chance.choice(ORDERS)
            answer = await asked.asking.ask(claim(name, f"R{number}"), Key("shop", f"{seed} {number}", b""))
            known = await asked.prover.known(name)
            assert known.slices == await asked.afresh(name)
            assert known.basis.size >= answer.decision.index

    together(story)


def test_a_fact_that_comes_between_proof_and_decision_decides(together, monkeypatch):
    async def story(one: Process, other: Process) -> None:
        await one.keeper.take((*order("O1"), *back("O1", "O1-M"), scan("O1-M")))
        for number, (process, fact) in enumerate(((one, receipt("O1", "O1-M")), (other, inspection("O1", "O1-M")))):
            judge, judged = process.asking.judge, []

            async def between(asked, judge=judge, judged=judged, fact=fact):
                judged.append(await judge(asked))
                await other.store.commit(Unit(facts=(fact,)))
                return judged[-1]

            monkeypatch.setattr(process.asking, "judge", between)
            answer = await process.asking.ask(claim("O1", f"R{number}"), None)
            states = [{one.proof: one.state for one in said.decision.proofs} for said in judged]
            assert len(states) == 2
            assert states[0] != states[1] == {one.proof: one.state for one in answer.decision.proofs}

    together(story)


def test_what_waits_together_is_written_decision_first(together):
    """A decision that shares a transaction with a fact of its order does not rest on it, and so stands before it in the log."""

    async def story(one: Process, _: Process) -> None:
        await one.keeper.take((*order("O1"), *back("O1", "O1-M")))
        judged = await one.asking.judge(claim("O1", "R1"))
        facts, told = one.store.commit(Unit(facts=(scan("O1-M"),))), one.asking._write(claim("O1", "R1"), judged, None, None)
        written, asked = await asyncio.gather(facts, told)
        assert asked.index < written.places[0]

    together(story)


def test_no_decision_rests_on_less_than_was_written_before_it(together):
    """Facts and questions at once, through both: between what a decision rests on and its own place nothing of its order stands."""

    async def story(*processes: Process) -> None:
        chance = random.Random(1)
        for name in ORDERS:
            await processes[0].keeper.take((*order(name), *back(name, f"{name}-M")))

        async def asks(number: int) -> None:
            await asyncio.sleep(chance.random() / 2)
            await chance.choice(processes).asking.ask(claim(chance.choice(ORDERS), f"R{number}"), None)

        async def takes(number: int) -> None:
            await asyncio.sleep(chance.random() / 2)
            await chance.choice(processes).keeper.take(anything(chance, number))

        await asyncio.gather(*(work(number) for number in range(60) for work in (asks, takes)))
        log = await processes[0].store.since([table for table in arrow_schemas() if table != "reservations"], 0)
        decisions = 0
        for place, fact in log:
            if isinstance(fact, Decision):
                decisions += 1
                begun = msgspec.json.decode(fact.arithmetic, type=Recorded).decision.index
                between = [other for at, other in log if begun <= at < place and not isinstance(other, Decision)]
                assert not [other for other in between if order_of(other) == fact.order_id]
        assert decisions == 60

    together(story)


def order_of(fact: Fact) -> str:
    """By what the small shop calls its parcels."""
    return (
        getattr(fact, "order_id", None)
        or (getattr(fact, "parcel_id", None) or getattr(fact, "subject", "")).split("-")[0].split("/")[0]
    )


def test_every_table_that_the_proof_reads_is_watched(together):
    async def story(one: Process, _: Process) -> None:
        statement = one.prover.statement
        named = {table for table in arrow_schemas() if re.search(rf'(FROM|JOIN) "{table}"', statement.text)}
        assert named == statement.tables | statement.beyond
        for table in named:
            columns = {"order_id", "subject", *(column for column, _ in REACH)}
            assert columns.intersection(arrow_schemas()[table].names), f"{table}: nothing says what its facts are about"

    together(story)
