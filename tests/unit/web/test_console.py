"""The console beside the gate: what the gate decided is on its pages, with the arithmetic it wrote down."""

import pytest

from beleg.facts.kinds.money import Refund
from beleg.facts.kinds.operators import OperatorRole
from beleg.ledger.store.base import Unit
from beleg.web.console.desk import envelope, now
from beleg.web.console.trials import newest
from support.approvals import reviewed
from support.consoles import cookie, wait
from support.shops import back, order


def until(condition):
    for _ in range(600):
        if condition() is not None:
            return
        wait(0.1)
    raise AssertionError("it never came")


def seen(gate, login, path, language="en"):
    cookies, _ = cookie(gate.service.console, login)
    text = "; ".join(f"{name}={value}" for name, value in cookies.items())
    return gate.do(gate.http.get(path, headers={"cookie": text, "accept-language": language}))


def investigator(gate, login):
    fact = OperatorRole(**envelope(), login=login, role="investigator", granted=True)
    gate.do(gate.service.store.commit(Unit(facts=(fact,))))


def test_a_held_request_is_on_its_pages(gate, shop, claim):
    investigator(gate, "ivo")
    name = shop()
    said = gate.request("POST", "/v1/refund-decisions", json=claim(name), headers={"idempotency-key": f"{name}.0"}).json()
    assert said["decision"] == "hold"
    refund = seen(gate, "ivo", f"/refund/{said['slice_id']}")
    assert refund.status_code == 200
    for words in ("What would release it", "on the dock manifest", "by law until", "standard"):
        assert words in refund.text, words
    for language, words in (("en", " or on the dock manifest: pending ("), ("de", " oder auf der Ladeliste: steht aus (")):
        assert words in seen(gate, "ivo", f"/refund/{said['slice_id']}", language).text
    assert said["slice_id"] in seen(gate, "ivo", "/").text
    assert "Order placed" in refund.text
    page = seen(gate, "ivo", "/policies").text
    assert "[[rules]]" in page
    assert "standard" in page
    assert "Nobody can sign in yet" in seen(gate, "nobody", "/").text


@pytest.mark.long
def test_a_policy_is_tried_on_what_the_store_holds(gate):
    name = "T1"
    paid = Refund(id=f"{name}-paid", source="shop", occurred_at=now(), ingested_at=now(), known_at=now(), refund_id=f"{name}-R",
                  order_id=name, line_id="1", rma_id=f"{name}-M", amount=20000, currency="EUR")  # fmt: skip
    gate.do(gate.service.keeper.take((*order(name), *back(name, f"{name}-M"), paid)))
    gate.do(gate.service.store.commit(Unit(facts=(OperatorRole(**envelope(), login="pol", role="policy_author", granted=True),))))
    assert Browser(gate, "pol").send("/policies/try", policy="standard").status_code == 303
    until(lambda: "Look again" not in Browser(gate, "pol").see("/policies") or None)
    answer, trial, _ = newest(gate.service.console.state.site.desk)
    assert answer is not None, Browser(gate, "pol").see("/policies")
    assert (trial.login, answer.asked.refunds, answer.asked.money) == ("pol", 1, {"EUR": 20000})
    assert answer.saved.refunds + answer.paid_anyway.refunds <= 1


class Browser:
    """Somebody signed in, whose browser speaks HTTP and whose passkey is in software."""

    def __init__(self, gate, login):
        self._gate, self.login = gate, login
        self._cookies, self.token = cookie(gate.service.console, login)

    def send(self, path, token=None, **fields):
        text = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        body = {"token": self.token if token is None else token} | fields
        return self._gate.do(self._gate.http.post(path, data=body, headers={"cookie": text, "origin": "http://localhost:8400"}))

    def see(self, path):
        return seen(self._gate, self.login, path).text

    def decide(self, name, key, verdict, **fields):
        asked = self.send(f"/approval/{name}/question", verdict=verdict, **fields)
        assert asked.status_code == 200, asked.text
        return self.send(f"/approval/{name}/answer", answer=key.sign(asked.json()))


def asked(gate, request):
    """The names of the questions about a request, with whom they wait for."""
    pending = gate.service.second.approvals.pending
    return {name: one.bound.approver for name, one in pending.items() if one.bound.request_id == request}


