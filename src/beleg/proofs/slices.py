"""What is asked about: the returns, claims, requests, refunds and lost disputes of order lines, as slices."""

import ibis
import ibis.expr.types as ir

from beleg.ledger.view import View
from beleg.proofs.allocate import allocations
from beleg.proofs.lines import order_lines

_PART = {
    "order_id": "string",
    "line_id": "string",
    "thread": "string",
    "rma_id": "string",
    "claim_id": "string",
    "refund_fact": "string",
    "quantity": "int64",
    "at": "int64",
    "amount": "int64",
    "refunded_at": "int64",
    "trigger": "string",
    "stated_class": "string",
    "claim_kind": "string",
    "returnless": "int64",
    "disputed": "int64",
    "site": "string",
    "currency": "string",
    "account_id": "string",
    "article": "string",
    "rule": "string",
}

# Columns that are the same in every part of a slice that has them.
_LARGEST = (
    "order_id", "line_id", "thread", "rma_id", "claim_id", "trigger", "stated_class", "claim_kind", "site",
    "currency", "account_id", "article", "returnless", "disputed", "rule", "quantity",
)  # fmt: skip


def slices(view: View) -> ir.Table:
    """One row per slice.

    slice_id; order_id, line_id, thread; rma_id, claim_id; first_at (microseconds); quantity; amount (minor units refunded or lost),
    currency, refunded_at; refund_class; account_id, article, category, line_paid, unit_weight, serialised, site, rule.
    """
    parts = [_returns(view), _claims(view), _requests(view), _refunds(view), _disputes(view)]
    every = _named(ibis.union(*parts, distinct=False))
    gathered = every.group_by("slice_id").agg(
        **{name: every[name].max() for name in _LARGEST},
        amount=every.amount.sum(),
        first_at=every["at"].min(),
        refunded_at=every.refunded_at.min(),
    )
    return _classed(_with_lines(gathered, view), view)


def refund_facts(view: View) -> ir.Table:
    """Which fact sent which money for which slice: slice_id, fact_id, amount, at."""
    paid = _named(ibis.union(_refunds(view), _disputes(view), distinct=False))
    return paid.select("slice_id", "amount", "at", fact_id="refund_fact")


def _named(parts: ir.Table) -> ir.Table:
    return parts.mutate(slice_id=parts.order_id.fill_null("") + "/" + parts.line_id.fill_null("") + "/" + parts.thread)


def _part(rows: ir.Table, **values: ir.Value) -> ir.Table:
    """A part of the union: the columns given, the rest empty."""
    cells = {name: values[name] if name in values else ibis.null() for name in _PART}
    return rows.select(**{name: cells[name].cast(kind) for name, kind in _PART.items()})


def _returns(view: View) -> ir.Table:
    t = view.table("return_authorisations")
    return _part(
        t, order_id=t.order_id, line_id=t.line_id, thread=t.rma_id, rma_id=t.rma_id, quantity=t.quantity, at=t.occurred_at,
        returnless=t.returnless.ifelse(1, 0), site=t.site, account_id=t.account_id, amount=ibis.literal(0),
    )  # fmt: skip


def _claims(view: View) -> ir.Table:
    t = view.table("claims")
    return _part(
        t, order_id=t.order_id, line_id=t.line_id, thread=t.claim_id, claim_id=t.claim_id, quantity=t.quantity, at=t.occurred_at,
        claim_kind=t.kind, account_id=t.account_id, amount=ibis.literal(0),
    )  # fmt: skip


def _requests(view: View) -> ir.Table:
    t = view.table("refund_requests")
    return _part(
        t, order_id=t.order_id, line_id=t.line_id, thread=t.refund_id, quantity=t.quantity, at=t.occurred_at, trigger=t.trigger,
        stated_class=t.stated_class, currency=t.currency, account_id=t.account_id, amount=ibis.literal(0),
    )  # fmt: skip


