"""Whatever is thrown at the raw API: nothing is paid twice, nobody sets "returned", and nothing hostile is more than a problem."""

import hashlib
import hmac
import json
import time
from base64 import b64encode
from contextlib import suppress

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode

from beleg.facts.base import OwnFact
from beleg.facts.kinds import cases, operators
from beleg.facts.kinds import gate as gate_kinds
from beleg.facts.registry import fact_types
from support.shops import dock, receipt, scan
from web.conftest import SECRET

PROBLEM = "application/problem+json"


def ask(gate, body, key):
    return gate.request("POST", "/v1/refund-decisions", json=body, headers={"idempotency-key": key})


@pytest.mark.parametrize("room", [cases, gate_kinds, operators], ids=lambda room: room.__name__.rpartition(".")[2])
def test_what_only_beleg_writes_is_said_by_beleg_alone(room):
    """No API key can let somebody in, answer in the gate's place, close a case or propose weights."""
    assert all(issubclass(kind, OwnFact) for kind in fact_types().values() if kind.__module__ == room.__name__)


def test_fifty_connections_set_the_money_aside_once(gate, shop, claim):
    name = shop()
    gate.do(gate.service.keeper.take([receipt(name, f"{name}-M"), scan(f"{name}-M"), dock(f"{name}-M")]))
    calls = [
        (
            "POST",
            "/v1/refund-decisions",
            {"json": claim(name, refund_id=f"{name}-{n}"), "headers": {"idempotency-key": f"{name}-{n}"}},
        )
        for n in range(50)
    ]
    said = [answer.json()["decision"] for answer in gate.all(calls)]
    assert said.count("release") == 1
    assert set(said) == {"release", "review"}
    assert len(gate.do(gate.service.store.where("reservations", "order_id", name))) == 1


def test_returned_cannot_be_set(gate, shop, claim):
    name = shop()
    fact = {
        "fact": "status_claims",
        "id": f"{name}-x",
        "source": "shop",
        "order_id": name,
        "rma_id": f"{name}-M",
        "status": "returned",
    }
    told = gate.request("POST", "/v1/facts", json={"facts": [fact]}, headers={"idempotency-key": f"{name}-x"})
    assert told.status_code == 202
    answer = ask(gate, claim(name), f"{name}.0").json()
    assert answer["decision"] == "hold"
    assert {one["state"] for one in answer["proofs"] if one["proof"] == "item_scanned"} == {"pending"}


@pytest.mark.parametrize("table", ["decisions", "reservations", "reservation_ends", "approvals", "api_keys", "passkeys", "findings",
                                   "session_clearances", "finding_facts", "deliveries", "operator_roles"])  # fmt: skip
def test_what_is_the_gate_s_own_is_nobody_else_s_to_say(gate, table):
    said = {"facts": [{"fact": table, "id": "x", "source": "x"}]}
    assert gate.request("POST", "/v1/facts", json=said, headers={"idempotency-key": table}).status_code == 422


def test_only_a_key_that_may_attests_for_a_carrier(gate, shop):
    key = gate.request("POST", "/v1/api-keys", json={"client": "shop", "scopes": ["facts"]}).json()["key"]
    fact = {"fact": "scans", "id": "a1", "source": "c", "parcel_id": "p", "carrier": "c", "status": "delivered", "attested": True}
    headers = {"idempotency-key": "a1", "authorization": f"Bearer {key}"}
    assert gate.request("POST", "/v1/facts", json={"facts": [fact]}, headers=headers).status_code == 403


@pytest.mark.parametrize("header", ["", "Bearer", "Basic eDp5", "Bearer beleg_first_", "Bearer beleg_a_b", "Bearer beleg_'--_x",
                                    "Bearer beleg_x_y", "Bearer \u00fcber"])  # fmt: skip
def test_no_good_key_is_told_alike(gate, header):
    answer = gate.request("GET", "/v1/refund-decisions", headers={"authorization": header.encode("latin-1")})
    assert (answer.status_code, answer.headers["content-type"]) == (401, PROBLEM)
    assert answer.headers["www-authenticate"] == "Bearer"


