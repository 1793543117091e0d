"""Webhooks: forged, stale and replayed ones are refused; what is genuine becomes facts, and what cannot be read is told."""

import hashlib
import hmac
import json
import time
import unicodedata
from base64 import b64encode

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from beleg.connect.errors import ConnectError
from beleg.connect.webhooks import Feeds, ForgedError
from beleg.connect.webhooks.intake import shipped
from beleg.facts.base import table_of

SECRET = "whsec_" + b64encode(b"0123456789abcdef0123456789abcdef").decode()
NOW = time.time_ns() // 1000


def mac(body: bytes, secret: str = SECRET) -> bytes:
    return hmac.new(secret.encode(), body, hashlib.sha256).digest()


def signed(feed: str, body: bytes, at: int | None = None) -> dict[str, str]:
    at = at or NOW // 1_000_000
    plain = {"shopify": "x-shopify-hmac-sha256", "woocommerce": "x-wc-webhook-signature", "aftership": "aftership-hmac-sha256"}
    if feed in plain:
        return {plain[feed]: b64encode(mac(body)).decode()}
    if feed == "stripe":
        return {"stripe-signature": f"t={at},v0=old,v1={mac(f'{at}.'.encode() + body).hex()}"}
    if feed == "easypost":
        return {"x-hmac-signature": "hmac-sha256-hex=" + mac(body, unicodedata.normalize("NFKD", SECRET)).hex()}
    if feed == "saleor":
        return {"saleor-signature": mac(body).hex()}
    value = hmac.new(b"0123456789abcdef0123456789abcdef", f"msg_1.{at}.".encode() + body, hashlib.sha256).digest()
    return {"webhook-id": "msg_1", "webhook-timestamp": str(at), "webhook-signature": "v1," + b64encode(value).decode()}


SIGNED = sorted(name for name, file in shipped().items() if file.webhook.scheme != "key")


@pytest.fixture(scope="module")
def feeds() -> Feeds:
    return Feeds(
        {name: ["an older secret", SECRET] if name not in {"vendure", "medusa"} else [SECRET] for name in SIGNED}, b"k" * 32
    )


@pytest.mark.parametrize("feed", SIGNED)
def test_only_the_sender_is_believed(feed, feeds):
    body = b'{"id": 1, "type": "nothing.known"}'
    good = signed(feed, body)
    assert feeds.take(feed, good, body, NOW).facts == ()
    for headers, altered in ((good, body + b" "), ({}, body), ({name: value[:-3] + "AAA" for name, value in good.items()}, body)):
        with pytest.raises(ForgedError):
            feeds.take(feed, headers, altered, NOW)
    with pytest.raises(ForgedError, match="no secret"):
        Feeds({}, b"k").take(feed, good, body, NOW)


