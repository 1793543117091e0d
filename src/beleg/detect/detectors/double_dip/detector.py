"""More went back than was paid: a refund besides a lost dispute, a replacement, or another refund."""

import ibis
import ibis.expr.types as ir

from beleg.detect.rows import facts_of, refunds_of, together
from beleg.proofs.dossier import Dossier

# Rounding and currency conversion may leave a little over.
SLACK = 1.02


def detect(dossier: Dossier) -> ir.Table:
    """Slices of lines or orders for which refunds, lost disputes and replacements together exceed what was paid."""
    slices = dossier.slices.filter(dossier.slices.amount > 0)
    lines = _over(_line_money(dossier, slices), ["order_id", "line_id"])
    orders = _over(_order_money(dossier, slices), ["order_id"])
    hit = together(
        slices.semi_join(lines, ["order_id", "line_id"]).select("slice_id", "order_id"),
        slices.semi_join(orders, "order_id").select("slice_id", "order_id"),
    ).distinct()
    sent = dossier.table("replacements").select("order_id", fact_id="id")
    again = hit.join(sent, "order_id")
    return together(refunds_of(dossier, hit), facts_of(again, "replacement"))


def _over(money: ir.Table, keys: list[str]) -> ir.Table:
    sums = money.group_by(keys).agg(back=money.back.sum(), paid=money.paid.max())
    return sums.filter(sums.back > sums.paid * SLACK).select(*keys)


def _line_money(dossier: Dossier, slices: ir.Table) -> ir.Table:
    refunded = slices.filter(slices.line_paid.notnull()).select("order_id", "line_id", back="amount", paid="line_paid")
    sent = dossier.table("replacements")
    lines = dossier.table("order_lines").select("order_id", "line_id", line_paid="paid", line_quantity="quantity")
    goods = (
        sent.filter(sent.line_id.notnull()).select("order_id", "line_id", "quantity", "value").join(lines, ["order_id", "line_id"])
    )
    worth = (goods.line_paid * goods.quantity) // ibis.greatest(goods.line_quantity, 1)
    replaced = goods.select("order_id", "line_id", back=ibis.coalesce(goods.value, worth.cast("int64")), paid=goods.line_paid)
    return together(refunded, replaced.semi_join(refunded, ["order_id", "line_id"]))


def _order_money(dossier: Dossier, slices: ir.Table) -> ir.Table:
    orders = dossier.table("orders")
    paid = (
        orders.filter(orders.paid.notnull())
        .group_by("order_id")
        .agg(order_paid=lambda t: t.paid.max(), order_currency=lambda t: t.currency.max())
    )
    joined = slices.filter(slices.order_id.notnull()).join(paid, "order_id")
    same = joined.filter(joined.currency == joined.order_currency)
    return same.select("order_id", back="amount", paid="order_paid")
