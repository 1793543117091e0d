"""Real shops with Beleg's plug-ins against a gate that answers as the test wants: what is held stays, what is released goes."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from shops.install import missing
from shops.medusa_shop import MedusaShop
from shops.running import Purse, free_port, medusa, vendure
from shops.stand_in_gate import SECRET, StandInGate, release
from shops.vendure_shop import VendureShop

pytestmark = pytest.mark.skipif(missing() is not None, reason=str(missing()))

FORGED = "whsec_" + "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWY="


@pytest.fixture(scope="module")
def port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def settings(port: int) -> dict[str, str]:
    url = f"http://127.0.0.1:{port}"
    return {"BELEG_URL": url, "BELEG_KEY": "k", "BELEG_WEBHOOK_SECRET": SECRET, "BELEG_EVENT_SECRET": SECRET}


@pytest.fixture
def gate(port: int) -> Iterator[StandInGate]:
    one = StandInGate(port)
    yield one
    one.stop()


@pytest.fixture(scope="module")
def medusa_shop(folder: Path, database: Callable[[str], str], purse: Purse, settings: dict[str, str]) -> Iterator[MedusaShop]:
    with medusa(folder, database("medusa"), purse, settings, free_port()) as shop:
        yield shop


@pytest.fixture(scope="module")
def vendure_shop(folder: Path, database: Callable[[str], str], purse: Purse, settings: dict[str, str]) -> Iterator[VendureShop]:
    with vendure(folder, database("vendure"), purse, settings, free_port()) as shop:
        yield shop


def becomes(what: Callable[[], bool], within: int = 150) -> bool:
    until = time.monotonic() + within
    while time.monotonic() < until:
        if what():
            return True
        time.sleep(0.5)
    return False


def test_medusa_one_login_alone_is_held_and_goes_through_on_the_gates_word(medusa_shop, gate, purse):
    shop, before = medusa_shop, purse.lines()
    order = shop.order()
    number = shop.announce(order, 1, staff=shop.owner)
    shop.receive(number, order, 1, staff=shop.owner)
    answer = shop.refund(order, 95, staff=shop.owner)
    assert answer.status_code == 400
    assert "is held: no scan by a carrier. It goes through by itself with: delivered_at_site" in answer.json()["message"]
    claim = gate.asked[-1]
    assert claim.items() >= {
        "order_id": order.id, "rma_id": number, "line_id": order.line, "quantity": 1, "amount": 9500, "currency": "EUR",
        "requester": shop.owner, "trigger": "on_receipt", "stated_class": "return",
    }.items()  # fmt: skip
    assert shop.refund(order, 95, staff=shop.owner).status_code == 400
    assert len(gate.asked) == 1
    assert [one["id"] for one in shop.pending()] == [claim["refund_id"]]

    hook = f"{shop.url}/hooks/beleg"
    assert gate.tell(hook, claim["refund_id"]) == 204
    gate.answer = release
    assert gate.tell(hook, claim["refund_id"], FORGED) == 401
    assert (shop.refunds(order), purse.lines()) == ([], before)
    assert gate.tell(hook, claim["refund_id"]) == 204
    assert (shop.refunds(order), purse.lines()) == ([95.0], before + 1)
    assert gate.tell(hook, claim["refund_id"]) == 204
    assert purse.lines() == before + 1
    assert [body["outcome"] for _, body in gate.outcomes] == ["paid"]
    assert shop.read(order.id)["payment_status"] == "partially_refunded"
    assert shop.pending() == []


def test_medusa_a_return_of_nothing_is_asked_about_like_any_other(medusa_shop, gate, purse):
    shop, before = medusa_shop, purse.lines()
    order = shop.order()
    number = shop.announce(order, 0, staff=shop.owner)
    shop.receive(number, order, 0, staff=shop.owner)
    assert shop.refund(order, 195, staff=shop.owner).status_code == 400
    assert (gate.asked[-1]["rma_id"], gate.asked[-1]["amount"], purse.lines()) == (number, 19500, before)


def test_medusa_without_a_gate_the_refund_waits_and_is_paid_later_by_itself(medusa_shop, gate, purse):
    shop, before = medusa_shop, purse.lines()
    order = shop.order()
    gate.answer = None
    answer = shop.refund(order, 20, staff=shop.owner)
    assert (answer.status_code, "pending" in answer.json()["message"]) == (400, True)
    assert (purse.lines(), shop.refunds(order)) == (before, [])
    gate.answer = release
    assert becomes(lambda: shop.refunds(order) == [20.0])
    assert purse.lines() == before + 1
    assert len({one["key"] for one in gate.asked}) == 1


def test_medusa_of_twenty_at_once_one_is_paid(medusa_shop, gate, purse):
    shop, before = medusa_shop, purse.lines()
    gate.answer = release
    order = shop.order()
    with ThreadPoolExecutor(20) as pool:
        codes = list(pool.map(lambda _: shop.refund(order, 195, staff=shop.owner).status_code, range(20)))
    assert (codes.count(200), shop.refunds(order), purse.lines()) == (1, [195.0], before + 1)


def test_medusa_a_cancelled_order_is_paid_back_only_when_released(medusa_shop, gate, purse):
    shop, before = medusa_shop, purse.lines()
    order = shop.order(ship=False)
    shop.call("POST", f"/admin/orders/{order.id}/cancel", {})
    assert (gate.asked[-1]["amount"], purse.lines()) == (19500, before)
    gate.answer = release
    assert gate.tell(f"{shop.url}/hooks/beleg", gate.asked[-1]["refund_id"]) == 204
    assert (shop.refunds(order), purse.lines()) == ([195.0], before + 1)


def test_medusa_tells_the_gate_what_happened(medusa_shop, gate):
    shop = medusa_shop
    gate.answer = release
    order = shop.order()
    number = shop.announce(order, 1, staff=shop.owner)
    shop.receive(number, order, 1, staff=shop.owner)
    assert shop.refund(order, 95, staff=shop.owner).status_code == 200
    wanted = {
        "order.placed",
        "shipment.created",
        "delivery.created",
        "order.return_requested",
        "order.return_received",
        "payment.refunded",
    }

    def told() -> dict[str, dict[str, Any]]:
        return {one["type"]: one["data"] for one in gate.events if one["data"]["order_id"] == order.id}

    assert becomes(lambda: wanted <= told().keys())
    placed = told()["order.placed"]["order"]
    assert (placed["total"], placed["currency"], placed["postcode"]) == (19500, "EUR", "10115")
    assert [(one["id"], one["sku"], one["quantity"], one["amount"]) for one in placed["lines"]] == [
        (order.line, "KETTLE-1", 2, 19000)
    ]
    assert told()["shipment.created"]["fulfillment"]["tracking_code"] == f"OUT-{order.id[-6:]}"
    received = told()["order.return_received"]
    assert (received["actor"], received["return"]["id"]) == (shop.owner, number)
    assert received["return"]["lines"] == [{"line_id": order.line, "quantity": 1, "received": 1}]
    refund = told()["payment.refunded"]
    assert (refund["refund"]["amount"], refund["refund"]["request"], refund["actor"]) == (
        9500,
        gate.asked[-1]["refund_id"],
        shop.owner,
    )


def test_vendure_one_login_alone_is_held_and_goes_through_on_the_gates_word(vendure_shop, gate, purse):
    shop, before = vendure_shop, purse.lines()
    order = shop.order()
    made = shop.refund(order, 9500, "RMA-1", staff=shop.owner)
    assert (made["state"], made["metadata"]["beleg"]["reasons"]) == ("Pending", ["no scan by a carrier"])
    claim = gate.asked[-1]
    assert claim.items() >= {
        "order_id": order.code, "rma_id": "RMA-1", "line_id": order.line, "quantity": 1, "amount": 9500, "requester": shop.owner,
    }.items()  # fmt: skip
    assert "held: no scan by a carrier" in shop.settle(made["id"], staff=shop.owner)
    hook = f"{shop.url}/beleg/webhook"
    gate.answer = release
    assert gate.tell(hook, claim["refund_id"], FORGED) == 401
    assert purse.lines() == before
    assert gate.tell(hook, claim["refund_id"]) == 204
    assert ([one["state"] for one in shop.refunds(order)], purse.lines()) == (["Settled"], before + 1)
    assert becomes(lambda: [body["outcome"] for _, body in gate.outcomes] == ["paid"])


def test_vendure_a_refund_of_no_items_is_asked_about_like_any_other(vendure_shop, gate, purse):
    before = purse.lines()
    order = vendure_shop.order()
    made = vendure_shop.refund(order, order.total, "RMA-2", staff=vendure_shop.owner, quantity=0)
    assert (made["state"], gate.asked[-1]["amount"], purse.lines()) == ("Pending", order.total, before)


def test_vendure_without_a_gate_the_refund_waits_and_is_paid_later_by_itself(vendure_shop, gate, purse):
    before = purse.lines()
    order = vendure_shop.order()
    gate.answer = None
    assert vendure_shop.refund(order, 2000, "RMA-3", staff=vendure_shop.owner)["state"] == "Pending"
    assert purse.lines() == before
    gate.answer = release
    assert becomes(lambda: [one["state"] for one in vendure_shop.refunds(order)] == ["Settled"])
    assert (purse.lines(), len({one["key"] for one in gate.asked})) == (before + 1, 1)


def test_vendure_of_twenty_at_once_no_more_is_paid_than_the_order_was_worth(vendure_shop, gate, purse):
    before = purse.lines()
    gate.answer = release
    order = vendure_shop.order()
    with ThreadPoolExecutor(20) as pool:
        list(pool.map(lambda _: vendure_shop.ask_refund(order, order.total, "RMA-4"), range(20)))
    paid = [one for one in vendure_shop.refunds(order) if one["state"] == "Settled"]
    assert purse.lines() - before == len(paid)
    assert len(gate.asked) >= len(paid)
