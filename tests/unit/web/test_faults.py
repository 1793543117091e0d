"""What goes wrong on the way here: deliveries come twice and out of order, a sender breaks off, a claim changes meanwhile."""

import asyncio
import json
from collections import Counter
from random import Random

import pytest

from support.approvals import reviewed
from web.test_approvals import assertion, wanted
from web.test_attacks import ask, vendure

ORDERS = 4


def told(name: str, day: str) -> dict[str, dict[str, object]]:
    """What a shop tells of an order that is called off and paid back, by topic and state."""
    order = {"code": name, "id": name, "placed_at": f"{day}T08:00:00Z", "currency": "EUR", "total": 4900, "customer_id": name,
             "lines": [{"id": f"{name}-1", "quantity": 1, "amount": 4900, "sku": "kettle"}]}  # fmt: skip
    refund = {"id": name, "amount": 4900, "currency": "EUR", "request": f"{name}-R"}
    return {
        "order.placed": {"occurred_at": f"{day}T08:00:00Z", "order": order},
        "order.cancelled": {"occurred_at": f"{day}T09:00:00Z", "order_id": name},
        "refund.changed Pending": {"occurred_at": f"{day}T10:00:00Z", "order_id": name, "refund": refund | {"state": "Pending"}},
        "refund.changed Settled": {"occurred_at": f"{day}T11:00:00Z", "order_id": name, "refund": refund | {"state": "Settled"}},
    }


def deliver(gate, name: str, what: str, data: dict[str, object]) -> bool:
    """Deliver it once; whether that was a repeat."""
    body = json.dumps({"id": f"{name} {what}", "type": what.split(maxsplit=1)[0], "data": data}).encode()
    answer = gate.request("POST", "/v1/webhooks/vendure", content=body, headers=vendure(body, f"{name} {what}"))
    assert answer.status_code == 202, answer.text
    return answer.json()["replayed"]


def kept(gate, name: str) -> dict[str, list[str]]:
    """What the store holds of an order, by table, whatever the order is called."""
    tables = ("orders", "order_lines", "cancellations", "refunds")
    rows = {table: gate.do(gate.service.store.where(table, "order_id", name)) for table in tables}
    found = gate.do(gate.service.store.where("findings", "subject", f"{name}//{name}-R"))
    return {
        table: sorted(fact.id.replace(name, "O") + str(fact.occurred_at) for fact in facts) for table, facts in rows.items()
    } | {"findings": [one.detector for one in found]}


def more(name: str) -> dict[str, object]:
    """A claim for money of an order that was paid back already."""
    return {"refund_id": f"{name}-2", "order_id": name, "line_id": f"{name}-1", "amount": 100, "currency": "EUR",
            "trigger": "manual", "stated_class": "cancelled"}  # fmt: skip


@pytest.mark.parametrize("seed", range(ORDERS))
def test_deliveries_that_come_twice_and_out_of_order_are_as_if_each_had_come_once(gate, seed):
    straight, shuffled = f"W{seed}-straight", f"W{seed}-shuffled"
    for what, data in told(straight, "2026-05-01").items():
        assert not deliver(gate, straight, what, data)
    deliveries = [*told(shuffled, "2026-05-01").items()] * 3
    Random(seed).shuffle(deliveries)
    repeats = Counter(deliver(gate, shuffled, what, data) for what, data in deliveries)
    assert repeats == {False: 4, True: 8}
    assert kept(gate, shuffled) == kept(gate, straight)
    said = [ask(gate, more(name), f"{name}.0").json() for name in (straight, shuffled)]
    assert said[0]["decision"] == said[1]["decision"] == "review"  # all of it went back already
    assert [one["code"] for one in said[0]["reasons"]] == [one["code"] for one in said[1]["reasons"]]


def test_a_sender_who_breaks_off_has_said_nothing(gate, shop, claim):
    """Half a body is no body, however well it begins: nothing of it is written, and the key is free for the whole one."""
    name = shop()
    body = json.dumps(claim(name)).encode()

    async def broken(path: str, half: bytes) -> list[int]:
        parts = iter([{"type": "http.request", "body": half, "more_body": True}, {"type": "http.disconnect"}])
        statuses: list[int] = []

        async def receive() -> dict[str, object]:
            return next(parts, {"type": "http.disconnect"})

        async def send(message: dict[str, object]) -> None:
            if message["type"] == "http.response.start":
                statuses.append(int(str(message["status"])))

        said = {"idempotency-key": f"{name}.0", "authorization": f"Bearer {gate.key}", "content-length": str(len(body))}
        headers = [(key.encode(), value.encode()) for key, value in said.items()]
        scope = {"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http",
                 "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "", "headers": headers,
                 "client": ("127.0.0.1", 1), "server": ("gate", 80)}  # fmt: skip
        await asyncio.wait_for(gate.app(scope, receive, send), 30)
        return statuses

    for path in ("/v1/refund-decisions", "/v1/facts", "/v1/webhooks/vendure"):
        for cut in (0, 1, len(body) // 2, len(body)):
            assert all(status < 500 for status in gate.do(broken(path, body[:cut])))
    assert gate.do(gate.service.store.where("decisions", "order_id", name)) == []
    assert ask(gate, claim(name), f"{name}.0").json()["decision"] == "hold"
    assert len(gate.do(gate.service.store.where("decisions", "order_id", name))) == 1


def test_an_approval_is_not_good_for_another_amount_of_the_same_refund(gate, shop, claim, keys):
    """The shop asks for one amount, has it looked at, and asks for another before the second person has agreed."""
    name, decision = reviewed(gate, shop, claim, amount=100)
    asked = wanted(gate, decision).json()
    again = ask(gate, claim(name, instrument="card-2", amount=19900), f"{name}.1").json()
    done = assertion(gate, asked, keys[asked["approver"]].sign(asked["options"]))
    held = gate.do(gate.service.store.where("reservations", "order_id", name))
    assert again["decision"] == "review"
    assert [one.amount for one in held] in ([], [100])
    assert done.status_code in {200, 409}
    assert (done.status_code == 200) == bool(held)