def _refunds(view: View) -> ir.Table:
    refunds = view.table("refunds")
    named = refunds.select(
        "rma_id", "claim_id", "occurred_at", "trigger", "stated_class", "currency", "account_id", "article", fact_id="id"
    )
    t = view.lasting("allocations", allocations).join(named, "fact_id")
    return _part(
        t, order_id=t.order_id, line_id=t.line_id, thread=ibis.coalesce(t.rma_id, t.claim_id, t.refund_id), rma_id=t.rma_id,
        claim_id=t.claim_id, refund_fact=t.fact_id, quantity=t.quantity, at=t.occurred_at, amount=t.amount,
        refunded_at=t.occurred_at, trigger=t.trigger, stated_class=t.stated_class, currency=t.currency,
        account_id=t.account_id, article=t.article, rule=t.rule,
    )  # fmt: skip


def _disputes(view: View) -> ir.Table:
    # a dispute's newest fact says how it stands: one that was lost and then won cost nothing
    every = view.table("disputes")
    newest = ibis.window(group_by="dispute_id", order_by=[ibis.desc(every.occurred_at.fill_null(0)), ibis.desc(every.id)])
    disputes = every.mutate(place=ibis.row_number().over(newest))
    t = disputes.filter((disputes.place == 0) & (disputes.status == "lost"))
    return _part(
        t, order_id=t.order_id, line_id=t.line_id, thread=t.dispute_id, refund_fact=t.id, at=t.occurred_at, amount=t.amount,
        refunded_at=t.occurred_at, disputed=ibis.literal(1), currency=t.currency,
    )  # fmt: skip


def _with_lines(gathered: ir.Table, view: View) -> ir.Table:
    lines = order_lines(view).select(
        "order_id", "line_id", "category", "unit_weight", "serialised",
        line_article="article", line_account="account_id", line_paid="paid", line_quantity="quantity", line_currency="currency",
    )  # fmt: skip
    headers = view.narrowed("orders", gathered)
    orders = headers.group_by("order_id").agg(order_account=headers.account_id.max())
    joined = gathered.left_join(lines, ["order_id", "line_id"]).drop("order_id_right", "line_id_right")
    joined = joined.left_join(orders, "order_id").drop("order_id_right")
    return joined.mutate(
        account_id=ibis.coalesce(joined.account_id, joined.line_account, joined.order_account),
        article=ibis.coalesce(joined.article, joined.line_article),
        currency=ibis.coalesce(joined.currency, joined.line_currency),
        quantity=ibis.coalesce(joined.quantity, joined.line_quantity, 1),
    ).drop("line_account", "order_account", "line_article", "line_currency", "line_quantity")


def _classed(joined: ir.Table, view: View) -> ir.Table:
    """The refund class: what the source states, else what set the refund off and what it is about."""
    t = joined.mutate(line_key=joined.line_id.fill_null(""))
    t = t.left_join(_cancelled(view), ["order_id", "line_key"]).drop("order_id_right", "line_key_right", "line_key")
    came_back = t.rma_id.notnull() | t.trigger.isin(["on_first_scan", "on_delivered", "on_receipt", "on_inspection"])
    refund_class = ibis.cases(
        (t.stated_class.notnull(), t.stated_class),
        (t.disputed == 1, "chargeback"),
        ((t.returnless == 1) | (t.trigger == "returnless") | (t.claim_kind == "hazardous"), "returnless"),
        (t.claim_kind == "not_received", "not_received"),
        (t.claim_kind.notnull() & t.rma_id.isnull(), "damaged"),
        (t.cancelled.notnull() & t.rma_id.isnull(), "cancelled"),
        (t.trigger == "instant", "instant"),
        (came_back, "return"),
        else_="unclassified",
    )
    return t.mutate(refund_class=refund_class).drop("stated_class", "returnless", "disputed", "cancelled")


def _cancelled(view: View) -> ir.Table:
    """The cancelled (order_id, line_key); a cancelled order cancels its lines and what is not allocated to a line."""
    named = view.table("cancellations")
    lines = order_lines(view).select("order_id", "line_id")
    whole = named.filter(named.line_id.isnull()).select("order_id").join(lines, "order_id").select("order_id", line_key="line_id")
    stated = named.select("order_id", line_key=named.line_id.fill_null(""))
    return ibis.union(stated, whole, distinct=True).mutate(cancelled=ibis.literal(1))
