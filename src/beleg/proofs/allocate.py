"""Which order line a refund is for: by its own words, its return, its whole order, or earlier purchases of the same article."""

from functools import partial

import ibis
import ibis.expr.types as ir

from beleg.ledger.view import View
from beleg.proofs.lines import order_lines

# Every rule by which a refund reaches a line, and what it means; the report shows them.
RULES = {
    "line": "the refund names its order line",
    "return": "the refund names a return; its amount is spread over that return's lines by what was paid for them",
    "order": "the refund covers its whole order, or the order has one line; spread over the lines by what was paid for them",
    "unallocated": "the refund names its order but not which of several lines; it stays with the order",
    "purchase": "tied to earlier purchases of the same customer and article, oldest first",
    "no_customer": "the source names neither an order nor a customer",
    "service": "a charge, not an article: postage, discount, fees, manual corrections",
    "no_purchase": "this customer never bought this article within the period",
    "before_window": "bought in part or not yet bought when the refund was made: the rest lies before the period",
    "no_article": "the source names neither an order nor an article",
}

_COLUMNS = ("fact_id", "refund_id", "order_id", "line_id", "quantity", "amount", "rule")


def allocations(view: View) -> ir.Table:
    """Every settled refund, spread over order lines.

    One row per refund and line: fact_id, refund_id, order_id, line_id, quantity (empty when unknown), amount (minor units), rule.
    The amounts of a refund's rows add up to the refund's amount exactly.
    """
    refunds = view.table("refunds")
    refunds = refunds.filter(refunds.status == "settled").rename(fact_id="id")
    named = refunds.filter(refunds.order_id.notnull())
    by_line = named.filter(named.line_id.notnull()).mutate(rule=ibis.literal("line"))
    open_ = named.filter(named.line_id.isnull())
    by_return = _spread(open_.filter(open_.rma_id.notnull()), _return_lines(view), ["order_id", "rma_id"], "return")
    rest = open_.filter(open_.rma_id.isnull())
    whole = _whole_orders(rest, view)
    covered = rest.semi_join(whole, "fact_id")
    by_order = _spread(covered, _order_lines(view), ["order_id"], "order")
    left = open_.anti_join(by_return, "fact_id").anti_join(by_order, "fact_id").mutate(rule=ibis.literal("unallocated"))
    parts = [by_line, by_return, by_order, left, _matched(refunds, view)]
    return ibis.union(*(part.select(*_COLUMNS) for part in parts), distinct=False)


def _return_lines(view: View) -> ir.Table:
    returns = view.table("return_authorisations")
    lines = order_lines(view).select("order_id", "line_id", line_paid="paid", line_quantity="quantity")
    joined = returns.select("order_id", "rma_id", "line_id", "quantity").join(lines, ["order_id", "line_id"])
    weight = (joined.line_paid * joined.quantity) // ibis.greatest(joined.line_quantity, 1)
    return joined.select("order_id", "rma_id", "line_id", part_quantity=joined.quantity, weight=weight)


def _order_lines(view: View) -> ir.Table:
    lines = order_lines(view)
    return lines.select("order_id", "line_id", part_quantity=lines.quantity, weight=lines.paid)


def _whole_orders(refunds: ir.Table, view: View) -> ir.Table:
    """The refunds that leave no doubt which lines they are for: one line, or the whole amount."""
    lines = order_lines(view).semi_join(refunds, "order_id")
    sums = lines.group_by("order_id").agg(lines=lines.count(), lines_paid=lines.paid.sum())
    headers = view.narrowed("orders", refunds)
    paid = headers.group_by("order_id").agg(order_paid=lambda t: t.paid.max())
    joined = refunds.select("fact_id", "order_id", "amount").join(sums, "order_id").left_join(paid, "order_id")
    return joined.filter((joined.lines == 1) | (joined.amount == joined.lines_paid) | (joined.amount == joined.order_paid)).select(
        "fact_id"
    )


def _spread(refunds: ir.Table, lines: ir.Table, keys: list[str], rule: str) -> ir.Table:
    """Spread each refund over its lines by weight; the running share is rounded down, so the parts add up to the whole."""
    bare = refunds.select("fact_id", "refund_id", "amount", *keys)
    joined = bare.join(lines, keys)
    every = ibis.window(group_by="fact_id")
    so_far = ibis.window(group_by="fact_id", order_by="line_id", preceding=(None, 0))
    summed = joined.mutate(total=joined.weight.sum().over(every), upto=joined.weight.sum().over(so_far))
    share = partial(_share, amount=summed.amount, total=summed.total)
    part = (share(upto=summed.upto) - share(upto=summed.upto - summed.weight)).cast("int64")
    named = summed.mutate(part=part, rule=ibis.literal(rule)).filter(lambda t: t.total > 0)
    return named.select("fact_id", "refund_id", "order_id", "line_id", "rule", quantity="part_quantity", amount="part")


def _share(*, upto: ir.Value, amount: ir.Value, total: ir.Value) -> ir.Value:
    return (amount * upto) // ibis.greatest(total, 1)


def _matched(refunds: ir.Table, view: View) -> ir.Table:
    """Refunds that name no order: what the matching kernel found, or why it found nothing."""
    bare = refunds.filter(refunds.order_id.isnull()).select("fact_id", "refund_id")
    return bare.join(view.prepared("matches"), "fact_id")
