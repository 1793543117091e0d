"""One login, no goods: in a real Medusa and a real Vendure the real gate holds the money, and pays once the goods are back."""

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from shops.install import missing
from shops.medusa_shop import MedusaShop
from shops.real_gate import Beleg, beleg
from shops.running import OWNER, free_port, medusa, vendure
from shops.stand_in_gate import SECRET
from shops.vendure_shop import VendureShop

# A hold, its legal deadline, and why.
HELD = re.compile(
    r"hold by \d{4}-\d\d-\d\dT.*: .*inspected by another person: pending.*independent sources that must still speak for it"
)
SITE = "RC1"  # where Vendure's returns go: Vendure itself knows of none

pytestmark = pytest.mark.skipif(missing() is not None, reason=str(missing()))


@pytest.fixture(scope="module")
def ports() -> dict[str, int]:
    return {name: free_port() for name in ("gate", "medusa", "vendure")}


@pytest.fixture(scope="module")
def gate(folder: Path, ports: dict[str, int]) -> Iterator[Beleg]:
    hooks = [f"http://127.0.0.1:{ports['medusa']}/hooks/beleg", f"http://127.0.0.1:{ports['vendure']}/beleg/webhook"]
    with beleg(folder, ports["gate"], hooks) as running:
        running.hire(owner="returns", receiver="stock", dock="yard")
        yield running


def settings(gate: Beleg) -> dict[str, str]:
    return {"BELEG_URL": gate.url, "BELEG_KEY": gate.key, "BELEG_WEBHOOK_SECRET": SECRET, "BELEG_EVENT_SECRET": SECRET}


@pytest.fixture(scope="module")
def medusa_shop(folder, database, purse, ports, gate) -> Iterator[MedusaShop]:
    with medusa(folder, database("medusa"), purse, settings(gate), ports["medusa"]) as shop:
        gate.history(shop.names["location"])
        yield shop


@pytest.fixture(scope="module")
def vendure_shop(folder, database, purse, ports, gate) -> Iterator[VendureShop]:
    with vendure(folder, database("vendure"), purse, settings(gate), ports["vendure"]) as shop:
        gate.history(SITE)
        yield shop


def becomes(what: Callable[[], bool], within: int = 150) -> bool:
    until = time.monotonic() + within
    while time.monotonic() < until:
        if what():
            return True
        time.sleep(0.5)
    return False


def said(gate: Beleg, order: str) -> str:
    """What the gate says about an order now, in words."""
    answer = gate.decision(order)
    proofs = ", ".join(f"{proof['proof']} {proof['state']}" for proof in answer["proofs"])
    return f"{answer['decision']} by {answer['deadline']}: {'; '.join(one['text'] for one in answer['reasons'])} ({proofs})"


def test_medusa_one_login_requests_receives_and_refunds_and_gets_no_money_out(medusa_shop, gate, purse):
    shop, before = medusa_shop, purse.lines()
    order = shop.order()
    number = shop.announce(order, 1, staff=OWNER)
    shop.receive(number, order, 1, staff=OWNER)
    answer = shop.refund(order, 95, staff=OWNER)
    assert answer.status_code == 400
    assert "is held" in answer.json()["message"]
    assert HELD.match(said(gate, order.id)), said(gate, order.id)
    assert (shop.refunds(order), purse.lines()) == ([], before)

    gate.comes_back(order.id, number, shop.names["location"], "receiver")
    assert becomes(lambda: shop.refunds(order) == [95.0]), said(gate, order.id)
    assert purse.lines() == before + 1
    assert gate.decision(order.id)["decision"] == "release"


def test_medusa_a_return_of_nothing_is_held(medusa_shop, gate, purse):
    before = purse.lines()
    order = medusa_shop.order()
    number = medusa_shop.announce(order, 0, staff=OWNER)
    medusa_shop.receive(number, order, 0, staff=OWNER)
    assert medusa_shop.refund(order, 190, staff=OWNER).status_code == 400
    assert HELD.match(said(gate, order.id)), said(gate, order.id)
    assert (medusa_shop.refunds(order), purse.lines()) == ([], before)


def test_vendure_one_login_refunds_and_gets_no_money_out(vendure_shop, gate, purse):
    shop, before = vendure_shop, purse.lines()
    order = shop.order()
    made = shop.refund(order, 9500, "RMA-7", staff=OWNER)
    assert made["state"] == "Pending"
    assert HELD.match(said(gate, order.code)), said(gate, order.code)
    assert "held" in shop.settle(made["id"], staff=OWNER)
    assert purse.lines() == before

    line = {
        "fact": "return_authorisations",
        "order_id": order.code,
        "line_id": order.line,
        "rma_id": "RMA-7",
        "quantity": 1,
        "site": "RC1",
    }
    gate.tell(line)
    gate.comes_back(order.code, "RMA-7", SITE, "receiver")
    assert becomes(lambda: [one["state"] for one in shop.refunds(order)] == ["Settled"]), said(gate, order.code)
    assert purse.lines() == before + 1


def test_vendure_a_refund_of_no_items_is_held(vendure_shop, gate, purse):
    before = purse.lines()
    order = vendure_shop.order()
    assert vendure_shop.refund(order, 19000, "RMA-8", staff=OWNER, quantity=0)["state"] == "Pending"
    assert HELD.match(said(gate, order.code)), said(gate, order.code)
    assert purse.lines() == before
