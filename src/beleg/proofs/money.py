"""The third leg of the three-way match: settled refunds, replacements and lost disputes never exceed what was paid."""

import ibis
import ibis.expr.types as ir

from beleg.ledger.view import View
from beleg.proofs.slices import slices

# Rounding, and shipping refunded with goods, may leave a little over.
SLACK = 1.02


def overpaid(view: View) -> ir.Table:
    """The slices (slice_id, order_id) of every line, and of every order, for which more went back than was paid.

    What was paid beyond the lines (shipping) may come back with any one of them; the order's own sum sees that it does so once.
    """
    return view.step("overpaid", _overpaid)


def _overpaid(view: View) -> ir.Table:
    every = view.step("slices", slices)
    # a purchase that a refund was tied to by inference may not be the one it is for, nor have had its price
    paid = every.filter((every.amount > 0) & (every.rule.fill_null("") != "purchase"))
    lines = _over(_line_money(view, paid), ["order_id", "line_id"])
    orders = _over(_order_money(view, paid), ["order_id"])
    by_line = paid.semi_join(lines, ["order_id", "line_id"]).select("slice_id", "order_id")
    return by_line.union(paid.semi_join(orders, "order_id").select("slice_id", "order_id"), distinct=True)


def _over(money: ir.Table, keys: list[str]) -> ir.Table:
    sums = money.group_by(keys).agg(back=money.back.sum(), paid=money.paid.max())
    return sums.filter(sums.back > sums.paid * SLACK).select(*keys)


def _line_money(view: View, paid: ir.Table) -> ir.Table:
    refunded = paid.filter(paid.line_paid.notnull()).select("order_id", "line_id", back="amount", paid="line_paid")
    sent = view.table("replacements")
    lines = view.table("order_lines").select("order_id", "line_id", line_paid="paid", line_quantity="quantity")
    goods = sent.filter(sent.line_id.notnull()).select("order_id", "line_id", "quantity", "value")
    goods = goods.join(lines, ["order_id", "line_id"])
    worth = (goods.line_paid * goods.quantity) // ibis.greatest(goods.line_quantity, 1)
    replaced = goods.select("order_id", "line_id", back=ibis.coalesce(goods.value, worth.cast("int64")), paid=goods.line_paid)
    every = refunded.union(replaced.semi_join(refunded, ["order_id", "line_id"]), distinct=False)
    every = every.left_join(_beside_lines(view, paid.select("order_id").distinct()), "order_id").drop("order_id_right")
    return every.mutate(paid=every.paid + every.beside.fill_null(0)).drop("beside")


def _beside_lines(view: View, asked: ir.Table) -> ir.Table:
    """What was paid for each order asked about beyond its lines: order_id, beside."""
    orders = view.narrowed("orders", asked).group_by("order_id").agg(order_paid=lambda t: t.paid.max())
    lines = view.narrowed("order_lines", asked).group_by("order_id").agg(lines_paid=lambda t: t.paid.sum())
    joined = orders.join(lines, "order_id")
    return joined.select("order_id", beside=ibis.greatest(joined.order_paid - joined.lines_paid, 0).cast("int64"))


def _order_money(view: View, paid: ir.Table) -> ir.Table:
    orders = view.narrowed("orders", paid)
    known = orders.filter(orders.paid.notnull())
    known = known.group_by("order_id").agg(order_paid=known.paid.max(), order_currency=known.currency.max())
    joined = paid.filter(paid.order_id.notnull()).join(known, "order_id")
    same = joined.filter(joined.currency == joined.order_currency)
    return same.select("order_id", back="amount", paid="order_paid")
