"""The console beside the gate: what the gate decided is on its pages, with the arithmetic it wrote down."""

from beleg.facts.kinds.operators import OperatorRole
from beleg.ledger.store.base import Unit
from beleg.web.console.desk import envelope
from support.consoles import cookie


def seen(gate, login, path):
    cookies, _ = cookie(gate.service.console, login)
    text = "; ".join(f"{name}={value}" for name, value in cookies.items())
    return gate.do(gate.http.get(path, headers={"cookie": text}))


def test_a_held_request_is_on_its_pages(gate, shop, claim):
    gate.do(gate.service.store.commit(Unit(facts=(OperatorRole(**envelope(), login="ivo", role="investigator", granted=True),))))
    name = shop()
    said = gate.request("POST", "/v1/refund-decisions", json=claim(name), headers={"idempotency-key": f"{name}.0"}).json()
    assert said["decision"] == "hold"
    refund = seen(gate, "ivo", f"/refund/{said['slice_id']}")
    assert refund.status_code == 200
    for words in ("What would release it", "on the dock manifest", "by law until", "standard"):
        assert words in refund.text, words
    assert said["slice_id"] in seen(gate, "ivo", "/").text
    assert "Order placed" in refund.text
    page = seen(gate, "ivo", "/policies").text
    assert "[[rules]]" in page
    assert "standard" in page
    assert "Nobody can sign in yet" in seen(gate, "nobody", "/").text


def test_what_is_none_of_the_apis_is_the_consoles(gate):
    assert gate.do(gate.http.get("/nowhere")).status_code == 404
    assert "default-src 'none'" in gate.do(gate.http.get("/")).headers["content-security-policy"]
