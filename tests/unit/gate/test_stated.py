"""A request of which nothing tells yet becomes the fact that it is: a claim, a return, or money asked for without goods."""

import pytest

from beleg.facts.base import table_of
from beleg.gate.claim import Claim
from beleg.gate.stated import request_of, stated


def claim(**said) -> Claim:
    return Claim(**{"refund_id": "R1", "order_id": "O1", "amount": 500, "currency": "EUR", "trigger": "on_receipt", **said})


@pytest.mark.parametrize(
    ("said", "line", "cancelled", "table"),
    [
        ({}, "1", False, "return_authorisations"),
        ({}, None, False, None),
        ({"trigger": "manual"}, "1", False, "return_authorisations"),
        ({"trigger": "manual"}, "1", True, "refund_requests"),
        ({"trigger": "manual"}, None, True, "refund_requests"),
        ({"trigger": "manual", "rma_id": "M1"}, "1", True, "return_authorisations"),
        ({"stated_class": "return"}, "1", True, "return_authorisations"),
        ({"stated_class": "cancelled"}, None, False, "refund_requests"),
        ({"stated_class": "goodwill"}, "1", False, "refund_requests"),
        ({"claim_kind": "not_received"}, None, False, "claims"),
        ({"stated_class": "not_received"}, "1", False, "claims"),
        ({"stated_class": "damaged"}, "1", False, "claims"),
        ({"stated_class": "returnless"}, "1", True, "claims"),
        ({"claim_kind": "damaged", "rma_id": "M1"}, "1", False, "return_authorisations"),
    ],
)
def test_the_fact_is_of_the_kind_that_is_asked_about(said, line, cancelled, table):
    fact = stated(claim(**said), line, 77, cancelled=cancelled)
    assert (table_of(type(fact)) if fact else None) == table
    if fact:
        assert (fact.order_id, fact.line_id, fact.occurred_at, fact.known_at) == ("O1", line, 77, 77)


def test_a_request_asked_again_is_the_same_fact():
    first, again = (
        stated(claim(stated_class="cancelled", amount=amount), "1", now, cancelled=False) for amount, now in ((5, 1), (6, 2))
    )
    assert first.id == again.id
    assert request_of(claim()) != request_of(claim(refund_id="R2"))


def test_when_the_shop_was_told_is_when_it_happened():
    assert stated(claim(informed_at=5), "1", 77, cancelled=False).occurred_at == 5
