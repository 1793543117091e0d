"""The real exports: every row accounted for, and the counts that independent reading gives."""

from beleg.connect import read

from .conftest import rows


def test_online_retail_accounts_for_every_row(real, tmp_path):
    intake = read(real("online_retail/by-day"), None, tmp_path)
    ignored: dict[str, int] = {}
    for book in intake.books:
        for name, count in book.ignored.items():
            ignored[name] = ignored.get(name, 0) + count
    assert intake.mapping == "online_retail"
    assert sum(book.rows for book in intake.books) == 320_705
    assert sum(book.quarantined + book.redelivered for book in intake.books) == 0
    assert ignored == {"stock written off": 925, "stock written on": 851, "bad debt entry": 3}
    assert intake.facts == {"orders": 12_496, "order_lines": 313_079, "refunds": 5_847}
    refunds = rows(intake, "refunds")
    assert sum(row["account_id"] is not None for row in refunds) == 5_565
    assert all(row["quantity"] > 0 and row["amount"] >= 0 for row in refunds)
    assert not any(str(row["account_id"]).endswith(".0") for row in refunds)
    assert {row["occurred_offset"] for row in refunds} == {0, 60}


def test_olist_joins_customers_payments_and_products(real, tmp_path):
    intake = read(real("olist_sample"), None, tmp_path)
    assert intake.facts == {"orders": 10_000, "order_lines": 11_513, "parcels": 10_000, "scans": 19_999}
    orders = rows(intake, "orders")
    assert all(row["account_id"] and row["paid"] is not None and row["promised_at"] for row in orders)
    assert not any(row["attested"] for row in rows(intake, "scans"))
    assert "no refunds or claims in this source" in intake.notes


def test_tau_bench_says_that_it_has_no_times(real, tmp_path):
    intake = read(real("tau_bench_retail"), None, tmp_path)
    assert intake.facts["refunds"] == intake.facts["cancellations"] == 102
    assert intake.facts["order_lines"] == 2_978
    assert any(note.startswith("times unknown") for note in intake.notes)
    assert all(row["occurred_at"] is None and row["known_at"] is None for row in rows(intake, "orders"))
    users = {row["value"] for row in rows(intake, "identifiers") if row["kind"] == "payment"}
    paid_with = {row["payment"] for row in rows(intake, "orders")}
    assert paid_with <= users
