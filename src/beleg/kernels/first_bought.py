"""Ties refunds that name no order to earlier purchases of the same customer and article, oldest first."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

_COLUMNS: list[tuple[str, pa.DataType]] = [
    ("fact_id", pa.string()),
    ("order_id", pa.string()),
    ("line_id", pa.string()),
    ("quantity", pa.int64()),
    ("amount", pa.int64()),
    ("rule", pa.string()),
]
MATCHES = pa.schema(_COLUMNS)

_LAST = 1 << 62  # sorts facts of unknown time behind all others


@dataclass(slots=True)
class _Purchase:
    order_id: str
    line_id: str
    at: int | None
    left: int


def tie(purchases: pa.Table, refunds: pa.Table) -> pa.Table:
    """Tie each refund to purchases that cover its whole quantity, or say why there are none.

    Refunds are served in the order of their time, then of the file they came in. One that its customer's earlier purchases do
    not cover uses none of them up. A purchase of unknown time ties to nothing timed.

    Args:
        purchases: account_id, article, order_id, line_id, quantity, at (microseconds), place (sorts within one moment).
        refunds: fact_id, account_id, article, quantity, amount, at, place, service (bool: no article at all).

    Returns:
        Rows of `MATCHES`; a refund's amounts add up to its amount, the rounding going to the last purchase.
    """
    stock: dict[tuple[str, str], list[_Purchase]] = defaultdict(list)
    for row in _in_order(purchases):
        stock[row["account_id"], row["article"]].append(_Purchase(row["order_id"], row["line_id"], row["at"], row["quantity"]))
    found: list[tuple[Any, ...]] = []
    for refund in _in_order(refunds):
        found.extend(_serve(refund, stock))
    return pa.Table.from_pylist([dict(zip(MATCHES.names, row, strict=True)) for row in found], schema=MATCHES)


def _in_order(rows: pa.Table) -> list[dict[str, Any]]:
    return sorted(rows.to_pylist(), key=lambda row: (_LAST if row["at"] is None else row["at"], row["place"]))


def _serve(refund: dict[str, Any], stock: dict[tuple[str, str], list[_Purchase]]) -> list[tuple[Any, ...]]:
    known = refund["account_id"] is not None and refund["article"] is not None
    bought = stock.get((refund["account_id"], refund["article"]), []) if known else []
    earlier = [purchase for purchase in bought if _before(purchase.at, refund["at"])]
    if refund["quantity"] and sum(purchase.left for purchase in earlier) >= refund["quantity"]:
        return _take(refund, earlier)
    return [(refund["fact_id"], None, None, refund["quantity"], refund["amount"], _why_not(refund, bought))]


def _why_not(refund: dict[str, Any], bought: list[_Purchase]) -> str:
    if refund["service"]:
        return "service"
    if refund["account_id"] is None:
        return "no_customer"
    if refund["article"] is None or not refund["quantity"]:
        return "no_article"
    return "before_window" if bought else "no_purchase"


def _before(bought: int | None, refunded: int | None) -> bool:
    return refunded is not None and bought is not None and bought <= refunded


def _take(refund: dict[str, Any], earlier: list[_Purchase]) -> list[tuple[Any, ...]]:
    wanted, amount = refund["quantity"], refund["amount"]
    rows: list[tuple[Any, ...]] = []
    taken = paid = 0
    for purchase in earlier:
        part = min(purchase.left, wanted - taken)
        if part == 0:
            continue
        purchase.left -= part
        taken += part
        share = amount * taken // wanted - paid
        paid += share
        rows.append((refund["fact_id"], purchase.order_id, purchase.line_id, part, share, "purchase"))
    return rows
