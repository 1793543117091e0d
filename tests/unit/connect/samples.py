"""A small shop and its mapping, which the tests bend in one place at a time."""

MAPPING = """
name = "shop"

[source.refunds]
files = "refunds*"
signature = ["refund", "order", "amount", "at"]
optional = ["units", "reason"]
currency = "EUR"
time_zone = "Europe/Berlin"

[[ignore]]
name = "test orders"
why = "orders of the shop's own testers"
when = { order = { starts = "TEST" } }

[[fact]]
table = "refunds"
when = { amount = "not_negative" }
[fact.fields]
occurred_at = "at"
refund_id = "refund"
order_id = "order"
quantity = "units"
amount = "amount"
reason = "reason"
"""

HEADER = "refund,order,amount,at\n"
ROWS = "R1,A1,12.50,2024-03-01 10:00\nR2,A2,3,2024-07-01 10:00:00\n"
