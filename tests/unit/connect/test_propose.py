"""A proposal can be read as it stands, and says what to check and what it left out."""

import pytest

from beleg.connect import propose, read

from .conftest import rows

GERMAN = """Bestellnummer;Artikelnummer;Menge;Erstattungsbetrag;Erstattet am;Grund;Währung;Dings
B1;A1;2;1.234,50;01.03.2024 10:30;defekt;EUR;7
B2;A2;1;10,00;13.03.2024 10:30;gefällt nicht;EUR;8
"""
ORDERS = "Order ID,SKU,Qty,Unit Price,Order Date,Customer ID\n1,A,2,$3.50,03/14/2024,C1\n1,B,1,$1,03/14/2024,C1\n"
PARCELS = "order_number,tracking_number,carrier,shipping_zip\n1,00340434161094042557,dhl,10115\n"


SCANS = """Sendungsnummer;Zeitpunkt;Sendungsstatus;PLZ
00340434161094042557;01.03.2024 08:10;Eingeliefert;10115
00340434161094042557;02.03.2024 14:30;Zugestellt;04109
00340434161094042557;02.03.2024 14:31;Nachbarn informiert;04109
"""


def proposed(path, tmp_path):
    proposal = propose(path)
    (tmp_path / "m.toml").write_text(proposal.text, encoding="utf-8")
    return proposal, read(path, tmp_path / "m.toml", tmp_path / "out", secret=b"k")


def test_german_refunds(folder, tmp_path, golden):
    proposal, intake = proposed(folder({"erstattungen_2024-03.csv": GERMAN.encode("cp1252")}), tmp_path)
    golden("proposal_german", proposal.text)
    assert [(row["amount"], row["quantity"], row["currency"]) for row in rows(intake, "refunds")] == [
        (123450, 2, "EUR"),
        (1000, 1, "EUR"),
    ]
    assert [each.column for each in proposal.unplaced] == ["Dings"]


def test_orders_and_parcels(folder, tmp_path, golden):
    proposal, intake = proposed(folder({"orders.csv": ORDERS, "parcels.csv": PARCELS}), tmp_path)
    golden("proposal_orders", proposal.text)
    assert intake.facts == {"order_lines": 2, "orders": 1, "parcels": 1}
    assert [row["paid"] for row in rows(intake, "order_lines")] == [700, 100]


def test_scans_in_the_carriers_own_words(folder, tmp_path, golden):
    proposal, intake = proposed(folder({"scans.csv": SCANS, "parcels.csv": PARCELS}), tmp_path)
    golden("proposal_scans", proposal.text)
    assert [row["status"] for row in rows(intake, "scans")] == ["accepted", "delivered", "unknown"]
    assert {row["parcel_id"] for row in rows(intake, "scans")} == {row["parcel_id"] for row in rows(intake, "parcels")}


def test_an_orders_status_is_no_scan(folder, tmp_path):
    header = "Order ID,SKU,Qty,Price,Tracking Number,Status,Time\n"
    _, intake = proposed(folder({"orders.csv": header + "1,A,1,3.50,T1,shipped,2024-03-01T10:00:00Z\n"}), tmp_path)
    assert "scans" not in intake.facts


ITEMS = "Order ID,SKU,Qty\n1,A,2\n1,B,1\n2,A,1\n"
ARTICLES = "SKU,Product Name,Category,Price\nA,Cup,Kitchen,3.50\nB,Saw,Tools,20\n"
HEADS = "Order ID,Order Date,Customer ID,Currency,E-Mail\n1,2024-03-14,C1,EUR,a@example.com\n2,2024-03-15,C2,CHF,\n"
NESTED = """[
{"order_id": "1", "customer_id": "C1", "created_at": "2024-03-14T10:00:00Z", "currency": "EUR",
 "items": [{"sku": "A", "price": 3.5, "quantity": 2}, {"sku": "B", "price": 20, "quantity": 1}],
 "refunds": [{"refund_amount": 3.5, "refund_date": "2024-03-20T10:00:00Z", "colour": "red"}], "tags": ["new"]},
{"order_id": "2", "customer_id": "C2", "created_at": "2024-03-15T10:00:00Z", "currency": "EUR",
 "items": [{"sku": "A", "price": 3.5, "quantity": 1}], "refunds": [], "tags": []}
]"""


def test_what_another_file_says_is_looked_up(folder, tmp_path, golden):
    proposal, intake = proposed(folder({"items.csv": ITEMS, "articles.csv": ARTICLES, "heads.csv": HEADS}), tmp_path)
    golden("proposal_lookups", proposal.text)
    lines = rows(intake, "order_lines")
    assert [(row["paid"], row["currency"], row["title"], row["account_id"]) for row in lines] == [
        (700, "EUR", "Cup", "C1"),
        (2000, "EUR", "Saw", "C1"),
        (350, "CHF", "Cup", "C2"),
    ]
    assert [(row["account_id"], row["kind"]) for row in rows(intake, "identifiers")] == [("C1", "email")]
    assert proposal.unplaced == ()


def test_lists_within_records_become_facts_of_their_own(folder, tmp_path, golden):
    proposal, intake = proposed(folder({"orders.json": NESTED}), tmp_path)
    golden("proposal_lists", proposal.text)
    assert intake.facts == {"orders": 2, "order_lines": 3, "refunds": 1}
    assert [(row["order_id"], row["line_id"], row["paid"]) for row in rows(intake, "order_lines")] == [
        ("1", "1", 700),
        ("1", "2", 2000),
        ("2", "1", 350),
    ]
    assert [(row["refund_id"], row["amount"], row["currency"]) for row in rows(intake, "refunds")] == [("1/1", 350, "EUR")]
    assert [(each.column, each.why.partition(";")[0]) for each in proposal.unplaced] == [
        ("refunds.colour", "its name says nothing known"),
        ("tags", "a list: give it a [[fact]] with `each`"),
    ]


@pytest.mark.parametrize("name", ["online_retail/by-day", "olist_sample", "tau_bench_retail"])
def test_real_exports(real, tmp_path, name):
    proposal, intake = proposed(real(name), tmp_path)
    assert sum(intake.facts.values()) > 900
    assert proposal.unplaced
