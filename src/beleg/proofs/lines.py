"""The order lines of what is asked about: a line that several facts tell of is as the newest of them says."""

import ibis
import ibis.expr.types as ir

from beleg.ledger.view import View

# The facts that ask for money name the orders whose lines are read.
_ASKING = ("return_authorisations", "claims", "refund_requests", "refunds", "disputes")


def order_lines(view: View) -> ir.Table:
    """The order lines of every order that something is asked about, one row per order and line, with a fact's columns."""
    return view.lasting("order_lines", _asked_about)


def _asked_about(view: View) -> ir.Table:
    lines = view.table("order_lines")
    if view.order_id is not None:
        return newest(lines)
    named = [view.table(name).select("order_id") for name in _ASKING]
    named.append(view.prepared("matches").select("order_id"))
    return newest(lines.semi_join(ibis.union(*named, distinct=True), "order_id"))


def newest(lines: ir.Table) -> ir.Table:
    """The lines, each told once: by the fact known last, of those known at once by the one with the largest id.

    An order that is exported again, or told by a webhook and by an export, would else have been paid for twice.
    """
    keys = ["order_id", "line_id"]
    # hardly any line is told of twice, and finding out costs less than putting all in order
    again = lines.group_by(keys).agg(told=lines.count()).filter(lambda t: t.told > 1).select(*keys)
    several = lines.semi_join(again, keys).select("id", "known_at", *keys)
    window = ibis.window(group_by=keys, order_by=[ibis.desc(several.known_at.fill_null(0)), ibis.desc(several.id)])
    placed = several.mutate(place=ibis.row_number().over(window))
    return lines.anti_join(placed.filter(placed.place > 0).select("id"), "id")
