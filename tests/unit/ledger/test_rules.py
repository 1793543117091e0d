"""The rules hold against raw SQL as the service's role: append-only, two persons, no more than was paid, no hold without an end."""

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from psycopg import RawCursor

from beleg.facts.base import Fact
from beleg.facts.kinds.accounts import Identifier
from beleg.facts.kinds.gate import Approval, ReservationEnd
from beleg.facts.kinds.money import Dispute, Refund, Replacement
from beleg.facts.kinds.staff import StaffMember
from beleg.ledger.store.base import RefusedError, Unit, Written
from beleg.ledger.store.batch import Batch, Ready, rows_of
from beleg.ledger.store.sequencer import refused
from beleg.ledger.store.store import Store
from support.stores import bought, decided, release, reserved

Write = Callable[..., str]


def put(address: str, *facts: Fact) -> str:
    """Write facts by raw SQL as the service's role; returns the rule that forbade it, empty if none did."""
    with psycopg.connect(address, cursor_factory=RawCursor) as connection:
        return put_over(connection, *facts)


def put_over(connection: psycopg.Connection, *facts: Fact) -> str:
    batch = Batch([Ready(Unit(facts=facts), rows_of(facts))])
    try:
        batch.answered([connection.execute(text.encode(), values).fetchall() for text, values in batch.questions()])
        statement = batch.writing()
        assert statement
        batch.landed(connection.execute(statement[0].encode(), statement[1]).fetchall())
        connection.commit()
    except psycopg.DatabaseError as broken:
        connection.rollback()
        return refused(broken).rule
    return ""


@pytest.fixture
def write(addresses: tuple[str, str]) -> Write:
    return lambda *facts: put(addresses[1], *facts)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE beleg_rows.orders SET paid = 1",
        "DELETE FROM beleg_rows.orders",
        "TRUNCATE beleg_rows.orders",
        "UPDATE beleg_log.entries SET leaf = leaf",
        "DELETE FROM beleg_log.entries",
        "UPDATE beleg_log.head SET size = 0",
        "DELETE FROM beleg_log.checkpoints",
        "UPDATE beleg_log.keys SET answer = ''",
        "UPDATE beleg_log.outbox SET body = ''",
        "DELETE FROM beleg_log.outbox",
        "DROP TABLE beleg_rows.orders",
        "ALTER TABLE beleg_rows.orders DISABLE TRIGGER ALL",
        "CREATE OR REPLACE FUNCTION beleg_log.take_head() RETURNS bigint LANGUAGE sql AS 'SELECT 0::bigint'",
        "SET ROLE beleg_owner",
        "SET session_replication_role = replica",
        "CREATE TABLE beleg_rows.mine (id text)",
    ],
)
def test_the_service_can_change_nothing(addresses: tuple[str, str], write: Write, statement: str) -> None:
    assert write(*bought("O1")) == ""
    with psycopg.connect(addresses[1]) as connection:
        connection.execute("SET beleg.erasing = 'on'")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(statement)


def test_the_owner_is_held_back_from_mistakes(addresses: tuple[str, str], write: Write) -> None:
    assert write(*bought("O1")) == ""
    for statement in ("UPDATE beleg_rows.orders SET paid = 1", "DELETE FROM beleg_log.entries", "TRUNCATE beleg_rows.orders"):
        with psycopg.connect(addresses[0]) as connection, pytest.raises(psycopg.DatabaseError, match="never changed"):
            connection.execute(statement)


def test_a_fact_needs_its_entry_and_entries_their_order(addresses: tuple[str, str]) -> None:
    entry = "INSERT INTO beleg_log.entries VALUES (%s, sha256('x'), 'orders', 'o')"
    fact = "INSERT INTO beleg_rows.orders (id, source, order_id, currency, place, salt) VALUES ('o', 's', 'o', 'EUR', 0, 'x')"
    with psycopg.connect(addresses[1], autocommit=True) as connection:
        with pytest.raises(psycopg.DatabaseError, match="without its own entry"):
            connection.execute(fact)
        with pytest.raises(psycopg.DatabaseError, match="the log has 0 entries"):
            connection.execute(entry, (1,))
        connection.execute(entry, (0,))
        with pytest.raises(psycopg.DatabaseError, match="without its own entry"):
            connection.execute(fact.replace("'o', 's'", "'p', 's'"))
        connection.execute(fact)


# What one order of 1000 allows: what has left already, then what is asked for; and whether it goes through.
def _refund(amount: int, **cells: Any) -> Refund:
    usual = {"id": f"refund {cells.get('refund_id', 'F')} {cells.get('status', '')}", "source": "payments", "refund_id": "F"}
    return Refund(**usual | {"order_id": "O1", "line_id": "1", "amount": amount, "currency": "EUR"} | cells)


def _dispute(status: str, at: int) -> Dispute:
    named = {"id": f"dispute {at}", "source": "bank", "dispute_id": "D", "order_id": "O1", "reason": "fraud", "occurred_at": at}
    return Dispute(**named, amount=600, currency="EUR", status=status)


def _again(value: int | None = None) -> Replacement:
    return Replacement(id="again", source="shop", replacement_id="again", order_id="O1", line_id="1", quantity=1, value=value)


