"""Refunds without an order, tied to purchases: against units laid out one by one."""

from collections import Counter
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from beleg.kernels.first_bought import tie

PURCHASES = pa.schema(
    [("account_id", pa.string()), ("article", pa.string()), ("order_id", pa.string()), ("line_id", pa.string()),
     ("quantity", pa.int64()), ("at", pa.int64()), ("place", pa.string())]
)  # fmt: skip
REFUNDS = pa.schema(
    [("fact_id", pa.string()), ("account_id", pa.string()), ("article", pa.string()), ("quantity", pa.int64()),
     ("amount", pa.int64()), ("at", pa.int64()), ("place", pa.string()), ("service", pa.bool_())]
)  # fmt: skip

WHO = st.sampled_from(["A", "B", None])
WHAT = st.sampled_from(["lamp", "bulb", None])
WHEN = st.one_of(st.none(), st.integers(0, 6))
BOUGHT = st.lists(st.tuples(st.sampled_from("AB"), st.sampled_from(["lamp", "bulb"]), st.integers(0, 4), WHEN), max_size=7)
ASKED = st.lists(st.tuples(WHO, WHAT, st.one_of(st.none(), st.integers(0, 5)), st.integers(0, 999), WHEN), max_size=7)


def purchases(drawn: list[Any]) -> list[dict[str, Any]]:
    return [
        {"account_id": who, "article": what, "order_id": f"O{n}", "line_id": "1", "quantity": units, "at": when, "place": f"{n:03}"}
        for n, (who, what, units, when) in enumerate(drawn)
    ]


def refunds(drawn: list[Any]) -> list[dict[str, Any]]:
    return [
        {"fact_id": f"F{n}", "account_id": who, "article": what, "quantity": units, "amount": amount, "at": when,
         "place": f"{n:03}", "service": False}
        for n, (who, what, units, amount, when) in enumerate(drawn)
    ]  # fmt: skip


def ask(bought: list[dict[str, Any]], asked: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return tie(pa.Table.from_pylist(bought, PURCHASES), pa.Table.from_pylist(asked, REFUNDS)).to_pylist()


def unit_by_unit(bought: list[dict[str, Any]], asked: list[dict[str, Any]]) -> Counter[tuple[str, str]]:
    """Every unit bought stands in a row, the oldest in front; each refund takes the first that are its own, or none."""
    row = [one for one in sorted(bought, key=_when) for _ in range(one["quantity"])]
    taken: Counter[tuple[str, str]] = Counter()
    for refund in sorted(asked, key=_when):
        fits = [n for n, unit in enumerate(row) if _fits(unit, refund)]
        if refund["quantity"] and len(fits) >= refund["quantity"]:
            for n in reversed(fits[: refund["quantity"]]):
                taken[refund["fact_id"], row.pop(n)["order_id"]] += 1
    return taken


def _when(row: dict[str, Any]) -> tuple[bool, int, str]:
    return row["at"] is None, row["at"] or 0, row["place"]


def _fits(unit: dict[str, Any], refund: dict[str, Any]) -> bool:
    same = unit["account_id"] == refund["account_id"] and unit["article"] == refund["article"]
    return same and None not in (unit["at"], refund["at"]) and unit["at"] <= refund["at"]


@given(BOUGHT, ASKED)
def test_it_ties_as_one_would_unit_by_unit(drawn, wanted):
    bought, asked = purchases(drawn), refunds(wanted)
    found: Counter[tuple[str, str]] = Counter()
    for row in ask(bought, asked):
        if row["rule"] == "purchase":
            found[row["fact_id"], row["order_id"]] += row["quantity"]
    assert found == unit_by_unit(bought, asked)


@given(BOUGHT, ASKED)
def test_every_refund_is_answered_and_its_money_is_all_there(drawn, wanted):
    asked = refunds(wanted)
    amounts: Counter[str] = Counter({row["fact_id"]: 0 for row in asked})
    rows = ask(purchases(drawn), asked)
    for row in rows:
        amounts[row["fact_id"]] += row["amount"]
    assert amounts == {row["fact_id"]: row["amount"] for row in asked}
    assert {row["fact_id"] for row in rows} == {row["fact_id"] for row in asked}
    assert all((row["order_id"] is not None) == (row["rule"] == "purchase") for row in rows)


@given(BOUGHT, ASKED, st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(drawn, wanted, chance):
    bought, asked = purchases(drawn), refunds(wanted)
    expected = sorted(map(repr, ask(bought, asked)))
    chance.shuffle(bought)
    chance.shuffle(asked)
    assert sorted(map(repr, ask(bought, asked))) == expected


@pytest.mark.parametrize(
    ("changed", "rule"),
    [
        ({}, "purchase"),
        ({"service": True, "article": None}, "service"),
        ({"account_id": None}, "no_customer"),
        ({"article": None}, "no_article"),
        ({"quantity": 0}, "no_article"),
        ({"article": "vase"}, "no_purchase"),
        ({"account_id": "B"}, "no_purchase"),
        ({"quantity": 3}, "before_window"),
        ({"at": 0}, "before_window"),
        ({"at": None}, "before_window"),
    ],
)
def test_it_says_why_there_is_no_purchase(changed, rule):
    (refund,) = refunds([("A", "lamp", 2, 100, 5)])
    assert {row["rule"] for row in ask(purchases([("A", "lamp", 2, 1)]), [refund | changed])} == {rule}


def test_unknown_customers_are_never_the_same_customer():
    bought = [row | {"account_id": None} for row in purchases([("A", "lamp", 2, 1)])]
    (row,) = ask(bought, refunds([(None, "lamp", 1, 100, 5)]))
    assert row["rule"] == "no_customer"
