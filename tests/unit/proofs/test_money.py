"""No money is lost or made: whatever the refunds name, their parts add up, and so do the slices."""

from collections import Counter
from datetime import timedelta
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from beleg.ledger.view import View
from beleg.proofs.allocate import RULES, allocations
from beleg.proofs.dossier import prepare
from beleg.proofs.slices import refund_facts, slices
from support.asking import fill
from support.ledgers import Ledger, Row, micros, read

from .conftest import at

LINES = st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 3), st.sampled_from(["lamp", "bulb"])), max_size=4)
NAMES = st.sampled_from(["line", "return", "lost return", "order", "whole", "customer", "nobody"])
REFUNDS = st.lists(
    st.tuples(NAMES, st.integers(0, 9000), st.integers(0, 3), st.sampled_from(["settled", "failed", "pending"])), max_size=4
)
DISPUTES = st.lists(st.tuples(st.integers(0, 9000), st.sampled_from(["open", "won", "lost"]), st.booleans()), max_size=2)
ORDERS = st.lists(st.tuples(LINES, REFUNDS, DISPUTES, st.sampled_from(["EUR", "USD"])), min_size=1, max_size=6)


def build(drawn: list[Any]) -> Ledger:
    """Orders with lines, refunds that name them in every way there is, and disputes."""
    rows: dict[str, list[Row]] = {table: [] for table in ("orders", "order_lines", "return_authorisations", "refunds", "disputes")}
    for number, (lines, refunds, disputes, currency) in enumerate(drawn, 1):
        mine = {"order_id": f"O{number}", "account_id": f"A{number % 3}", "currency": currency}
        rows["orders"].append({**mine, "at": at(3, number), "paid": sum(paid for paid, *_ in lines)})
        for place, (paid, quantity, article) in enumerate(lines, 1):
            line = {**mine, "line_id": str(place)}
            rows["order_lines"].append({**line, "paid": paid, "quantity": quantity, "article": article})
            if place % 2:
                authorised = {"order_id": f"O{number}", "line_id": str(place), "rma_id": f"R{number}", "quantity": max(1, quantity)}
                rows["return_authorisations"].append({**authorised, "at": at(4, 1)})
        for place, (names, amount, quantity, status) in enumerate(refunds, 1):
            paid_back = {**mine, "at": at(4, 2) + timedelta(hours=place), "refund_id": f"F{number}-{place}", "status": status}
            rows["refunds"].append({**paid_back, "quantity": quantity, **_named(names, amount, number, lines)})
        for place, (amount, status, whole) in enumerate(disputes, 1):
            dispute = {
                "order_id": f"O{number}",
                "currency": currency,
                "at": at(5, 1),
                "dispute_id": f"D{number}-{place}",
                "reason": "fraudulent",
                "status": status,
            }
            rows["disputes"].append({**dispute, "amount": amount, "line_id": "" if whole else "1"})
    return read(rows)


def _named(names: str, amount: int, number: int, lines: list[Any]) -> Row:
    whole = sum(paid for paid, *_ in lines)
    ways: dict[str, Row] = {
        "line": {"line_id": "1"},
        "return": {"line_id": "", "rma_id": f"R{number}"},
        "lost return": {"line_id": "", "rma_id": "never authorised"},
        "order": {"line_id": ""},
        "whole": {"line_id": "", "amount": whole},
        "customer": {"line_id": "", "order_id": "", "article": "lamp"},
        "nobody": {"line_id": "", "order_id": "", "account_id": ""},
    }
    return {"amount": amount, **ways[names]}


# Each example fills a database: few and large ones, and no search for a smaller one, which would take minutes.
LOAD = settings(max_examples=12, deadline=None, print_blob=True, phases=[Phase.explicit, Phase.reuse, Phase.generate])


def asked(asker, drawn, build_part) -> tuple[Ledger, list[Row]]:
    ledger = build(drawn)
    fill(asker.engine, ledger)
    prepare(asker.engine)
    view = View(asker.engine)
    return ledger, view.rows(build_part(view)).to_pylist()


@LOAD
@given(ORDERS)
def test_the_parts_of_a_refund_add_up_to_it_exactly(asker, drawn):
    ledger, parts = asked(asker, drawn, allocations)
    expected = {row["id"]: row["amount"] for row in ledger["refunds"] if row["status"] == "settled"}
    summed: Counter[str] = Counter()
    for part in parts:
        summed[part["fact_id"]] += part["amount"]
    assert dict(summed) == expected
    assert min((part["amount"] for part in parts), default=0) >= 0
    assert {part["rule"] for part in parts} <= set(RULES)


