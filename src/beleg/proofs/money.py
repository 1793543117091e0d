"""The third leg of the three-way match: settled refunds, replacements and lost disputes never exceed what was paid."""

import ibis
import ibis.expr.types as ir

from beleg.ledger.view import View
from beleg.proofs.lines import order_lines
from beleg.proofs.slices import slices

# Rounding, and shipping refunded with goods, may leave a little over.
SLACK = 1.02


def overpaid(view: View) -> ir.Table:
    """The slices (slice_id, order_id) of every line, and of every order, for which more went back than was paid."""
    return view.lasting("overpaid", _overpaid)


def _overpaid(view: View) -> ir.Table:
    refunded = _counted(view).filter(lambda t: t.amount > 0).select("slice_id", "order_id")
    t = refunded.join(balance(view), "slice_id")
    return t.filter((t.gone > t.paid * SLACK) | (t.order_gone > t.order_paid * SLACK)).select("slice_id", "order_id")


def balance(view: View) -> ir.Table:
    """What was paid and what went back, in minor units, as the audit and the gate both see it.

    What was paid beyond the lines (shipping) may come back with any one of them; the order's own sum sees that it does so once.

    Returns:
        slice_id; paid and gone, of the slice's line; order_paid and order_gone, of its order. What is not known is null.
    """
    return view.lasting("balance", _balance)


def _balance(view: View) -> ir.Table:
    counted = _counted(view)
    orders = _orders(view, counted.select("order_id").distinct())
    line_money = _line_money(view, counted)
    lines = line_money.group_by(["order_id", "line_id"]).agg(paid=line_money.paid.max(), gone=line_money.back.sum())
    lines = lines.left_join(orders.select("order_id", "beside"), "order_id").drop("order_id_right")
    lines = lines.mutate(paid=lines.paid + lines.beside.fill_null(0)).drop("beside")
    order_money = _order_money(counted, orders)
    whole = order_money.group_by("order_id").agg(order_paid=order_money.paid.max(), order_gone=order_money.back.sum())
    t = counted.select("slice_id", "order_id", "line_id")
    t = t.left_join(lines, ["order_id", "line_id"]).drop("order_id_right", "line_id_right")
    t = t.left_join(whole, "order_id").drop("order_id_right")
    return t.select("slice_id", "paid", "gone", "order_paid", "order_gone")


def _counted(view: View) -> ir.Table:
    every = view.lasting("slices", slices)
    # a purchase that a refund was tied to by inference may not be the one it is for, nor have had its price
    counted = every.filter(every.rule.fill_null("") != "purchase")
    return counted.select("slice_id", "order_id", "line_id", "amount", "currency", "line_paid")


def _orders(view: View, asked: ir.Table) -> ir.Table:
    """Per order asked about: order_id, order_paid, order_currency, and beside, what was paid beyond its lines."""
    headers = view.narrowed("orders", asked)
    priced = headers.paid.notnull().ifelse(headers.currency, None)
    orders = headers.group_by("order_id").agg(order_paid=headers.paid.max(), order_currency=priced.max())
    lines = order_lines(view).semi_join(asked, "order_id")
    sums = lines.group_by("order_id").agg(lines_paid=lines.paid.sum())
    joined = orders.left_join(sums, "order_id")
    beyond = ibis.greatest(joined.order_paid - joined.lines_paid, 0).cast("int64")
    return joined.select("order_id", "order_paid", "order_currency", beside=joined.lines_paid.notnull().ifelse(beyond, None))


def _line_money(view: View, asked: ir.Table) -> ir.Table:
    refunded = asked.filter(asked.line_paid.notnull()).select("order_id", "line_id", back="amount", paid="line_paid")
    sent = view.table("replacements")
    lines = order_lines(view).select("order_id", "line_id", line_paid="paid", line_quantity="quantity")
    goods = sent.filter(sent.line_id.notnull()).select("order_id", "line_id", "quantity", "value")
    goods = goods.join(lines, ["order_id", "line_id"])
    worth = (goods.line_paid * goods.quantity) // ibis.greatest(goods.line_quantity, 1)
    replaced = goods.select("order_id", "line_id", back=ibis.coalesce(goods.value, worth.cast("int64")), paid=goods.line_paid)
    return refunded.union(replaced.semi_join(refunded, ["order_id", "line_id"]), distinct=False)


def _order_money(asked: ir.Table, orders: ir.Table) -> ir.Table:
    joined = asked.filter(asked.order_id.notnull()).join(orders.filter(orders.order_paid.notnull()), "order_id")
    same = joined.filter(joined.currency == joined.order_currency)
    return same.select("order_id", back="amount", paid="order_paid")