LEFT: dict[str, tuple[tuple[Fact, ...], int, bool]] = {
    "all of it": ((), 1000, True),
    "a cent too much": ((), 1001, False),
    "what a refund left over": ((_refund(400),), 600, True),
    "more than a refund left over": ((_refund(400),), 601, False),
    "after a refund that failed": ((_refund(400, status="pending"), _refund(400, status="failed")), 1000, True),
    "beside a refund that is under way": ((_refund(400, status="pending"),), 601, False),
    "after a replacement": ((_again(),), 1, False),
    "after a cheap replacement": ((_again(300),), 700, True),
    "after a lost dispute": ((_dispute("open", 1), _dispute("lost", 2)), 401, False),
    "after a dispute that was won": ((_dispute("lost", 1), _dispute("won", 2)), 1000, True),
    "with a refund in other money": ((_refund(1, currency="USD"),), 1, False),
    "a refund that is paid already": ((_refund(1, refund_id="R"),), 1, False),
}


@pytest.mark.parametrize("case", LEFT)
def test_never_more_than_was_paid(write: Write, case: str) -> None:
    before, amount, through = LEFT[case]
    assert write(*bought("O1"), *before) == ""
    assert write(*release("A", "O1", amount=amount, refund_id="R").facts) == ("" if through else "never_more_than_paid")


def test_each_line_and_slice_has_its_own_measure(write: Write) -> None:
    assert write(*bought("O1", paid=900, lines=3, quantity=3, beside=100)) == ""
    assert write(*release("one unit", "O1", amount=401, quantity=1).facts) == "never_more_than_paid"
    assert write(*release("one unit and postage", "O1", amount=400, quantity=1).facts) == ""
    assert write(*release("all units", "O1", amount=601, quantity=3).facts) == "never_more_than_paid"
    assert write(*release("the rest of the line", "O1", amount=600, quantity=2).facts) == ""
    assert write(*release("another line", "O1", amount=1000, line_id="2").facts) == ""
    assert write(*release("beyond the order", "O1", amount=801, line_id="3").facts) == "never_more_than_paid"
    assert write(*release("nothing known", "O2").facts) == "never_more_than_paid"


def test_a_reservation_ends_once_and_by_what_is_on_record(write: Write) -> None:
    def ends(name: str, outcome: Any, fact: str | None = None) -> ReservationEnd:
        return ReservationEnd(
            id=f"{name} {outcome}",
            source="gate",
            reservation_id=f"{name} reservation",
            order_id="O1",
            outcome=outcome,
            refund_fact=fact,
        )

    past = int(time.time() * 1e6) - 1
    assert write(*bought("O1"), *release("A", "O1", amount=600, refund_id="F").facts) == ""
    assert write(ends("A", "expired")) == "ended"
    assert write(ends("A", "paid")) == "ended"
    assert write(ends("A", "paid", "refund F ")) == "ended"
    assert write(_refund(600), ends("A", "paid", "refund F ")) == ""
    assert write(ends("A", "expired")) in {"ended", "reservation_ends_once"}
    assert write(*release("B", "O1", amount=401).facts) == "never_more_than_paid"
    assert write(decided("C", "O1", amount=400), reserved("C", "O1", amount=400, expires_at=past)) == ""
    assert write(*release("D", "O1", amount=1).facts) == "never_more_than_paid"
    assert write(ends("C", "expired")) == ""
    assert write(*release("D", "O1", amount=400).facts) == ""


def test_a_release_and_its_reservation_are_of_the_same_money(write: Write) -> None:
    assert write(*bought("O1")) == ""
    assert write(decided("A", "O1")) == "reserved"
    assert write(reserved("A", "O1")) == "released"
    for other in ({"amount": 999}, {"currency": "USD"}, {"slice_id": "x"}, {"instrument": "card"}, {"refund_id": "R"}):
        assert write(decided("A", "O1"), reserved("A", "O1", **other)) in {"released", "never_more_than_paid"}
    assert write(decided("A", "O1", outcome="hold", reason="why", deadline=1), reserved("A", "O1")) == "released"


@pytest.mark.parametrize("missing", [{"reason": None}, {"reason": "  "}, {"deadline": None}])
def test_no_hold_without_reason_and_end(write: Write, missing: dict[str, Any]) -> None:
    held = {"outcome": "hold", "reason": "no scan", "deadline": 1} | missing
    assert write(decided("A", "O1", **held)) == "hold_says_why_and_until"


def staff(login: str, person: str, team: str | None, **cells: Any) -> StaffMember:
    return StaffMember(id=f"{login} {person}", source="roster", login=login, person=person, team=team, **cells)


ROSTER = (
    staff("asks", "Ann", "desk", contact="ann's phone"),
    staff("asks2", "Ann", "returns"),
    staff("sits beside", "Bob", "desk"),
    staff("agrees", "Cid", "returns"),
    staff("no team", "Dot", None),
    staff("left", "Eve", "returns", valid_to=1),
    staff("shared", "Fay", "returns"),
    staff("shared", "Gil", "returns"),
    staff("same phone", "Ned", "returns", contact="ann's phone"),
    staff("customer", "Ivy", "returns", contact="ivy's phone"),
    Identifier(id="i", source="shop", account_id="A1", kind="phone", value="ivy's phone"),
)


