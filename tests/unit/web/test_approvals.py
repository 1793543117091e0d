"""Two persons: the system chooses the second one, a passkey over exactly this refund approves it, and nothing else does."""

import pytest

from beleg.facts.kinds.operators import OperatorRole
from beleg.ledger.store.base import Unit
from beleg.web.console.desk import envelope
from beleg.web.pending import Approvals
from beleg.web.problems import ProblemError
from beleg.web.second import SecondPerson
from support.approvals import reviewed
from support.authenticators import Authenticator


def wanted(gate, decision, **said):
    body = {"verdict": "release", "reason": "looked at the card statement"} | said
    return gate.request("POST", f"/v1/refund-decisions/{decision}/approval-requests", json=body)


def assertion(gate, asked, answer):
    return gate.request("POST", f"/v1/approval-requests/{asked['approval_id']}/assertion", content=answer)


def test_a_second_person_of_another_team_releases(gate, shop, claim, keys):
    name, decision = reviewed(gate, shop, claim)
    asked = wanted(gate, decision).json()
    assert asked["approver"] in {"login-2", "login-3"}
    done = assertion(gate, asked, keys[asked["approver"]].sign(asked["options"]))
    assert done.status_code == 200, done.text
    assert (done.json()["decision"], done.json()["by"]) == ("release", "person")
    assert done.json()["reservation"]["amount"] == 20000
    (approval,) = gate.do(gate.service.store.where("approvals", "order_id", name))
    assert approval.approver == asked["approver"]
    again = assertion(gate, asked, keys[asked["approver"]].sign(asked["options"]))
    assert again.status_code == 404


def test_a_person_may_refuse(gate, shop, claim, keys):
    name, decision = reviewed(gate, shop, claim)
    asked = wanted(gate, decision, verdict="refuse").json()
    assert assertion(gate, asked, keys[asked["approver"]].sign(asked["options"])).json()["decision"] == "refuse"
    assert gate.request("GET", f"/v1/refund-decisions/{decision}").json()["decision"] == "refuse"
    assert gate.do(gate.service.store.where("reservations", "order_id", name)) == []


def test_nobody_else_s_passkey_and_no_other_refund_s(gate, shop, claim, keys):
    _, decision = reviewed(gate, shop, claim)
    name, other = reviewed(gate, shop, claim)
    first, second = wanted(gate, decision).json(), wanted(gate, other).json()
    stolen = assertion(gate, first, keys["login-1b"].sign(first["options"]))
    assert stolen.status_code == 403
    replayed = assertion(gate, second, keys[second["approver"]].sign(first["options"]))
    assert replayed.status_code == 403
    third = wanted(gate, other).json()
    elsewhere = Authenticator(third["approver"], origin="https://beleg.example.com")
    assert assertion(gate, third, elsewhere.sign(third["options"])).status_code == 403
    fourth = wanted(gate, other).json()
    assert assertion(gate, fourth, b'{"id": "x"}').status_code == 403
    assert gate.do(gate.service.store.where("reservations", "order_id", name)) == []
    denied = gate.do(gate.service.store.where("denied_attempts", "order_id", name))
    assert len(denied) == 3


def test_an_api_key_approves_nothing(gate, shop, claim, keys):
    name, decision = reviewed(gate, shop, claim)
    asked = wanted(gate, decision).json()
    assert assertion(gate, asked, b"{}").status_code == 403
    fact = {"fact": "approvals", "id": "x", "source": "x", "decision_id": "x", "order_id": name, "amount": 1, "currency": "EUR",
            "verdict": "release", "approver": "login-2", "nonce": "n"}  # fmt: skip
    told = gate.request("POST", "/v1/facts", json={"facts": [fact]}, headers={"idempotency-key": name})
    assert told.status_code == 422


def test_who_is_not_on_the_roster_has_nothing_approved(gate, shop, claim, keys):
    name, decision = reviewed(gate, shop, claim, requester="nobody-knows")
    refused = wanted(gate, decision)
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:beleg:problem:no-second-person")
    (denied,) = gate.do(gate.service.store.where("denied_attempts", "order_id", name))
    assert denied.why == "no eligible second person"


def test_only_who_has_the_role_is_chosen(gate, shop, claim, keys):
    _, decision = reviewed(gate, shop, claim)

    def role(granted):
        fact = OperatorRole(**envelope(), login="login-2", role="approver", granted=granted)
        gate.do(gate.service.store.commit(Unit(facts=(fact,))))

    role(granted=False)
    assert {wanted(gate, decision).json()["approver"] for _ in range(8)} == {"login-3"}
    role(granted=True)


def test_two_answers_at_once_and_one_counts(gate, shop, claim, keys):
    for verdicts in (("release", "refuse"), ("refuse", "release"), ("release", "release")):
        name, decision = reviewed(gate, shop, claim)
        asked = [wanted(gate, decision, verdict=one).json() for one in verdicts]
        answers = [keys[one["approver"]].sign(one["options"]) for one in asked]
        calls = [("POST", f"/v1/approval-requests/{one['approval_id']}/assertion", {"content": said, "headers": {}})
                 for one, said in zip(asked, answers, strict=True)]  # fmt: skip
        done = gate.all(calls)
        assert sorted(one.status_code for one in done) == [200, 409]
        assert next(one.json()["type"] for one in done if one.status_code == 409) == "urn:beleg:problem:settled"
        assert len(gate.do(gate.service.store.where("approvals", "order_id", name))) == 1


def test_an_emergency_is_loud_and_still_takes_another_person(gate, shop, claim, keys):
    _, decision = reviewed(gate, shop, claim)
    for myself in ("login-1", "login-1b"):
        assert wanted(gate, decision, emergency=True, approver=myself).status_code == 409
    asked = wanted(gate, decision, emergency=True, approver="login-2").json()
    done = assertion(gate, asked, keys["login-2"].sign(asked["options"]))
    assert done.json()["decision"] == "release"

    async def told():
        async with gate.service.store.outbox() as outbox:
            return [one.topic for one in await outbox.claim(500)]

    assert "approval.emergency" in gate.do(told())


def test_a_question_and_a_passkey_s_counter_outlive_the_process(gate, shop, claim, keys):
    (_, first), (_, second) = reviewed(gate, shop, claim), reviewed(gate, shop, claim)
    asked, again, late = (wanted(gate, one, emergency=True, approver="login-2").json() for one in (first, second, second))
    service = gate.service
    after = SecondPerson(service.settings, service.store, service.prover, service.keeper, Approvals())
    gate.do(after.load())

    def answers(question, signed):
        return gate.do(after.answer(question["approval_id"], signed.encode()))

    assert answers(asked, keys["login-2"].sign(asked["options"])).decision == "release"
    assert assertion(gate, asked, keys["login-2"].sign(asked["options"])).status_code == 409
    counted = keys["login-2"].counter
    keys["login-2"].counter = 0  # as a copy of the passkey would count
    with pytest.raises(ProblemError) as copied:
        answers(again, keys["login-2"].sign(again["options"]))
    keys["login-2"].counter = counted
    assert (copied.value.problem.status, "sign count" in copied.value.problem.detail) == (403, True)
    for known in (after, SecondPerson(service.settings, service.store, service.prover, service.keeper, Approvals())):
        with pytest.raises(ProblemError, match="no such question"):
            gate.do(known.answer(again["approval_id"], b"{}"))
    assert assertion(gate, late, keys["login-2"].sign(late["options"])).status_code == 200
