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


@pytest.mark.parametrize("name", ["online_retail/by-day", "olist_sample", "tau_bench_retail"])
def test_real_exports(real, tmp_path, name):
    proposal, intake = proposed(real(name), tmp_path)
    assert sum(intake.facts.values()) > 900
    assert proposal.unplaced
