"""The third leg of the three-way match: settled refunds, replacements and lost disputes never exceed what was paid."""

import ibis
import ibis.expr.types as ir

from beleg.ledger.view import View
from beleg.proofs.slices import slices

# Rounding, and shipping refunded with goods, may leave a little over.
SLACK = 1.02


def overpaid(view: View) -> ir.Table:
    """The slices (slice_id, order_id) of every line, and of every order, for which more went back than was paid."""
    return view.step("overpaid", _overpaid)


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
    return view.step("balance", _balance)


def _balance(view: View) -> ir.Table:
    counted = _counted(view)
    line_money = _line_money(view, counted)
    lines = line_money.group_by(["order_id", "line_id"]).agg(paid=line_money.paid.max(), gone=line_money.back.sum())
    order_money = _order_money(view, counted)
    orders = order_money.group_by("order_id").agg(order_paid=order_money.paid.max(), order_gone=order_money.back.sum())
    t = counted.select("slice_id", "order_id", "line_id")
    t = t.left_join(lines, ["order_id", "line_id"]).drop("order_id_right", "line_id_right")
    t = t.left_join(orders, "order_id").drop("order_id_right")
    return t.select("slice_id", "paid", "gone", "order_paid", "order_gone")


def _counted(view: View) -> ir.Table:
    every = view.step("slices", slices)
    # a purchase that a refund was tied to by inference may not be the one it is for, nor have had its price
    return every.filter(every.rule.fill_null("") != "purchase")


def _line_money(view: View, asked: ir.Table) -> ir.Table:
    refunded = asked.filter(asked.line_paid.notnull()).select("order_id", "line_id", back="amount", paid="line_paid")
    sent = view.table("replacements")
    lines = view.table("order_lines").select("order_id", "line_id", line_paid="paid", line_quantity="quantity")
    goods = sent.filter(sent.line_id.notnull()).select("order_id", "line_id", "quantity", "value")
    goods = goods.join(lines, ["order_id", "line_id"])
    worth = (goods.line_paid * goods.quantity) // ibis.greatest(goods.line_quantity, 1)
    replaced = goods.select("order_id", "line_id", back=ibis.coalesce(goods.value, worth.cast("int64")), paid=goods.line_paid)
    every = refunded.union(replaced.semi_join(refunded, ["order_id", "line_id"]), distinct=False)
    every = every.left_join(_beside_lines(view, asked.select("order_id").distinct()), "order_id").drop("order_id_right")
    return every.mutate(paid=every.paid + every.beside.fill_null(0)).drop("beside")


def _beside_lines(view: View, asked: ir.Table) -> ir.Table:
    """What was paid for each order asked about beyond its lines: order_id, beside."""
    orders = view.narrowed("orders", asked).group_by("order_id").agg(order_paid=lambda t: t.paid.max())
    lines = view.narrowed("order_lines", asked).group_by("order_id").agg(lines_paid=lambda t: t.paid.sum())
    joined = orders.join(lines, "order_id")
    return joined.select("order_id", beside=ibis.greatest(joined.order_paid - joined.lines_paid, 0).cast("int64"))


def _order_money(view: View, asked: ir.Table) -> ir.Table:
    orders = view.narrowed("orders", asked)
    known = orders.filter(orders.paid.notnull())
    known = known.group_by("order_id").agg(order_paid=known.paid.max(), order_currency=known.currency.max())
    joined = asked.filter(asked.order_id.notnull()).join(known, "order_id")
    same = joined.filter(joined.currency == joined.order_currency)
    return same.select("order_id", back="amount", paid="order_paid")