HOSTILE = {
    "nothing": b"",
    "no_json": b"{",
    "a_list": b"[]",
    "unknown_field": b'{"refund_id":"R","order_id":"O","amount":1,"currency":"EUR","trigger":"manual","returned":true}',
    "negative": b'{"refund_id":"R","order_id":"O","amount":-1,"currency":"EUR","trigger":"manual"}',
    "fraction": b'{"refund_id":"R","order_id":"O","amount":1.5,"currency":"EUR","trigger":"manual"}',
    "enormous": b'{"refund_id":"R","order_id":"O","amount":99999999999999999999999,"currency":"EUR","trigger":"manual"}',
    "nul": b'{"refund_id":"R\\u0000","order_id":"O","amount":1,"currency":"EUR","trigger":"manual"}',
    "surrogate": b'{"refund_id":"R\\ud800","order_id":"O","amount":1,"currency":"EUR","trigger":"manual"}',
    "bytes": b'{"refund_id":"\xff"}',
    "deep": b'{"a":' * 5000 + b"1" + b"}" * 5000,
    "currency": b'{"refund_id":"R","order_id":"O","amount":1,"currency":"euro","trigger":"manual"}',
    "trigger": b'{"refund_id":"R","order_id":"O","amount":1,"currency":"EUR","trigger":"returned"}',
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_bodies_are_problems(gate, golden, name):
    answer = gate.request("POST", "/v1/refund-decisions", content=HOSTILE[name], headers={"idempotency-key": f"hostile {name}"})
    assert 400 <= answer.status_code < 500
    assert answer.headers["content-type"] == PROBLEM
    golden(f"problem_{name}", json.dumps(answer.json(), indent=2))


def test_an_oversized_body_is_not_read_to_its_end(gate):
    answer = gate.request("POST", "/v1/refund-decisions", content=b" " * (1 << 21), headers={"idempotency-key": "big"})
    assert (answer.status_code, answer.headers["content-type"]) == (413, PROBLEM)


def test_without_an_idempotency_key(gate, shop, claim, golden):
    answer = gate.request("POST", "/v1/refund-decisions", json=claim(shop()))
    golden("problem_no_idempotency_key", json.dumps(answer.json(), indent=2))


@pytest.mark.parametrize(
    "word", ["'; DROP TABLE beleg_rows.orders; --", "%s", "$1", "../../etc/passwd", "\u202e", "a" * 200, "{{7*7}}"]
)
def test_injection_is_a_name_like_any_other(gate, word, claim):
    answer = ask(
        gate, claim(word, refund_id=word, line_id=word, rma_id=word), f"inject {hashlib.sha256(word.encode()).hexdigest()}"
    )
    assert answer.status_code == 200
    assert answer.json()["decision"] in {"hold", "review"}
    assert gate.request("GET", "/v1/refund-decisions", params={"order_id": word}).status_code == 200
    assert gate.do(gate.service.store.where("orders", "order_id", "O0"))


def stripe(body: bytes, at: int | None = None, secret: str = SECRET) -> dict[str, str]:
    stamp = at or int(time.time())
    mac = hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    return {"stripe-signature": f"t={stamp},v1={mac}"}


def vendure(body: bytes, delivery: str) -> dict[str, str]:
    stamp = str(int(time.time()))
    mac = hmac.new(b"0123456789abcdef0123456789abcdef", f"{delivery}.{stamp}.".encode() + body, hashlib.sha256).digest()
    return {"webhook-id": delivery, "webhook-timestamp": stamp, "webhook-signature": "v1," + b64encode(mac).decode()}


def refunded(name: str, event: str) -> bytes:
    said = {"id": event, "type": "refund.created", "created": int(time.time()), "data": {"object": {
        "id": f"re_{name}", "amount": 20000, "currency": "eur", "status": "succeeded",
        "metadata": {"order_id": name}}}}  # fmt: skip
    return json.dumps(said).encode()


def test_forged_stale_and_replayed_webhooks(gate, shop):
    name = shop()
    body = refunded(name, f"evt_{name}")
    forged = [stripe(body, secret="another"), stripe(body + b" "), {}, stripe(body, at=int(time.time()) - 3600)]
    for headers in forged:
        assert gate.request("POST", "/v1/webhooks/stripe", content=body, headers=headers).status_code == 401
    assert gate.do(gate.service.store.where("refunds", "order_id", name)) == []
    first = gate.request("POST", "/v1/webhooks/stripe", content=body, headers=stripe(body))
    again = gate.request("POST", "/v1/webhooks/stripe", content=body, headers=stripe(body))
    assert (first.json()["replayed"], again.json()["replayed"]) == (False, True)
    assert len(gate.do(gate.service.store.where("refunds", "order_id", name))) == 1
    assert gate.request("POST", "/v1/webhooks/nobody", content=body).status_code == 404


def test_money_that_leaves_unasked_becomes_a_finding(gate, shop):
    name = shop()
    body = refunded(name, f"evt_{name}")
    gate.request("POST", "/v1/webhooks/stripe", content=body, headers=stripe(body))
    found = gate.do(gate.service.store.where("findings", "subject", f"{name}//re_{name}"))
    assert [one.detector for one in found] == ["refund_without_asking"]


def test_what_a_webhook_says_differently_under_an_id_is_set_aside_and_kept(gate, shop):
    name = shop()
    placed = {"code": name, "id": name, "placed_at": "2026-05-01T10:00:00Z", "currency": "EUR", "total": 100, "customer_id": "c",
              "lines": [{"id": f"{name}-1", "quantity": 1, "amount": 100, "sku": "kettle"}]}  # fmt: skip

    def deliver(delivery: str, order: dict[str, object]) -> dict[str, object]:
        said = {"id": delivery, "type": "order.placed", "data": {"occurred_at": "2026-05-01T10:00:00Z", "order": order}}
        body = json.dumps(said).encode()
        return gate.request("POST", "/v1/webhooks/vendure", content=body, headers=vendure(body, delivery)).json()

    assert deliver(f"{name}-a", placed) == {"facts": 2, "quarantined": 0, "replayed": False}
    assert deliver(f"{name}-b", placed) == {"facts": 2, "quarantined": 0, "replayed": False}
    assert deliver(f"{name}-c", placed | {"total": 900}) == {"facts": 1, "quarantined": 1, "replayed": False}
    (kept,) = [one for one in gate.do(gate.service.store.where("orders", "order_id", name)) if one.source != "shop"]
    assert kept.paid == 100
    (aside,) = gate.do(gate.service.store.where("deliveries", "id", f"vendure:delivery:{name}-c"))
    assert "orders.id" in aside.quarantined


def test_a_vendure_refund_that_was_asked_for_uses_up_its_money(gate, shop, claim):
    name = shop()
    gate.do(gate.service.keeper.take([receipt(name, f"{name}-M"), scan(f"{name}-M"), dock(f"{name}-M")]))
    assert ask(gate, claim(name), f"{name}.0").json()["decision"] == "release"
    said = {"id": f"vendure:{name}", "type": "refund.changed", "data": {"order_id": name, "occurred_at": "2026-05-01T10:00:00Z",
            "refund": {"id": name, "state": "Settled", "amount": 20000, "currency": "EUR", "request": f"{name}-R"}}}  # fmt: skip
    body = json.dumps(said).encode()
    assert gate.request("POST", "/v1/webhooks/vendure", content=body, headers=vendure(body, "m")).status_code == 202
    (end,) = gate.do(gate.service.store.where("reservation_ends", "order_id", name))
    assert end.outcome == "paid"
    assert gate.do(gate.service.store.where("findings", "subject", f"{name}//{name}-R")) == []


def test_no_input_is_a_fault_of_ours(gate):
    """Schemathesis over the whole document: whatever fits it, and much that does not, is never answered with a 5xx."""
    schema = schemathesis.openapi.from_dict(gate.request("GET", "/openapi.json").json())
    tried = 0
    for operation in (found.ok() for found in schema.get_all_operations()):
        tried += _tried(gate, operation)
    assert tried > 100


def _tried(gate, operation) -> int:
    count = 0
    for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):

        @given(case=operation.as_strategy(generation_mode=mode))
        @settings(max_examples=12, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        def one(case):
            nonlocal count
            count += 1
            sent = case.as_transport_kwargs(base_url="http://gate")
            headers = {
                name: value for name, value in dict(sent.get("headers") or {}).items() if value.isascii() and value.isprintable()
            }
            sent = {name: sent[name] for name in ("json", "params") if sent.get(name) is not None}
            path = case.formatted_path
            answer = gate.request(case.method, path, headers=headers | {"authorization": f"Bearer {gate.key}"}, **sent)
            assert answer.status_code < 500, answer.text

        with suppress(Unsatisfiable):
            one()
    return count


@pytest.mark.parametrize("address", ["/v1/refund-decisions?outcome=hold%00", "/v1/refund-decisions/a%00b", "/search?q=%00"])
def test_an_address_with_a_nul_is_a_clear_error(gate, address):
    told = gate.request("GET", address)
    assert (told.status_code, told.headers["content-type"]) == (400, PROBLEM)
    assert told.json()["detail"] == "leave %00 out"
