"""What new facts are about, found by whoever follows the log; and what rests on something is written only while that stands."""

import asyncio
from collections.abc import Sequence

import pytest

from beleg.facts.base import Fact
from beleg.facts.kinds.findings import Finding
from beleg.facts.kinds.money import ClaimDocument, Refund
from beleg.facts.kinds.orders import Order, PackedSerial
from beleg.facts.kinds.parcels import Parcel, Scan
from beleg.facts.kinds.returns import Receipt
from beleg.facts.kinds.staff import StaffMember
from beleg.ledger.store import changes
from beleg.ledger.store.base import About, Basis, StaleError, Unit, Written
from beleg.ledger.store.changes import Changed
from beleg.ledger.store.store import Store

WATCHED = ("claim_documents", "orders", "refunds", "parcels", "scans", "receipts", "packed_serials", "findings", "staff")
BEYOND = ("claim_documents", "orders", "refunds", "findings", "packed_serials")

BEFORE = (
    Order(id="o", source="s", order_id="O1", account_id="A1", currency="EUR", paid=1),
    Parcel(id="p", source="s", parcel_id="P1", order_id="O1", direction="return", carrier="Swift"),
    Receipt(id="r", source="s", order_id="O2", line_id="1", quantity=1, serial="S1", site="RC1", entry_mode="scan"),
    ClaimDocument(id="c", source="s", claim_id="C1", order_id="O1", kind="photo", content="c1", picture="seen"),
)
FOUND = {"source": "d", "detector": "d", "version": "1", "family": "conduct", "amount": 1}


@pytest.mark.parametrize(
    ("fact", "about"),
    [
        (Scan(id="x", source="s", parcel_id="P1", carrier="Swift", status="delivered"), {("order_id", "O1")}),
        (Scan(id="x", source="s", parcel_id="P9", carrier="Swift", status="delivered"), set()),
        (PackedSerial(id="x", source="s", order_id="O3", line_id="1", serial="S1"), {("order_id", "O3"), ("order_id", "O2")}),
        (
            Order(id="x", source="s", order_id="O9", account_id="A1", currency="EUR", paid=1),
            {("order_id", "O9"), ("account_id", "A1")},
        ),
        (
            Refund(id="x", source="s", refund_id="R", order_id="O1", amount=1, currency="EUR", status="settled"),
            {("order_id", "O1"), ("account_id", "A1")},
        ),
        (
            Finding(id="x", **FOUND, subject_kind="slice", subject="O1/1/M"),
            {("order_id", "O1"), ("subject", "O1/1/M")},
        ),
        (
            ClaimDocument(id="x", source="s", claim_id="C4", order_id="O4", kind="photo", content="c4", picture="seen"),
            {("order_id", "O4"), ("order_id", "O1")},
        ),
        (StaffMember(id="x", source="s", login="l", person="p"), {("login", "l")}),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_a_fact_is_about(store: Store, fact: Fact, about: set[About]) -> None:
    told = followed(store, fact)
    assert set(told.about) == about
    assert set(told.about.values()) <= {len(BEFORE)}, "each with the fact's place"
    assert not told.everything


def followed(store: Store, *facts: Fact) -> Changed:
    """What is told of these facts, which come behind those before."""
    told: list[Changed] = []

    async def story() -> None:
        async with store.running():
            store.changes.watch(WATCHED, BEYOND)
            await store.commit(Unit(facts=BEFORE))
            await store.follow()
            store.changes.listen(told.append)
            await store.commit(Unit(facts=facts))
            await store.follow()

    asyncio.run(story())
    return told[0]


def test_whoever_is_far_behind_takes_everything_for_changed(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "MOST", 2)
    assert followed(
        store, *(Scan(id=f"x{n}", source="s", parcel_id="P9", carrier="Swift", status="lost") for n in range(3))
    ).everything
    assert store.changes.stale(Basis(frozenset({("order_id", "O7")}), len(BEFORE)))


def test_what_was_forgotten_counts_as_changed(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "KEPT", 1)
    followed(store, *(Order(id=f"x{n}", source="s", order_id=f"X{n}", currency="EUR", paid=1) for n in range(3)))
    assert store.changes.stale(Basis(frozenset({("order_id", "O7")}), len(BEFORE)))
    assert not store.changes.stale(Basis(frozenset({("order_id", "O7")}), store.changes.size))


def test_a_unit_is_written_only_while_what_it_rests_on_stands(addresses: tuple[str, str]) -> None:
    mine, other = Store(addresses[1]), Store(addresses[1])

    def resting(name: str, order: str, size: int) -> Unit:
        fact = StaffMember(id=name, source="s", login=name, person="p")
        return Unit(facts=(fact,), rests_on=Basis(frozenset({("order_id", order)}), size))

    async def story() -> Sequence[Written | BaseException]:
        async with mine.running(), other.running():
            for store in (mine, other):
                store.changes.watch(WATCHED, BEYOND)
            await mine.commit(Unit(facts=BEFORE))
            seen = len(BEFORE)
            scanned = Scan(id="x", source="s", parcel_id="P1", carrier="Swift", status="delivered")
            await other.commit(Unit(facts=(scanned,)))
            sent = (resting("1", "O1", seen), resting("2", "O2", seen), resting("3", "O1", seen + 1))
            return await asyncio.gather(*(mine.commit(unit) for unit in sent), return_exceptions=True)

    stale, fine, anew = asyncio.run(story())
    assert isinstance(stale, StaleError)
    assert isinstance(fine, Written)
    assert isinstance(anew, Written)