@LOAD
@given(ORDERS)
def test_money_is_never_lost_between_refunds_disputes_and_slices(asker, drawn):
    ledger, found = asked(asker, drawn, slices)
    expected: Counter[str] = Counter()
    for row in (*ledger["refunds"], *ledger["disputes"]):
        expected[row["currency"]] += row["amount"] if row["status"] in {"settled", "lost"} else 0
    summed: Counter[str] = Counter()
    for row in found:
        summed[row["currency"]] += row["amount"]
    assert +summed == +expected
    assert len({row["slice_id"] for row in found}) == len(found)


@LOAD
@given(ORDERS)
def test_every_slices_money_is_told_by_the_facts_that_sent_it(asker, drawn):
    _, facts = asked(asker, drawn, refund_facts)
    view = View(asker.engine)
    found = {row["slice_id"]: row["amount"] for row in view.rows(slices(view)).to_pylist()}
    summed: Counter[str] = Counter()
    for fact in facts:
        summed[fact["slice_id"]] += fact["amount"]
    assert {name: amount for name, amount in found.items() if amount} == dict(+summed)


@pytest.mark.parametrize(
    ("weights", "amount", "parts"),
    [((1, 1, 1), 100, [33, 33, 34]), ((9000, 3000), 12000, [9000, 3000]), ((0, 5), 7, [0, 7]), ((1, 2), 1, [0, 1])],
)
def test_a_refund_of_a_return_is_spread_by_what_was_paid(asker, weights, amount, parts):
    lines = [{"line_id": str(place), "paid": paid, "article": "lamp"} for place, paid in enumerate(weights, 1)]
    returns = [{"at": at(4, 1), "line_id": line["line_id"], "rma_id": "R1"} for line in lines]
    refunds = [{"at": at(4, 2), "refund_id": "F1", "line_id": "", "rma_id": "R1", "amount": amount}]
    orders = [{"at": at(3, 1), "paid": sum(weights)}]
    fill(asker.engine, read({"orders": orders, "order_lines": lines, "return_authorisations": returns, "refunds": refunds}))
    prepare(asker.engine)
    view = View(asker.engine)
    rows = view.rows(allocations(view)).to_pylist()
    assert [row["amount"] for row in sorted(rows, key=lambda row: row["line_id"])] == parts
    assert {row["rule"] for row in rows} == {"return"}


@pytest.mark.parametrize(
    ("told", "paid", "later"),
    [
        ([("webhook", 1, 9000), ("export", 2, 8000)], 8000, 8000),
        ([("webhook", 2, 9000), ("export", 1, 8000)], 9000, 9000),
        ([("a", 1, 9000), ("b", 1, 8000)], 8000, 8000),
        ([("a", 1, 7000), ("b", 2, 8000), ("c", 20, 9000)], 8000, 9000),
    ],
)
def test_a_line_told_of_again_is_one_line_as_the_fact_known_last_says(asker, told, paid, later):
    lines = [{"id": name, "at": at(3, 1), "recorded": at(3, day), "paid": money, "article": "lamp"} for name, day, money in told]
    returns = [{"at": at(3, 3), "rma_id": "R1"}]
    refunds = [{"at": at(3, 4), "refund_id": "F1", "line_id": "", "rma_id": "R1", "amount": 5000}]
    orders = [{"at": at(3, 1), "paid": 9000}]
    fill(asker.engine, read({"orders": orders, "order_lines": lines, "return_authorisations": returns, "refunds": refunds}))
    prepare(asker.engine)
    for day, expected in ((10, paid), (25, later)):
        moment = micros(at(3, day))
        asker.engine.load("moments", pa.table({"order_id": ["O1"], "moment": pa.array([moment], pa.int64())}))
        whole, one = View(asker.engine, as_of=moment), View(asker.engine, as_of=moment, order_id="O1")
        for view in (whole, one, View(asker.engine, moments=asker.engine.table("moments"))):
            found = view.rows(slices(view)).to_pylist()
            assert [(row["slice_id"], row["line_paid"], row["amount"]) for row in found] == [("O1/1/R1", expected, 5000)]