@pytest.fixture
def waiting(gate, shop, claim, keys):
    """A request that waits, and the one who was chosen when login-1's colleague asked on its page."""
    name, request = reviewed(gate, shop, claim)
    slice_ = gate.request("GET", f"/v1/refund-decisions/{request}").json()["slice_id"]
    said = Browser(gate, "login-1").send(f"/request/{request}/second", verdict="release", reason="the dock has it on film")
    assert said.status_code == 303, said.text
    ((question, login),) = asked(gate, request).items()
    return name, request, slice_, question, Browser(gate, login)


def test_the_chosen_one_releases_with_a_touch(gate, keys, waiting):
    name, request, slice_, question, chosen = waiting
    assert chosen.login in {"login-2", "login-3"}
    for page in (chosen.see("/"), chosen.see(f"/refund/{slice_}")):
        assert f'data-approve="{question}"' in page
        assert "the dock has it on film" in page
    other = Browser(gate, "login-1b")
    assert question not in other.see("/") + other.see(f"/refund/{slice_}")
    assert chosen.login in other.see(f"/refund/{slice_}")
    assert other.send(f"/approval/{question}/question", verdict="release").status_code == 404
    assert other.send(f"/approval/{question}/answer", answer="{}").status_code == 404
    assert chosen.send(f"/approval/{question}/question", token="forged", verdict="release").status_code == 403
    done = chosen.decide(question, keys[chosen.login], "release")
    assert done.json() == {"goal": f"/refund/{slice_}"}, done.text
    assert gate.request("GET", f"/v1/refund-decisions/{request}").json()["decision"] == "release"
    (approval,) = gate.do(gate.service.store.where("approvals", "order_id", name))
    assert (approval.approver, bool(approval.session)) == (chosen.login, True)
    assert question not in chosen.see("/")


def test_the_chosen_one_may_decide_otherwise_and_says_why(gate, keys, waiting):
    _, request, slice_, question, chosen = waiting
    assert chosen.send(f"/approval/{question}/question", verdict="refuse").status_code == 422
    done = chosen.decide(question, keys[chosen.login], "refuse", reason="the film shows another parcel")
    assert done.status_code == 200, done.text
    assert gate.request("GET", f"/v1/refund-decisions/{request}").json()["decision"] == "refuse"
    assert "the film shows another parcel" in chosen.see(f"/refund/{slice_}")


def test_a_passkey_over_the_other_verdict_is_worth_nothing(gate, keys, waiting):
    name, _, _, question, chosen = waiting
    first = chosen.send(f"/approval/{question}/question", verdict="refuse", reason="no film at all").json()
    chosen.send(f"/approval/{question}/question", verdict="release")
    assert chosen.send(f"/approval/{question}/answer", answer=keys[chosen.login].sign(first)).status_code == 403
    assert gate.do(gate.service.store.where("approvals", "order_id", name)) == []


def test_of_two_who_were_asked_the_slower_one_is_told(gate, keys, waiting):
    _, request, slice_, question, chosen = waiting
    gate.request("POST", f"/v1/refund-decisions/{request}/approval-requests", json={"verdict": "refuse", "reason": "as well"})
    (second,) = (name for name in asked(gate, request) if name != question)
    late = Browser(gate, asked(gate, request)[second])
    assert late.send(f"/approval/{second}/question", verdict="refuse").status_code == 200
    assert chosen.decide(question, keys[chosen.login], "release").status_code == 200
    told = late.send(f"/approval/{second}/answer", answer="{}")
    assert (told.status_code, told.json()["error"]) == (409, "Somebody was quicker: this is decided already.")
    assert question not in late.see(f"/refund/{slice_}")


def test_who_asks_is_not_who_agrees(gate, shop, claim, keys):
    _, request = reviewed(gate, shop, claim, requester=None)
    for _ in range(6):
        assert Browser(gate, "login-2").send(f"/request/{request}/second", verdict="release", reason="mine").status_code == 303
    assert "login-2" not in asked(gate, request).values()
    investigator(gate, "zoe")
    stranger = Browser(gate, "zoe").send(f"/request/{request}/second", verdict="release", reason="on no roster")
    assert stranger.status_code == 409
    assert "Nobody of another team" in stranger.text


def test_what_is_none_of_the_apis_is_the_consoles(gate):
    assert gate.do(gate.http.get("/nowhere")).status_code == 404
    assert "default-src 'none'" in gate.do(gate.http.get("/")).headers["content-security-policy"]