def approval(approver: str, **cells: Any) -> Approval:
    usual: dict[str, Any] = {
        "id": f"by {approver}", "source": "gate", "decision_id": "A decision", "order_id": "O1", "amount": 1000, "currency": "EUR",
        "verdict": "release", "approver": approver, "nonce": f"nonce {approver}",
    }  # fmt: skip
    return Approval(**usual | cells)


REVIEW = {"outcome": "review", "needs_approval": True, "requester": "asks", "account_id": "A1"}


@pytest.mark.parametrize(
    "approver", ["asks", "asks2", "sits beside", "no team", "left", "shared", "same phone", "customer", "nobody", ""]
)
def test_the_second_person_is_another_one(write: Write, approver: str) -> None:
    assert write(*bought("O1"), *ROSTER, decided("A", "O1", **REVIEW)) == ""
    assert write(approval(approver)) == "two_persons"


@pytest.mark.parametrize(
    "other", [{"amount": 999}, {"currency": "USD"}, {"order_id": "O2"}, {"instrument": "x"}, {"decision_id": "y"}]
)
def test_an_approval_is_for_this_money_only(write: Write, other: dict[str, Any]) -> None:
    assert write(*bought("O1"), *ROSTER, decided("A", "O1", **REVIEW)) == ""
    assert write(approval("agrees", **other)) == "two_persons"


def test_what_needs_a_second_person_waits_for_one(write: Write) -> None:
    assert write(*bought("O1"), *ROSTER, decided("A", "O1", **REVIEW)) == ""
    now = {"request_id": "A request", "requester": "asks"}
    again = (decided("B", "O1", **now), reserved("B", "O1"))
    assert write(*again) == "two_persons"
    assert write(approval("agrees", verdict="refuse")) == ""
    assert write(*again) == "two_persons"
    assert write(approval("agrees", id="again", nonce="nonce agrees")) == "nonce_once"
    assert write(approval("agrees", id="again", nonce="new")) == ""
    assert write(*again) == ""


def test_at_the_deadline_the_stated_default_applies(write: Write) -> None:
    later, past = int(time.time() * 1e6) + 10**12, int(time.time() * 1e6) - 1
    held = {"outcome": "hold", "reason": "no scan", "needs_approval": True, "default": "release"}
    for name, deadline, rule in (("A", later, "two_persons"), ("B", past, "")):
        assert write(*bought(name), decided(f"{name}1", name, request_id=name, deadline=deadline, **held)) == ""
        assert write(decided(f"{name}2", name, request_id=name), reserved(f"{name}2", name)) == rule


def test_fifty_connections_race_for_one_slice_and_one_wins(addresses: tuple[str, str], write: Write) -> None:
    """Each by raw SQL, with the rows made beforehand and an isolation that would not see the others."""
    assert write(*bought("O1")) == ""
    barrier, rules = threading.Barrier(50), []

    def race(number: int) -> None:
        barrier.wait()
        rules.append(put(addresses[1], *release(f"A{number}", "O1").facts))

    threads = [threading.Thread(target=race, args=(number,)) for number in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(rules) == ["", *["never_more_than_paid"] * 49]


@pytest.mark.parametrize("isolation", ["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"])
def test_a_stale_snapshot_does_not_help(addresses: tuple[str, str], write: Write, isolation: str) -> None:
    assert write(*bought("O1")) == ""
    with psycopg.connect(addresses[1], cursor_factory=RawCursor) as connection:
        connection.execute(f"SET TRANSACTION ISOLATION LEVEL {isolation}".encode())
        connection.execute(b"SELECT count(*) FROM beleg_rows.reservations")
        assert write(*release("early", "O1").facts) == ""
        assert put_over(connection, *release("late", "O1").facts) in {"never_more_than_paid", "SerializationFailure"}


def test_several_processes_share_one_log(addresses: tuple[str, str], write: Write) -> None:
    """Four sequencers, as four workers have them, race for twenty orders; each order is released once, and the log has no gap."""
    assert write(*(fact for number in range(20) for fact in bought(f"O{number}"))) == ""

    async def race() -> list[Written | BaseException]:
        stores = [Store(addresses[1]) for _ in range(4)]
        running = [store.running() for store in stores]
        for one in running:
            await one.__aenter__()
        units = [(store, release(f"{who}/{number}", f"O{number}")) for who, store in enumerate(stores) for number in range(20)]
        outcomes = await asyncio.gather(*(store.commit(unit) for store, unit in units), return_exceptions=True)
        for one in running:
            await one.__aexit__(None, None, None)
        return outcomes

    outcomes = asyncio.run(race())
    won = [outcome for outcome in outcomes if isinstance(outcome, Written)]
    assert len(won) == 20
    assert sorted(place for outcome in won for place in outcome.places) == list(range(40, 80))
    assert {outcome.rule for outcome in outcomes if isinstance(outcome, RefusedError)} == {"never_more_than_paid"}
