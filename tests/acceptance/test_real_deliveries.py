"""Shopify's own sample resources and GS1's EPCIS examples, delivered as their senders do: facts or words, never a fault.

BELEG_DATA names the folder that holds `shopify` and `epcis`.
"""

import hashlib
import hmac
import json
import os
from base64 import b64encode
from collections import Counter
from pathlib import Path

import pytest

from beleg.connect.webhooks import Feeds
from beleg.facts.base import table_of
from beleg.ledger.log.canonical import canonical

DATA = Path(os.environ.get("BELEG_DATA", "/no such folder"))
NOW = 1_790_000_000_000_000
FEEDS = Feeds({"shopify": ["secret"]}, b"k" * 32)
TOPICS = {"orders/create": "order", "orders/cancelled": "order", "fulfillments/create": "fulfillment", "refunds/create": "refund",
          "disputes/create": "dispute"}  # fmt: skip

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="BELEG_DATA names no folder of samples")


def shopify(topic: str, said: object, name: str = "1"):
    """What a delivery makes, signed as Shopify signs; every fact of it has a canonical form."""
    body = json.dumps(said).encode()
    mac = b64encode(hmac.new(b"secret", body, hashlib.sha256).digest()).decode()
    taken = FEEDS.take("shopify", {"x-shopify-topic": topic, "x-shopify-webhook-id": name, "x-shopify-hmac-sha256": mac}, body, NOW)
    assert all(canonical(fact) for fact in taken.facts)
    return taken


def tables(taken) -> dict[str, int]:
    return dict(Counter(table_of(type(fact)) for fact in taken.facts))


def test_each_topic_reads_its_own_resource():
    for topic, name in TOPICS.items():
        said = json.loads((DATA / "shopify" / f"{name}.json").read_bytes())[name]
        taken = shopify(topic, said)
        print(topic, tables(taken), [(one.field, one.got, one.expected) for one in taken.quarantined])
        assert taken.facts or taken.quarantined, topic
    order = json.loads((DATA / "shopify" / "order.json").read_bytes())["order"]
    placed = shopify("orders/create", order)
    assert tables(placed)["order_lines"] == len(order["line_items"])
    (head,) = (fact for fact in placed.facts if table_of(type(fact)) == "orders")
    assert (head.order_id, head.paid, head.currency) == (
        str(order["id"]),
        round(float(order["total_price"]) * 100),
        order["currency"],
    )


def test_no_resource_under_any_topic_is_a_fault():
    made: Counter[str] = Counter()
    for path in sorted((DATA / "shopify").glob("*.json")):
        document = json.loads(path.read_bytes())
        inner = next(iter(document.values())) if isinstance(document, dict) and len(document) == 1 else document
        for topic in TOPICS:
            for said in (document, inner):
                taken = shopify(topic, said)
                made["facts"] += len(taken.facts)
                made["set aside"] += len(taken.quarantined)
    print(dict(made))
    assert made["facts"] > 0


def test_no_epcis_document_is_a_fault():
    made: Counter[str] = Counter()
    for path in sorted((DATA / "epcis").rglob("*.json*")):
        taken = FEEDS.take("epcis", {}, path.read_bytes(), NOW)
        assert all(canonical(fact) for fact in taken.facts)
        made.update(tables(taken))
        made["documents"] += 1
        made["set aside"] += len(taken.quarantined)
    print(dict(made))
    assert made["documents"] > 0
