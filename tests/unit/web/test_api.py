"""The API: a claim is answered, answered anew, paid once; and whatever is wrong is told as a problem."""

import time

import pytest
from msgspec.structs import replace

from support.shops import dock, receipt, scan


def ask(gate, body, key="k", **headers):
    return gate.request("POST", "/v1/refund-decisions", json=body, headers={"idempotency-key": key, **headers})


def until(condition):
    for _ in range(600):
        if (found := condition()) is not None:
            return found
        time.sleep(0.1)
    raise AssertionError("it never came")


def test_held_then_released_then_paid(gate, shop, claim):
    name = shop()
    gate.do(gate.service.keeper.take([receipt(name, f"{name}-M")]))
    first = ask(gate, claim(name), f"{name}.0")
    assert first.status_code == 200
    held = first.json()
    assert held["decision"] == "hold"
    assert held["reservation"] is None
    assert held["deadline"]
    assert held["would_release"] == ["delivered at the returns site or on the dock manifest", "1 more independent source(s)"]
    assert isinstance(held["log_index"], int)
    gate.do(gate.service.keeper.take([scan(f"{name}-M"), dock(f"{name}-M")]))

    def released():
        now = gate.request("GET", f"/v1/refund-decisions/{held['decision_id']}").json()
        return now if now["decision"] == "release" else None

    answer = until(released)
    assert answer["decision_id"] == held["decision_id"]
    assert answer["reservation"]["amount"] == 20000
    path = f"/v1/reservations/{answer['reservation']['id']}/outcome"
    paid = gate.request("POST", path, json={"outcome": "paid", "refund_id": "77"}, headers={"idempotency-key": "p1"})
    assert paid.status_code == 200
    ends = gate.do(gate.service.store.where("reservation_ends", "order_id", name))
    assert [one.outcome for one in ends] == ["paid"]


def test_the_same_key_answers_alike_and_another_body_conflicts(gate, shop, claim):
    name = shop()
    first, again = ask(gate, claim(name), f"{name}.0"), ask(gate, claim(name), f"{name}.0")
    assert first.json() == again.json()
    assert again.headers["idempotency-replayed"] == "true"
    other = ask(gate, claim(name, amount=1), f"{name}.0")
    assert other.status_code == 409
    assert other.json()["type"] == "urn:beleg:problem:idempotency-conflict"


def test_pages_by_cursor(gate, shop, claim):
    names = [shop() for _ in range(3)]
    for name in names:
        ask(gate, claim(name), f"{name}.0")
    seen, cursor = [], None
    while True:
        said = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = gate.request("GET", "/v1/refund-decisions", params=said).json()
        seen += [row["answer_id"] for row in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) >= 3
    only = gate.request("GET", "/v1/refund-decisions", params={"order_id": names[0]}).json()["items"]
    assert [row["order_id"] for row in only] == [names[0]]


def test_health_and_metrics(gate):
    assert gate.request("GET", "/healthz").json()["status"] == "alive"
    assert gate.request("GET", "/readyz").json()["policy"] == "standard 4"
    assert b"beleg_request_seconds" in gate.request("GET", "/metrics").content


def test_keys_have_scopes_and_end_at_once(gate, shop, claim):
    made = gate.request("POST", "/v1/api-keys", json={"client": "reader", "scopes": ["read"]})
    key = made.json()["key"]
    mine = {"authorization": f"Bearer {key}"}
    assert gate.request("GET", "/v1/refund-decisions", headers=mine).status_code == 200
    refused = ask(gate, claim(shop()), "x", **mine)
    assert (refused.status_code, refused.headers["content-type"]) == (403, "application/problem+json")
    assert gate.request("DELETE", f"/v1/api-keys/{key.split('_')[1]}").status_code == 204
    assert gate.request("GET", "/v1/refund-decisions", headers=mine).status_code == 401


