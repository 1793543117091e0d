"""The mappings that come with Beleg, on exports as those systems write them."""

import pytest

from beleg.connect.loading import load
from beleg.connect.mapping import shipped

from .conftest import rows

SHOPIFY = """Name,Email,Financial Status,Paid at,Fulfillment Status,Fulfilled at,Currency,Subtotal,Shipping,Taxes,Total,\
Discount Amount,Created at,\
Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku,Lineitem discount,Cancelled at,Payment Method,Payment Reference,\
Refunded Amount,Vendor,Id,Tags,Risk Level,Source,Phone,Shipping Zip,Shipping Country
#1001,a@example.com,partially_refunded,2024-03-01 10:00:00 +0100,fulfilled,2024-03-02 10:00:00 +0100,EUR,60.00,5.00,0,65.00,0,\
2024-03-01 09:59:00 +0100,2,Mug,10.00,MUG-1,0.00,,card,c.1,20.00,Acme,450789469,,Low,web,,'10115,DE
#1001,a@example.com,,,,,,,,,,,2024-03-01 09:59:00 +0100,1,Lamp,40.00,,4.00,,,,,Acme,,,,,,,
#1002,b@example.com,voided,,,,EUR,10.00,0,0,10.00,0,2024-03-02 09:00:00 +0100,1,Mug,10.00,MUG-1,0.00,\
2024-03-02 10:00:00 +0100,card,c.2,0.00,Acme,450789470,,Low,pos,+49301234567,20095,DE
"""

RETURNS = """return-date\torder-id\tsku\tasin\tfnsku\tproduct-name\tquantity\tfulfillment-center-id\t\
detailed-disposition\treason\tstatus\tlicense-plate-number\tcustomer-comments
2024-03-01T10:00:00+00:00\t302-1\tMUG-1\tB0\tX0\tMug\t1\tLEJ1\tSELLABLE\tUNWANTED_ITEM\tUnit returned to inventory\tLPNRR1\tnice
2024-03-02T10:00:00+00:00\t302-2\tMUG-1\tB0\tX0\tMug\t1\tLEJ1\tCUSTOMER_DAMAGED\tDEFECTIVE\t\tLPNRR2\t
"""

REPLACEMENTS = """shipment-date\tsku\tasin\tfulfillment-center-id\toriginal-fulfillment-center-id\tquantity\t\
replacement-reason-code\treplacement-amazon-order-id\toriginal-amazon-order-id
2024-03-05T10:00:00+00:00\tMUG-1\tB0\tLEJ1\tLEJ2\t1\t3\t302-9\t302-1
"""


@pytest.mark.parametrize("name", sorted(shipped()))
def test_every_mapping_loads_and_has_its_name_and_signature(name):
    mapping = load(name)
    assert mapping.name == name
    assert mapping.description
    assert all(rule.signature for rule in mapping.source.values())


def test_shopify_orders(take):
    intake = take({"orders_export.csv": SHOPIFY})
    assert intake.mapping == "shopify_orders"
    assert (intake.books[0].rows, intake.books[0].mapped) == (3, 3)
    assert [(row["order_id"], row["paid"]) for row in rows(intake, "orders")] == [("#1001", 6500), ("#1002", 1000)]
    lines = rows(intake, "order_lines")
    assert [(row["line_id"], row["article"], row["paid"], row["currency"]) for row in lines] == [
        ("1", "MUG-1", 2000, "EUR"),
        ("2", "Lamp", 3600, "EUR"),
        ("1", "MUG-1", 1000, "EUR"),
    ]
    (refund,) = rows(intake, "refunds")
    assert (refund["order_id"], refund["amount"], refund["occurred_at"]) == ("#1001", 2000, None)
    assert rows(intake, "orders")[0]["ship_to"] == "10115"
    assert len(rows(intake, "cancellations")) == 1
    assert not any("example.com" in str(row) for table in intake.tables for row in rows(intake, table))


def test_overlapping_shopify_exports_are_redelivered(take):
    intake = take({"orders_1.csv": SHOPIFY, "orders_2.csv": SHOPIFY + "\n"})
    assert intake.books[1].redelivered == 3
    assert intake.facts["orders"] == 2


def test_amazon_returns_and_replacements(take):
    intake = take({"returns.txt": RETURNS})
    assert intake.mapping == "amazon_fba_returns"
    assert [row["result"] for row in rows(intake, "inspections")] == ["match", "damaged"]
    assert [(row["lpn"], row["entry_mode"], row["site"]) for row in rows(intake, "receipts")] == [
        ("LPNRR1", "import", "LEJ1"),
        ("LPNRR2", "import", "LEJ1"),
    ]
    assert len(rows(intake, "status_claims")) == 1


def test_amazon_replacements(take):
    intake = take({"replacements.tsv": REPLACEMENTS})
    (row,) = rows(intake, "replacements")
    assert (row["order_id"], row["replacement_id"], row["quantity"]) == ("302-1", "302-9", 1)
