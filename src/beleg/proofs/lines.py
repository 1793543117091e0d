"""The order lines of what is asked about: a line that several facts tell of is as the newest of them says."""

import ibis
import ibis.expr.types as ir

from beleg.ledger.view import View

# The facts that ask for money name the orders whose lines are read.
_ASKING = ("return_authorisations", "claims", "refund_requests", "refunds", "disputes")


# What is read of a line; all of its columns would take half as long again.
_READ = ("order_id", "line_id", "account_id", "article", "category", "quantity", "paid", "currency", "unit_weight", "serialised")


def order_lines(view: View) -> ir.Table:
    """The lines of every order that something is asked about, one row per order and line, with what is read of them."""
    return view.lasting("order_lines", _asked_about)


def _asked_about(view: View) -> ir.Table:
    lines = view.table("order_lines").select("id", "known_at", *_READ)
    if view.order_id is None:
        named = [view.table(name).select("order_id") for name in _ASKING]
        named.append(view.prepared("matches").select("order_id"))
        lines = lines.semi_join(ibis.union(*named, distinct=True), "order_id")
    return newest(lines).select(*_READ)


def newest(lines: ir.Table) -> ir.Table:
    """The lines, each told once: by the fact known last, of those known at once by the one with the largest id.

    An order that is exported again, or told by a webhook and by an export, would else have been paid for twice.
    """
    order = [ibis.desc(lines.known_at.fill_null(0)), ibis.desc(lines.id)]
    placed = lines.mutate(place=ibis.row_number().over(ibis.window(group_by=["order_id", "line_id"], order_by=order)))
    return placed.filter(placed.place == 0).drop("place")