@pytest.mark.parametrize("feed", ["stripe", "vendure", "medusa"])
def test_an_old_delivery_is_a_replay(feed, feeds):
    body = b"{}"
    with pytest.raises(ForgedError, match="too far from now"):
        feeds.take(feed, signed(feed, body, at=NOW // 1_000_000 - 301), body, NOW)


def test_saleor_s_public_key():
    key = rsa.generate_private_key(65537, 2048)
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    body = b'[{"id": "T1"}]'
    header = {"b64": False, "crit": ["b64"]}
    token = jwt.api_jws.encode(body, key, algorithm="RS256", headers=header, is_payload_detached=True)
    feeds = Feeds({"saleor": [public]}, b"k")
    assert feeds.take("saleor", {"saleor-signature": token}, body, NOW).facts == ()
    with pytest.raises(ForgedError):
        feeds.take("saleor", {"saleor-signature": token}, b"[]", NOW)


def test_a_secret_for_no_feed():
    with pytest.raises(ConnectError, match="the closest is 'shopify'"):
        Feeds({"shopfy": ["x"]}, b"k")


STORIES = {
    ("shopify", "orders/create"): (
        {"id": 450, "created_at": "2024-05-01T10:00:00-04:00", "currency": "EUR", "total_price": "409.94", "customer": {"id": 7},
         "source_name": "web", "shipping_address": {"zip": "40202", "country_code": "US"}, "a_field_of_next_year": True,
         "line_items": [{"id": 1, "sku": "IPOD", "title": "iPod", "quantity": 2, "price": "199.00",
          "total_discount": "0.00", "grams": 200}]},
        {"orders": 1, "order_lines": 1},
    ),
    ("shopify", "refunds/create"): (
        {"id": 509, "order_id": 450, "created_at": "2024-05-09T10:00:00-04:00", "note": "broke", "user_id": None,
         "transactions": [{"id": 179, "kind": "refund", "status": "success", "amount": "209.00", "currency": "EUR",
                           "created_at": "2024-05-09T10:00:00-04:00"}]},
        {"refunds": 1},
    ),
    ("woocommerce", "order.updated"): (
        {"id": 727, "status": "completed", "currency": "USD", "date_created_gmt": "2024-03-22T19:28:08", "total": "29.35",
         "date_modified_gmt": "2024-03-23T19:28:08", "customer_id": 0, "line_items": [{"id": 315, "name": "Shirt",
          "product_id": 93,
         "quantity": 2, "total": "6.00", "sku": ""}], "refunds": [{"id": 726, "reason": "", "total": "-10.00"}]},
        {"orders": 1, "order_lines": 1, "refunds": 1},
    ),
    ("stripe", "refund.created"): (
        {"id": "evt_1", "type": "refund.created", "created": 1714557600, "data": {"object": {
            "id": "re_1", "amount": 1999, "currency": "eur", "status": "succeeded", "metadata": {"order_id": "O1",
          "refund_id": "R1"}}}},
        {"refunds": 1},
    ),
    ("stripe", "charge.dispute.created"): (
        {"id": "evt_2", "type": "charge.dispute.created", "created": 1714557600, "data": {"object": {
            "id": "dp_1", "amount": 1999, "currency": "eur", "status": "needs_response", "reason": "product_not_received",
            "metadata": {"order_id": "O1"}}}},
        {"disputes": 1},
    ),
    ("easypost", "tracker.updated"): (
        {"id": "evt_1", "description": "tracker.updated", "result": {"id": "trk_1", "tracking_code": "EZ1", "carrier": "USPS",
         "weight": 17.6, "tracking_details": [
             {"status": "in_transit", "datetime": "2024-05-01T10:00:00Z", "tracking_location": {"city": "Houston",
          "zip": "77063"}},
             {"status": "delivered", "datetime": "2024-05-02T10:00:00Z", "tracking_location": {"city": "Houston",
          "zip": "77063"}}]}},
        {"scans": 2},
    ),
    ("aftership", "tracking_update"): (
        {"event": "tracking_update", "event_id": "e1", "msg": {"id": "t1", "tracking_number": "1Z", "slug": "ups",
          "checkpoints": [
            {"tag": "Delivered", "subtag": "Delivered_003", "checkpoint_time": "2024-05-02T10:00:00+00:00", "zip": "04109"}]}},
        {"scans": 1},
    ),
    ("saleor", "order_created"): (
        [{"id": "T1", "created": "2024-05-01T10:00:00Z", "currency": "USD", "total_gross_amount": "50.00",
          "user_email": "a@example.com",
          "lines": [{"id": "L1", "product_sku": "S", "product_name": "Cup", "quantity": 1,
          "total_price_gross_amount": "50.00"}]}],
        {"orders": 1, "order_lines": 1},
    ),
    ("vendure", "refund.changed"): (
        {"id": "vendure:1", "type": "refund.changed", "data": {"order_id": "O1",
          "occurred_at": "2024-05-01T10:00:00.000Z", "actor": "superadmin",
         "refund": {"id": "3", "state": "Settled", "amount": 1999, "currency": "EUR", "request": "vnd_1", "reason": None}}},
        {"refunds": 1},
    ),
    ("medusa", "order.return_received"): (
        {"type": "order.return_received", "data": {"order_id": "O1", "occurred_at": "2024-05-01T10:00:00Z", "actor": "admin",
         "return": {"id": "ret_1", "lines": [{"line_id": "i1", "quantity": 1}]}}},
        {"status_claims": 1, "receipts": 1},
    ),
    ("medusa", "order.return_received, of nothing"): (
        {"type": "order.return_received", "data": {"order_id": "O1", "occurred_at": "2024-05-01T10:00:00Z", "actor": "admin",
         "return": {"id": "ret_1", "lines": []}}},
        {"status_claims": 1},
    ),
    ("ocsf", ""): (
        [{"class_uid": 3002, "activity_id": 1, "time": 1714557600000, "user": {"uid": "m.k"}, "session": {"uid": "s1"},
          "src_endpoint": {"ip": "192.0.2.7"}, "device": {"uid": "d1"}, "metadata": {"version": "1.8.0"}},
         {"class_uid": 6003, "activity_id": 2, "time": 1714557600000, "actor": {"user": {"uid": "m.k"}, "session": {"uid": "s1"}},
          "api": {"operation": "GET"}, "resources": [{"uid": "O1"}]}],
        {"staff_sign_ins": 1, "staff_actions": 1},
    ),
    ("epcis", ""): (
        {"type": "EPCISDocument", "schemaVersion": "2.0", "epcisBody": {"eventList": [
            {"type": "ObjectEvent", "eventID": "ni:///1", "eventTime": "2024-05-01T10:00:00Z", "action": "OBSERVE",
             "bizStep": "receiving", "disposition": "returned", "epcList": ["urn:epc:id:sgtin:4012345.011122.987"],
             "bizLocation": {"id": "urn:epc:id:sgln:4012345.00001.0"}, "beleg:actor": "m.k",
             "bizTransactionList": [{"type": "po", "bizTransaction": "urn:epcglobal:cbv:bt:0614141073467:O1"},
                                    {"type": "rma", "bizTransaction": "urn:epcglobal:cbv:bt:0614141073467:M1"}]}]}},
        {"receipts": 1},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("feed", "topic"), STORIES)
def test_a_genuine_delivery_becomes_facts(feed, topic, feeds):
    said, expected = STORIES[feed, topic]
    body = json.dumps(said).encode()
    headers = signed(feed, body) | {"x-shopify-topic": topic, "x-wc-webhook-topic": topic, "saleor-event": topic}
    taken = feeds.take(feed, headers, body, NOW)
    assert not taken.quarantined, taken.quarantined
    counted: dict[str, int] = {}
    for fact in taken.facts:
        counted[table_of(type(fact))] = counted.get(table_of(type(fact)), 0) + 1
        assert fact.known_at == NOW
    assert counted == expected
    assert [fact.id for fact in feeds.take(feed, headers, body, NOW).facts] == [fact.id for fact in taken.facts]


def test_money_of_stripe_is_whole_cents_and_its_request_is_known(feeds):
    body = json.dumps(STORIES["stripe", "refund.created"][0]).encode()
    (refund,) = feeds.take("stripe", signed("stripe", body), body, NOW).facts
    assert (refund.amount, refund.currency, refund.refund_id, refund.status) == (1999, "EUR", "R1", "settled")


def test_what_cannot_be_read_is_told(feeds):
    said = json.loads(json.dumps(STORIES["shopify", "refunds/create"][0]))
    said["transactions"][0]["amount"] = "a lot"
    body = json.dumps(said).encode()
    taken = feeds.take("shopify", signed("shopify", body) | {"x-shopify-topic": "refunds/create"}, body, NOW)
    assert taken.facts == ()
    assert [(one.field, one.got) for one in taken.quarantined] == [("amount", "'a lot'")]


WORDS = st.sampled_from(["id", "type", "data", "epcisBody", "eventList", "created", "line_items"])
DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(WORDS, below, max_size=3),
)


@pytest.mark.parametrize("feed", sorted(shipped()))
@given(body=st.text(max_size=200).map(str.encode) | DOCUMENTS.map(lambda found: json.dumps(found).encode()))
def test_no_body_breaks_anything(feed, feeds, body):
    for topic in list(shipped()[feed].webhook.topics)[:2]:
        headers = signed(feed, body) | {"x-shopify-topic": topic, "x-wc-webhook-topic": topic, "saleor-event": topic}
        feeds.take(feed, headers, body, NOW)