def test_facts_by_key(gate, shop):
    name = shop()
    fact = {
        "fact": "scans",
        "id": f"{name}-s1",
        "source": "carrier",
        "parcel_id": f"{name}-M-parcel",
        "carrier": "Swift",
        "status": "accepted",
    }
    told = gate.request("POST", "/v1/facts", json={"facts": [fact]}, headers={"idempotency-key": f"{name}-f"})
    assert (told.status_code, told.json()) == (202, {"facts": 1, "quarantined": 0, "replayed": False})
    (kept,) = gate.do(gate.service.store.where("scans", "id", f"{name}-s1"))
    assert (kept.source, kept.attested) == ("first/carrier", False)


def say(gate, key, *facts):
    return gate.request("POST", "/v1/facts", json={"facts": list(facts)}, headers={"idempotency-key": key})


def test_an_id_that_stands_for_something_else_is_a_conflict_and_nothing_is_written(gate, shop):
    name = shop()
    first = {"fact": "status_claims", "id": f"{name}-s", "source": "shop", "order_id": name, "status": "sent"}
    beside = first | {"id": f"{name}-t"}
    assert say(gate, f"{name}-1", first).status_code == 202
    assert say(gate, f"{name}-2", first).status_code == 202
    other = say(gate, f"{name}-3", beside, first | {"status": "lost"})
    assert (other.status_code, other.json()["type"]) == (409, "urn:beleg:problem:fact-conflict")
    assert f"status_claims '{name}-s'" in other.json()["detail"]
    twice = say(gate, f"{name}-4", beside, beside | {"status": "lost"})
    assert twice.status_code == 409
    (kept,) = gate.do(gate.service.store.where("status_claims", "order_id", name))
    assert kept.status == "sent"


@pytest.mark.parametrize(("method", "path", "allow"), [
    ("DELETE", "/v1/refund-decisions", "GET, HEAD, POST"), ("GET", "/v1/facts", "POST"), ("PUT", "/v1/webhooks/stripe", "POST"),
    ("BREW", "/v1/api-keys/x", "DELETE"), ("POST", "/healthz", "GET, HEAD"), ("POST", "/openapi.json", "GET"),
])  # fmt: skip
def test_another_method_is_told_as_a_problem(gate, method, path, allow):
    told = gate.request(method, path)
    assert (told.status_code, told.json()["type"], told.headers["allow"]) == (405, "urn:beleg:problem:method", allow)
    assert told.headers["content-type"] == "application/problem+json"


def test_an_address_that_the_api_does_not_have_is_told_as_a_problem(gate):
    told = gate.request("GET", "/v1/refunds")
    assert (told.status_code, told.json()["type"]) == (404, "urn:beleg:problem:not-found")


def test_a_refund_without_an_order_cannot_be_asked_about_and_is_found_when_it_is_paid(gate, claim):
    body = claim("x")
    del body["order_id"]
    for said in (body, body | {"order_id": None}):
        told = ask(gate, said, "no order")
        assert (told.status_code, told.json()["type"]) == (422, "urn:beleg:problem:no-order")
    refund = {"fact": "refunds", "id": "loose-1", "source": "till", "refund_id": "L1", "amount": 4200, "currency": "EUR"}
    assert say(gate, "loose", refund).status_code == 202
    (finding,) = gate.do(gate.service.store.where("finding_facts", "fact_id", "loose-1"))
    assert finding.source == "refund_without_asking"


def test_when_too_much_is_asked_at_once_whoever_comes_is_told_so(gate, shop, claim):
    name, settings = shop(), gate.service.settings
    gate.service.settings = replace(settings, at_once=0)
    try:
        told = ask(gate, claim(name), f"{name}.0")
        assert (told.status_code, told.headers["retry-after"]) == (503, "1")
        assert told.json()["type"] == "urn:beleg:problem:busy"
        assert gate.request("GET", "/healthz").status_code == 200
    finally:
        gate.service.settings = settings
    assert ask(gate, claim(name), f"{name}.0").status_code == 200
