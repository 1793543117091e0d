"""What each fact says about claims for goods that stay away: sent, arrived, light when they left, shown to be broken, agreed to."""

from collections.abc import Iterable

import ibis
import ibis.expr.types as ir

from beleg.ledger.view import View
from beleg.proofs.lines import order_lines
from beleg.proofs.rows import HELD_BY_CARRIER, rows
from beleg.proofs.slices import refund_facts, slices

# What a parcel weighs at least, as a share of what it should; and what an empty one weighs at most, with what scales differ by.
LIGHTEST, EMPTY_GRAMS = 0.6, 150

# The classes of refunds that answer a claim of goods that did not come.
MISSED = ("not_received", "damaged")

_CLASSES = ["not_received", "cancelled", "damaged", "returnless", "adjustment", "goodwill"]


def claim_evidence(view: View) -> Iterable[ir.Table]:
    """Evidence rows for the proofs that answer claims."""
    asked = view.lasting("slices", slices).filter(lambda t: t.refund_class.isin(_CLASSES))
    sent = view.lasting("outbound_scans", lambda v: _outbound(v, asked))
    yield from _dispatch(view, asked, sent)
    yield from _delivery(sent)
    yield from _weights(view, sent)
    yield from _documents(view, asked)
    yield from _approvals(view, asked)


def _outbound(view: View, asked: ir.Table) -> ir.Table:
    """Every scan of the parcels that took goods out which are said not to have come, to have come empty, or to be called off."""
    parcels = view.table("parcels")
    out = parcels.filter(parcels.direction == "out").select("parcel_id", "order_id", "declared_weight")
    empty = (asked.claim_kind == "empty_box").fill_null(False) & asked.refund_class.isin(MISSED)
    mine = asked.filter(asked.refund_class.isin(["not_received", "cancelled"]) | empty)
    mine = mine.select("slice_id", "refund_class", "order_id", empty=empty).join(out, "order_id")
    scans = view.table("scans").select("parcel_id", "carrier", "status", "weight", "attested", fact_id="id", at="occurred_at")
    joined = mine.join(scans, "parcel_id")
    return joined.mutate(attests=joined.attested.ifelse(joined.carrier, None)).drop("attested", "carrier")


def _dispatch(view: View, asked: ir.Table, sent: ir.Table) -> Iterable[ir.Table]:
    cancelled = asked.filter(asked.refund_class == "cancelled").select("slice_id", "order_id", slice_line="line_id")
    # a parcel of an order with other lines may have carried only those
    lines = order_lines(view).select("order_id", "line_id").semi_join(cancelled, "order_id")
    called_off = view.table("cancellations").select("order_id", "line_id")
    whole = called_off.filter(called_off.line_id.isnull()).select("order_id")
    shipped = lines.anti_join(called_off, ["order_id", "line_id"]).anti_join(whole, "order_id").select("order_id")
    alone = cancelled.anti_join(shipped, "order_id")
    # what was called off speaks for its own line alone; for a whole order, where all of it was
    off = view.table("cancellations").select("order_id", "line_id", fact_id="id", at="occurred_at")
    of_line = cancelled.join(off, "order_id").filter(lambda t: t.line_id.isnull() | (t.line_id == t.slice_line))
    of_order = alone.filter(alone.slice_line.isnull()).join(off.filter(off.line_id.notnull()), "order_id")
    yield rows(ibis.union(of_line, of_order.select(*of_line.columns), distinct=False), "not_dispatched", "for")
    left = sent.filter(sent.status.isin(HELD_BY_CARRIER)).semi_join(alone, "slice_id")
    yield rows(left, "not_dispatched", "against", carrier=left.attests)


def _delivery(sent: ir.Table) -> Iterable[ir.Table]:
    """The carrier says it arrived; or its last word is another one."""
    claimed = sent.filter(sent.refund_class == "not_received")
    arrived = claimed.filter(claimed.status == "delivered")
    yield rows(arrived, "not_delivered", "against", carrier=arrived.attests)
    held = claimed.filter(claimed.status.isin([*HELD_BY_CARRIER, "lost", "return_to_sender"]))
    open_ = held.anti_join(arrived, ["slice_id", "parcel_id"])
    yield rows(open_, "not_delivered", "for", carrier=open_.attests)


def _weights(view: View, sent: ir.Table) -> Iterable[ir.Table]:
    """Of a parcel that is said to have come empty: what it weighed when the carrier took it, and on its way.

    Light when it was taken, it was packed wrongly; light later only, it was emptied on its way. A parcel of which an empty box
    hardly weighs less tells nothing.
    """
    weighed = sent.filter(sent.empty & sent.weight.notnull() & sent.status.isin(["accepted", "in_transit"]))
    lines = order_lines(view).semi_join(weighed, "order_id")
    lines = lines.mutate(weight=lines.unit_weight * lines.quantity)
    units = lines.group_by("order_id").agg(units=lines.weight.sum(), n=lines.count(), known=lines.weight.count())
    joined = weighed.left_join(units, "order_id").drop("order_id_right")
    whole = (joined.known == joined.n).ifelse(joined.units, None)
    t = joined.mutate(least=LIGHTEST * ibis.coalesce(joined.declared_weight, whole))
    t = t.filter(t.least > EMPTY_GRAMS)
    verdict = ibis.cases((t.weight >= t.least, "against"), (t.status == "accepted", "for"))
    yield rows(t, "left_light", verdict, carrier=t.attests).filter(lambda r: r.mark.notnull())


def _documents(view: View, asked: ir.Table) -> Iterable[ir.Table]:
    documents = view.table("claim_documents").select("order_id", "claim_id", fact_id="id", at="occurred_at")
    wanted = asked.filter(asked.refund_class.isin(["damaged", "returnless"])).select("slice_id", "order_id", slice_claim="claim_id")
    joined = wanted.join(documents, "order_id")
    yield rows(joined.filter(joined.slice_claim.isnull() | (joined.slice_claim == joined.claim_id)), "documented", "for")


def _approvals(view: View, asked: ir.Table) -> Iterable[ir.Table]:
    """Money given on purpose: a second person agreed, or the one who asked agreed with himself."""
    given = asked.filter(asked.refund_class.isin(["adjustment", "goodwill"])).select("slice_id")
    people = view.prepared("people")
    refunds = view.table("refunds").select("requester", "approver", "session", fact_id="id", at="occurred_at")
    paid = view.lasting("refund_facts", refund_facts).select("slice_id", "fact_id").semi_join(given, "slice_id")
    paid = paid.join(refunds.filter(refunds.approver.notnull()), "fact_id")
    asking = people.rename(requester="login", asking_person="person")
    agreeing = people.rename(approver="login", agreeing_person="person")
    known = paid.left_join(asking, "requester").drop("requester_right").left_join(agreeing, "approver").drop("approver_right")
    alone = (known.requester == known.approver) | (known.asking_person == known.agreeing_person)
    second = known.agreeing_person.notnull() & known.asking_person.notnull()
    verdict = ibis.cases((alone.fill_null(False), "against"), (second, "for"))
    yield rows(known, "approved", verdict, login=known.approver, session=known.session).filter(lambda t: t.mark.notnull())
