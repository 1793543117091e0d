"""The gate on a real store: what one login says moves nothing, and later facts pay without anybody asking again."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

import msgspec
import pytest

from beleg.facts.kinds.findings import Finding
from beleg.facts.kinds.gate import Reservation, ReservationEnd
from beleg.facts.kinds.money import Claim as CustomerClaim
from beleg.facts.kinds.money import ClaimDocument, Dispute, Refund
from beleg.facts.kinds.orders import Cancellation
from beleg.facts.kinds.parcels import Parcel
from beleg.facts.kinds.staff import SessionClearance, StaffSignIn
from beleg.gate.claim import Claim
from beleg.gate.decide import Gate
from beleg.gate.live import asking, keeping, money, reconcile
from beleg.gate.live.asking import Asking, Judged
from beleg.gate.live.keeping import Keeper, Open
from beleg.gate.live.prover import Prover
from beleg.ledger.store.base import ConflictError, Key, UnavailableError, Unit, Written
from beleg.ledger.store.store import Store
from support.shops import DAY, back, dock, now, order, receipt, roster, scan
from support.stores import bought, decided, release, reserved


@asynccontextmanager
async def at_work(store: Store, gate: Gate, shadow: Gate | None = None) -> AsyncIterator[Keeper]:
    async with store.running():
        prover = Prover(store)
        await prover.refresh()
        keeper = Keeper(Asking(store, prover, gate, shadow), store)
        await keeper.load()
        tasks = [asyncio.create_task(prover.run()), asyncio.create_task(keeper.run())]
        try:
            yield keeper
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


@pytest.fixture
def working(store, gate) -> Callable[[Callable[[Keeper], Awaitable[None]]], None]:
    def run(story: Callable[[Keeper], Awaitable[None]]) -> None:
        async def all_of_it() -> None:
            async with at_work(store, gate) as keeper:
                await keeper.take((*roster(), *order("O0"), *back("O0", "M0"), scan("M0"), dock("M0"), receipt("O0", "M0")))
                await keeper.take(order("O1"))
                await keeper.take(back("O1", "M1"))
                await keeper._asking.prover.refresh()
                await story(keeper)

        asyncio.run(all_of_it())

    return run


def claim(**said) -> Claim:
    return Claim(**{"refund_id": "R1", "order_id": "O1", "line_id": "1", "rma_id": "M1", "amount": 20000, "currency": "EUR",
                    "trigger": "on_receipt", "requester": "login-1", "session": "s1", "instrument": "card-1", **said})  # fmt: skip


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    for _ in range(1200):
        if await condition():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("it never came")


async def outcomes(store: Store, order_id: str = "O1") -> list[str]:
    return [one.outcome for one in await store.where("decisions", "order_id", order_id)]


async def aside(store: Store) -> list[str]:
    """The orders of which money is set aside."""
    said = [fact for _, fact in await store.since(("reservations", "reservation_ends"), 0)]
    ended = {one.reservation_id for one in said if isinstance(one, ReservationEnd)}
    return [one.order_id for one in said if isinstance(one, Reservation) and one.id not in ended]


def cancelled(order_id: str, line_id: str | None = None) -> Cancellation:
    return Cancellation(id=f"{order_id}-off", source="shop", occurred_at=now(), known_at=now(), order_id=order_id, line_id=line_id)


def test_a_cancelled_order_is_paid_back_unless_it_had_left(working, store):
    asked = {"rma_id": None, "trigger": "manual", "requester": None, "session": None}

    async def story(keeper: Keeper) -> None:
        await keeper.take((*order("O5"), cancelled("O5")))
        told = await keeper.ask(claim(order_id="O5", refund_id="R5", **asked), None)
        assert (told.answer.decision, told.answer.rule) == ("release", "cancelled before dispatch")
        said = await keeper.ask(claim(order_id="O1", refund_id="R6", stated_class="cancelled", **asked), None)
        assert said.answer.decision == "hold", "nobody but the one who asks says that it was cancelled"
        left = [one for one in back("O7", "M7") if isinstance(one, Parcel)]
        out = msgspec.structs.replace(left[0], direction="out", rma_id=None)
        await keeper.take((*order("O7"), out, scan("M7", "in_transit"), cancelled("O7")))
        gone = await keeper.ask(claim(order_id="O7", refund_id="R7", **asked), None)
        assert gone.answer.decision == "review"
        assert "guard:facts disagree" in [one.code for one in gone.answer.reasons]

    working(story)


def test_what_an_account_claimed_before_is_on_its_record(working, store):
    asked = {"rma_id": None, "trigger": "manual", "requester": None, "session": None, "stated_class": "damaged", "amount": 6000}

    async def story(keeper: Keeper) -> None:
        for name in ("O5", "O6"):
            at = {"source": "shop", "occurred_at": now(), "known_at": now(), "order_id": name, "claim_id": f"{name}-C"}
            cup = CustomerClaim(id=f"{name}-cup", **at, line_id="1", kind="damaged")
            photo = ClaimDocument(id=f"{name}-photo", **at, kind="photo", content="a" * 64)
            await keeper.take((*order(name, account="new", paid=9000), cup, photo))
            await keeper._asking.prover.refresh()
            told = await keeper.ask(claim(order_id=name, refund_id=name, claim_id=f"{name}-C", **asked), None)
            assert told.answer.decision == ("release" if name == "O5" else "hold")
        assert told.answer.rule == "damage shown, goods asked back"

    working(story)


def test_what_another_account_shows_as_well_and_what_the_bank_is_asked_for_is_seen_before_anybody_audits(working, store):
    asked = {"rma_id": None, "trigger": "manual", "requester": None, "session": None, "stated_class": "damaged", "amount": 4000}

    async def story(keeper: Keeper) -> None:
        at = {"source": "shop", "occurred_at": now(), "known_at": now()}
        for name in ("O5", "O6"):
            cup = CustomerClaim(id=f"{name}-cup", **at, order_id=name, claim_id=f"{name}-C", line_id="1", kind="damaged")
            await keeper.take((*order(name, account=f"of {name}", paid=9000), cup))

        def photo(name: str) -> ClaimDocument:
            own = {"order_id": name, "account_id": f"of {name}", "claim_id": f"{name}-C"}
            return ClaimDocument(id=f"{name}-photo", **at, **own, kind="photo", content=name * 32, picture="b" * 16)

        async def said(name: str, refund: str) -> str:
            told = await keeper.ask(claim(order_id=name, refund_id=refund, claim_id=f"{name}-C", **asked), None)
            return told.answer.decision

        await keeper.take((photo("O5"),))
        await keeper._asking.prover.refresh()
        assert await said("O5", "R1") == "release"
        await keeper.take((photo("O6"),))
        assert [await said("O6", "R2"), await said("O5", "R3")] == ["review", "review"], "what was known of O5 is forgotten"
        bank = Dispute(id="bank", **at, order_id="O7", dispute_id="D", reason="fraudulent", amount=1, currency="EUR", status="open")
        await keeper.take((*order("O7", account="of O7"), bank))
        told = await keeper.ask(claim(order_id="O7", refund_id="R7", rma_id="M7"), None)
        assert told.answer.decision == "review"
        assert any(reason.code == "guard:the bank is asked too" for reason in told.decision.reasons)

    working(story)


def test_what_was_called_off_speaks_for_its_own_line_alone(working, store):
    """Line 1 was cancelled, line 2 left: who states that line 2 was cancelled, or the whole order, gets nothing by that."""
    asked = {"rma_id": None, "trigger": "manual", "requester": None, "session": None, "stated_class": "cancelled"}

    async def story(keeper: Keeper) -> None:
        head, first = order("O5", paid=2000)
        second = msgspec.structs.replace(first, id="O5-2", line_id="2", paid=40000)
        left = next(one for one in back("O5", "M5") if isinstance(one, Parcel))
        out = msgspec.structs.replace(left, direction="out", rma_id=None)
        await keeper.take((msgspec.structs.replace(head, paid=42000), first, second, out, scan("M5"), cancelled("O5", "1")))
        for number, (line, amount) in enumerate((("2", 40000), (None, 42000))):
            told = await keeper.ask(claim(order_id="O5", refund_id=f"R{number}", line_id=line, amount=amount, **asked), None)
            assert told.answer.decision == "hold"
            assert (told.answer.at_deadline, told.answer.duty_started) == ("review", False), "nor does time alone pay it"
        fine = await keeper.ask(claim(order_id="O5", refund_id="R9", line_id="1", amount=2000, **asked), None)
        assert fine.answer.decision == "release"

    working(story)


def test_a_photo_documents_the_claim_it_came_with(working, store):
    asked = {"rma_id": None, "trigger": "manual", "requester": None, "session": None, "stated_class": "damaged", "amount": 4000}

    async def story(keeper: Keeper) -> None:
        kept = {"source": "shop", "occurred_at": now(), "known_at": now(), "order_id": "O5"}
        photo = ClaimDocument(id="photo", **kept, claim_id="C1", kind="photo", content="a" * 64)
        cup = CustomerClaim(id="cup", **kept, claim_id="C1", line_id="1", kind="damaged")
        await keeper.take((*order("O5", paid=9000), cup, photo))
        await keeper._asking.prover.refresh()
        other = await keeper.ask(claim(order_id="O5", refund_id="R5", **asked), None)
        own = await keeper.ask(claim(order_id="O5", refund_id="R6", claim_id="C1", **asked), None)
        assert (other.answer.decision, own.answer.decision) == ("hold", "release")

    working(story)


def test_whose_record_speaks_the_order_says(working, store):
    """Six quiet orders of another account are no record of the one that asks."""

    async def story(keeper: Keeper) -> None:
        for number in range(6):
            await keeper.take(order(f"Q{number}", account="quiet", at=now() - 500 * DAY))
        await keeper.take(order("O5", account="new"))
        asked = {"order_id": "O5", "rma_id": None, "requester": None, "session": None}
        told = await keeper.ask(claim(refund_id="R5", account_id="quiet", **asked), None)
        assert (told.answer.decision, told.answer.rule) == ("hold", "return, clean account")
        await keeper.take(order("O6", account="quiet"))
        asked["order_id"] = "O6"
        trusted = await keeper.ask(claim(refund_id="R6", account_id="new", **asked), None)
        assert (trusted.answer.decision, trusted.answer.rule) == ("release", "trusted customer")

    working(story)


def test_one_login_moves_nothing_and_later_facts_pay(working, store):
    async def story(keeper: Keeper) -> None:
        await keeper.take([receipt("O1", "M1")])
        first = await keeper.ask(claim(), Key("shop", "k1", b"1"))
        assert first.answer.decision == "hold"
        assert first.answer.reservation is None
        assert not first.answer.duty_started, "nor does time alone pay what one login says"
        await keeper.take([scan("M1"), dock("M1")])

        async def released() -> bool:
            return await outcomes(store) == ["hold", "release"]

        await until(released)
        held = await store.where("reservations", "order_id", "O1")
        assert [(one.amount, one.instrument) for one in held] == [(20000, "card-1")]
        async with store.outbox() as outbox:
            (told,) = await outbox.claim()
        assert told.topic == "refund.decided"
        await keeper.take([Refund(id="f1", source="payments", occurred_at=now(), known_at=now(), refund_id="R1", order_id="O1",
                                  line_id="1", rma_id="M1", amount=20000, currency="EUR", instrument="card-1")])  # fmt: skip
        (end,) = await store.where("reservation_ends", "order_id", "O1")
        assert (end.outcome, end.refund_fact) == ("paid", "f1")
        assert await store.where("findings", "id", "x") == []

    working(story)


def test_a_key_answers_twice_alike_and_never_another_body(working):
    async def story(keeper: Keeper) -> None:
        first = await keeper.ask(claim(), Key("shop", "k", b"1"))
        again = await keeper.ask(claim(), Key("shop", "k", b"1"))
        assert again.replayed
        assert (first.body, first.index) == (again.body, again.index)
        with pytest.raises(ConflictError):
            await keeper.ask(claim(amount=1), Key("shop", "k", b"2"))

    working(story)


def test_fifty_at_once_set_the_money_aside_once(working, store):
    async def story(keeper: Keeper) -> None:
        await keeper.take([receipt("O1", "M1"), scan("M1"), dock("M1")])
        asked = await asyncio.gather(*(keeper.ask(claim(refund_id=f"R{n}"), Key("shop", f"k{n}", b"")) for n in range(50)))
        assert sorted({one.answer.decision for one in asked}) == ["release", "review"]
        assert sum(one.answer.decision == "release" for one in asked) == 1
        assert len(await store.where("reservations", "order_id", "O1")) == 1

    working(story)


def test_a_full_refund_with_its_postage_is_no_more_than_was_paid(working):
    async def story(keeper: Keeper) -> None:
        for name in ("O2", "O3"):
            await keeper.take((*order(name, postage=590), *back(name, f"M-{name}")))
            await keeper.take([receipt(name, f"M-{name}"), scan(f"M-{name}"), dock(f"M-{name}")])
        asked = await keeper.ask(claim(order_id="O2", rma_id="M-O2", refund_id="R2", amount=20590), None)
        assert (asked.answer.decision, asked.answer.reservation.amount) == ("release", 20590)
        asked = await keeper.ask(claim(order_id="O3", rma_id="M-O3", refund_id="R3", amount=21500), None)
        assert asked.answer.decision == "review"
        assert "guard:more than was paid" in [one.code for one in asked.answer.reasons]

    working(story)


def test_a_refund_that_nobody_asked_about_is_found(working, store):
    async def story(keeper: Keeper) -> None:
        await keeper.take([Refund(id="f1", source="payments", occurred_at=now(), known_at=now(), refund_id="R9", order_id="O1",
                                  amount=5000, currency="EUR")])  # fmt: skip
        async with store.outbox() as outbox:
            (told,) = await outbox.claim()
        assert told.topic == "finding.opened"

    working(story)


def test_what_follows_from_a_refund_is_made_up_for_when_it_is_told_of_again(working, store, monkeypatch):
    paid = Refund(id="f1", source="payments", occurred_at=now(), known_at=now(), refund_id="R9", order_id="O1", amount=5000,
                  currency="EUR")  # fmt: skip

    async def story(keeper: Keeper) -> None:
        commit = store.commit

        async def away(unit: Unit) -> Written:
            if any(isinstance(fact, Finding) for fact in unit.facts):
                raise UnavailableError("gone")
            return await commit(unit)

        key = Key("payments", "e1", b"")
        with monkeypatch.context() as patched:
            patched.setattr(store, "commit", away)
            with pytest.raises(UnavailableError):
                await keeper.take([paid], key)
        assert (await keeper.take([paid], key)).replayed
        async with store.outbox() as outbox:
            (told,) = await outbox.claim()
            assert told.topic == "finding.opened"
            await outbox.sent(told)
            await keeper.take([paid])
            assert await outbox.claim() == [], "told once, however often it is delivered"

    working(story)


def test_a_moment_without_the_database_stops_neither_the_clock_nor_what_was_touched(working, store, monkeypatch):
    async def story(keeper: Keeper) -> None:
        assert (await keeper.ask(claim(), None)).answer.decision == "hold"
        asking_of, broken = keeper._asking.judge, 3

        async def away(one: Claim) -> Judged:
            nonlocal broken
            if broken:
                broken -= 1
                raise UnavailableError("gone")
            return await asking_of(one)

        monkeypatch.setattr(keeping, "TICK", 0.01)
        monkeypatch.setattr(keeper._asking, "judge", away)
        (held,) = keeper.open.every()
        keeper.open.look(held, 0)  # once by the clock, then by what comes in
        await keeper.take([receipt("O1", "M1"), scan("M1"), dock("M1")])

        async def released() -> bool:
            return await outcomes(store) == ["hold", "release"]

        await until(released)
        assert broken == 0

    working(story)


def test_a_shop_that_never_rests_has_deadlines_too(working, monkeypatch):
    async def story(keeper: Keeper) -> None:
        assert (await keeper.ask(claim(), None)).answer.decision == "hold"
        (held,) = keeper.open.every()
        answered: list[str] = []

        async def anew(requests: Sequence[Open]) -> None:
            answered.extend(one.decision_id for one in requests)
            keeper.look(["O0", "O0"])  # each that is answered leaves more to do
            await asyncio.sleep(0.001)

        monkeypatch.setattr(keeper, "_anew", anew)
        keeper.look(["O0"])
        keeper.open.look(held, 0)

        async def looked_at() -> bool:
            return held.decision_id in answered

        await until(looked_at)

    working(story)


def test_a_session_that_was_taken_over_proves_nothing_until_it_is_cleared(working, store):
    async def story(keeper: Keeper) -> None:
        seen = {"source": "idp", "login": "login-1", "known_at": now()}
        early, late = now() - 10**12, now() - 10**9
        await keeper.take([
            StaffSignIn(id="i1", session="s0", activity="logon", device="d1", network="n1", badge=True, occurred_at=early, **seen),
            StaffSignIn(id="i2", activity="password_reset", occurred_at=late, **seen),
            StaffSignIn(id="i3", session="s1", activity="logon", device="d2", network="n2", occurred_at=late + 10**8, **seen),
            receipt("O1", "M1"), scan("M1"), dock("M1"),
        ])  # fmt: skip
        await keeper._asking.prover.refresh()
        assert keeper._asking.prover.suspects == {"s1"}
        asked = await keeper.ask(claim(requester=None, session=None), None)
        assert asked.answer.decision == "hold"
        assert "item_scanned" in str(asked.answer.missing)
        await keeper.take(
            [SessionClearance(id="c1", source="gate", occurred_at=now(), known_at=now(), session="s1", actor="login-2")]
        )

        async def released() -> bool:
            return (await outcomes(store))[-1] == "release"

        await until(released)

    working(story)


def test_a_clock_that_jumps_back_loses_and_repeats_nothing(working, store, gate, monkeypatch):
    async def story(keeper: Keeper) -> None:
        assert (await keeper.ask(claim(), None)).answer.decision == "hold"
        for room in (asking, keeping):
            monkeypatch.setattr(room, "now_micros", lambda: now() - 10 * 60_000_000)
        await keeper.take([receipt("O1", "M1"), scan("M1"), dock("M1")])

        async def released() -> bool:
            return await outcomes(store) == ["hold", "release"]

        await until(released)
        before, after = await store.where("decisions", "order_id", "O1")
        assert before.known_at > after.known_at

    async def after() -> None:
        async with at_work(store, gate) as keeper:
            assert not keeper.open
            assert await aside(store) == ["O1"]

    working(story)
    asyncio.run(after())


def test_what_is_open_is_known_again_after_a_restart(store, gate):
    async def before() -> None:
        async with at_work(store, gate) as keeper:
            await keeper.take((*roster(), *order("O0"), *back("O0", "M0"), scan("M0"), dock("M0"), receipt("O0", "M0")))
            await keeper.take([*order("O1"), *back("O1", "M1"), *order("O2"), *back("O2", "M2")])
            await keeper._asking.prover.refresh()
            assert (await keeper.ask(claim(), None)).answer.decision == "hold"
            await keeper.take([scan("M2"), dock("M2"), receipt("O2", "M2")])
            asked = await keeper.ask(claim(order_id="O2", rma_id="M2", refund_id="R2"), None)
            assert asked.answer.decision == "release"

    async def after() -> None:
        async with at_work(store, gate) as keeper:
            assert [one.claim.refund_id for one in keeper.open.every()] == ["R1"]
            assert await aside(store) == ["O2"]
            await keeper.take([scan("M1"), dock("M1"), receipt("O1", "M1")])

            async def released() -> bool:
                return (await outcomes(store))[-1] == "release"

            await until(released)

    asyncio.run(before())
    asyncio.run(after())


def test_money_that_nobody_paid_in_time_is_freed_once_however_much_it_is(working, store, gate, monkeypatch):
    """What another process freed is left alone, and what is set aside is known again after a restart."""
    monkeypatch.setattr(money, "TOGETHER", 8)
    monkeypatch.setattr(keeping, "TICK", 3_600)  # only at a start does the keeper look by itself
    names = [f"E{number}" for number in range(30)]

    async def ended() -> list[str]:
        return sorted(one.order_id for _, one in await store.since(("reservation_ends",), 0) if isinstance(one, ReservationEnd))

    async def story(keeper: Keeper) -> None:
        for name in names:
            held = reserved(name, name, expires_at=1)
            await store.commit(Unit(facts=(*bought(name), decided(name, name), held)))
            keeper.money.set_aside([held])
        await store.commit(Unit(facts=(reconcile.expired(held, now()),)))
        await keeper.money.expire(0)
        assert await ended() == [names[-1]]
        await keeper.money.expire(now())
        assert await ended() == sorted(names)
        await store.commit(Unit(facts=(*bought("E"), decided("E", "E"), reserved("E", "E", expires_at=1))))

    async def after() -> None:
        async with at_work(store, gate):

            async def freed() -> bool:
                return await ended() == ["E", *sorted(names)]

            await until(freed)

    working(story)
    asyncio.run(after())


def test_a_refund_uses_up_what_was_set_aside_for_it_and_one_nobody_asked_about_is_told_of(working, store):
    async def story(keeper: Keeper) -> None:
        await store.commit(Unit(facts=(*bought("E"), *release("E", "E", refund_id="R").facts)))

        def refund(name: str, order_id: str, status: str) -> Refund:
            said = {"source": "shop", "occurred_at": now(), "known_at": now(), "amount": 1000, "currency": "EUR"}
            return Refund(id=name, refund_id="R", order_id=order_id, status=status, **said)

        await keeper.take([refund("f1", "E", "pending")])
        assert await aside(store) == ["E"]
        await keeper.take([refund("f2", "E", "settled"), refund("f3", "O1", "settled")])
        await keeper.take([refund("f4", "E", "settled")])
        assert await aside(store) == []
        found = [one.subject for _, one in await store.since(("findings",), 0) if isinstance(one, Finding)]
        assert [one.split("/")[0] for one in found] == ["O1"]

    working(story)
