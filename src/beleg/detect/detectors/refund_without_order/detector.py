"""Money went back for a purchase that is not there."""

import ibis.expr.types as ir

from beleg.detect.rows import refunds_of
from beleg.proofs.dossier import Dossier


def detect(dossier: Dossier) -> ir.Table:
    """Slices whose refund names an order that does not exist, or names none and fits no purchase of that customer."""
    slices = dossier.slices.filter(dossier.slices.amount > 0)
    # what was paid for its line is known only of lines that are there, and nearly all are
    named = slices.filter(slices.order_id.notnull() & slices.line_paid.isnull())
    missing = named.anti_join(dossier.table("orders").select("order_id"), "order_id")
    missing = missing.anti_join(dossier.table("order_lines").select("order_id"), "order_id")
    loose = slices.filter(slices.rule.isin(["no_customer", "no_purchase", "no_article"]))
    return refunds_of(dossier, missing.select("slice_id").union(loose.select("slice_id")))
