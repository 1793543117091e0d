"""What each fact says for or against the eight proofs of a return: one row per slice, proof and fact."""

from collections.abc import Iterable

import ibis
import ibis.expr.types as ir

from beleg.ledger.view import View
from beleg.proofs.claims import LIGHTEST, claim_evidence
from beleg.proofs.rows import HELD_BY_CARRIER, rows, speaks_for, written_late
from beleg.proofs.slices import slices

# What a parcel may weigh against what it should: packing adds, scales differ, an envelope or an empty box is far below.
HEAVIEST, SCALE_GRAMS = 1.7, 150

# Reading all columns of the largest table would take longer than all the rest of a proof.
SCANNED = ("parcel_id", "status", "postcode", "weight", "attested")
RECEIVED = ("quantity", "site", "entry_mode", "serial", "lpn")

# Two serials that were exchanged belong to orders packed within this time of each other.
SWAPPED_WITHIN = 2 * 86_400_000_000


def evidence(view: View) -> ir.Table:
    """All that speaks for or against a proof: slice_id, mark (see `rows.in_words`), fact_id, at, carrier, login, late."""
    parts: list[ir.Table] = [*_movement(view), *_handling(view), *_afterwards(view), *claim_evidence(view)]
    every = ibis.union(*parts, distinct=False)
    # what a session that was taken over says for a claim is worth nothing; what it says against one stands
    known = every.left_join(view.prepared("suspects").select("session", taken=ibis.literal(True)).distinct(), "session")
    return known.filter(~speaks_for(known.mark) | ~known.taken.fill_null(False)).drop("session", "session_right", "taken")


def return_parcels(view: View) -> ir.Table:
    """Each slice with the parcels its goods may have come back in: slice_id, parcel_id, carrier, to_postcode, to_site, expected."""
    return view.lasting("return_parcels", _return_parcels)


def receipts(view: View) -> ir.Table:
    """Each slice with its receipts."""
    return view.lasting("slice_receipts", lambda v: _of_slice(v, "receipts", *RECEIVED))


def return_scans(view: View) -> ir.Table:
    """Each slice with the scans of those parcels."""
    return view.lasting("return_scans", _return_scans)


def _return_scans(view: View) -> ir.Table:
    scans = view.table("scans").select(*SCANNED, fact_id="id", at="occurred_at")
    return return_parcels(view).drop("label_fact", "label_at").join(scans, "parcel_id")


def _return_parcels(view: View) -> ir.Table:
    asked = view.lasting("slices", slices).filter(lambda t: t.rma_id.notnull() | t.claim_kind.isnull())
    asked = asked.select("slice_id", "order_id", "quantity", "unit_weight", slice_rma="rma_id")
    parcels = view.table("parcels").select(*_PARCEL, label_fact="id", label_at="occurred_at")
    joined = asked.join(parcels, "order_id").left_join(_turned(view), "parcel_id").drop("parcel_id_right")
    back = joined.direction == "return"
    mine = back | ((joined.direction == "out") & joined.turned.notnull())
    mine &= joined.rma_id.isnull() | joined.slice_rma.isnull() | (joined.rma_id == joined.slice_rma)
    return joined.filter(mine).select(
        "slice_id",
        "parcel_id",
        "carrier",
        to_postcode=back.ifelse(joined.to_postcode, None),
        to_site=back.ifelse(joined.to_site, None),
        expected=ibis.coalesce(joined.declared_weight, joined.unit_weight * joined.quantity),
        sent_back=~back,
        label_fact=joined.label_fact,
        label_at=joined.label_at,
    )


_PARCEL = ("order_id", "rma_id", "parcel_id", "direction", "carrier", "to_postcode", "to_site", "declared_weight")


def _turned(view: View) -> ir.Table:
    """Parcels that never reached the customer and turned round; where those should end is not on their label."""
    scans = view.table("scans")
    turned = scans.filter(scans.status == "return_to_sender").select("parcel_id").distinct()
    return turned.mutate(turned=ibis.literal(value=True))


def _of_slice(view: View, name: str, *columns: str) -> ir.Table:
    """Warehouse facts of each slice, with the person who acted: of its order, and its line and return where the fact names them.

    slice_id, order_id, line_id, fact_id, at, actor, session, late, person, and these columns of the table of that name.
    """
    asked = view.lasting("slices", slices).select("slice_id", "order_id", slice_line="line_id", slice_rma="rma_id")
    t = view.table(name)
    happened = t.select(
        "order_id", "line_id", "rma_id", "actor", "session", *columns, fact_id="id", at="occurred_at",
        late=written_late(t, t.occurred_at),
    )  # fmt: skip
    joined = asked.join(happened, "order_id")
    line = joined.line_id.isnull() | joined.slice_line.isnull() | (joined.line_id == joined.slice_line)
    rma = joined.rma_id.isnull() | joined.slice_rma.isnull() | (joined.rma_id == joined.slice_rma)
    mine = joined.filter(line & rma).drop("slice_line", "slice_rma", "rma_id")
    people = view.prepared("people").select(actor="login", person="person")
    return mine.left_join(people, "actor").drop("actor_right")


def _movement(view: View) -> Iterable[ir.Table]:
    scanned = return_scans(view)
    held = scanned.filter(scanned.sent_back.ifelse(scanned.status == "return_to_sender", scanned.status.isin(HELD_BY_CARRIER)))
    held = held.mutate(attests=held.attested.ifelse(held.carrier, ibis.null()))
    yield rows(held, "carrier_accepted", "for", carrier=held.attests)
    weighed = held.filter(held.weight.notnull() & held.expected.notnull())
    plausible = _plausible(weighed.weight, weighed.expected)
    yield rows(weighed, "weight_plausible", plausible, carrier=weighed.attests)
    delivered = held.filter((held.status == "delivered") & held.postcode.notnull() & held.to_postcode.notnull())
    here = (delivered.postcode == delivered.to_postcode).ifelse("for", "against")
    yield rows(delivered, "delivered_at_site", here, carrier=delivered.attests)
    docked = view.lasting("docked", _docked)
    yield rows(docked, "dock_manifested", "for", login=docked.actor, session=docked.session, late=docked.late)
    on_scale = docked.filter(docked.weight.notnull() & docked.expected.notnull())
    plausible = _plausible(on_scale.weight, on_scale.expected)
    yield rows(on_scale, "weight_plausible", plausible, login=on_scale.actor, session=on_scale.session, late=on_scale.late)


def _docked(view: View) -> ir.Table:
    docks = view.table("dock_arrivals")
    late = written_late(docks, docks.occurred_at)
    docks = docks.select("parcel_id", "weight", "actor", "session", fact_id="id", at="occurred_at", late=late)
    return return_parcels(view).select("slice_id", "parcel_id", "expected").join(docks, "parcel_id")


def _plausible(weight: ir.Value, expected: ir.Value) -> ir.Value:
    light = weight + SCALE_GRAMS < expected * LIGHTEST
    heavy = weight - SCALE_GRAMS > expected * HEAVIEST
    return (light | heavy).ifelse("against", "for")


def _handling(view: View) -> Iterable[ir.Table]:
    received = receipts(view)
    joined = view.lasting("read_serials", _read_serials)
    swapped = _swapped(view, joined)
    joined = joined.left_join(swapped, ["slice_id", "serial"]).drop("slice_id_right", "serial_right")
    bears = joined.packed_units.notnull() & joined.swapped.isnull()
    right = (joined.entry_mode == "scan") & (joined.quantity > 0) & (joined.packed_units.isnull() | joined.packed_serial.notnull())
    wrong = (joined.quantity == 0) | (bears & joined.serial.notnull() & joined.packed_serial.isnull())
    verdict = ibis.cases((wrong, "against"), (right, "for"))
    read = rows(joined, "item_scanned", verdict, login=joined.actor, session=joined.session, late=joined.late)
    yield read.filter(read.mark.notnull())
    yield _switched_on(view, joined.filter(joined.packed_serial.notnull()))
    yield _inspections(view, received)


def _read_serials(view: View) -> ir.Table:
    """Each slice's receipts with the number of serials packed for the line, and with the serial read if it was packed."""
    received = receipts(view)
    received = received.drop("site", "person")
    packed = view.table("packed_serials")
    known = packed.group_by(["order_id", "line_id"]).agg(packed_units=packed.count())
    joined = received.left_join(known, ["order_id", "line_id"]).drop("order_id_right", "line_id_right")
    hits = packed.select("order_id", "serial", packed_serial="serial").distinct()
    return joined.left_join(hits, ["order_id", "serial"]).drop("order_id_right", "serial_right")


def _swapped(view: View, received: ir.Table) -> ir.Table:
    """Serials read that were packed for another order within days of this one: two boxes were swapped at the packing station."""
    packed = view.everywhere("packed_serials").select("serial", other_order="order_id", other_at="occurred_at")
    own = view.table("packed_serials").select("order_id", "line_id", packed_at="occurred_at")
    read = received.filter(received.packed_serial.isnull()).select("slice_id", "serial", "order_id", "line_id")
    both = read.join(packed, "serial").join(own, ["order_id", "line_id"])
    near = (both.other_at - both.packed_at).abs() <= SWAPPED_WITHIN
    hit = both.filter((both.other_order != both.order_id) & near)
    return hit.select("slice_id", "serial").distinct().mutate(swapped=ibis.literal(True))


def _switched_on(view: View, received: ir.Table) -> ir.Table:
    """A unit that is in use after it was received back, and was not sold again, was not received back."""
    used = view.table("activations").select("serial", fact_id="id", at="occurred_at")
    sold = view.table("resales").filter(lambda t: t.lpn.notnull()).select("lpn")
    # without a licence plate a unit may have been sold again and nobody could tell
    known = received.filter(received.lpn.notnull())
    units = known.select("slice_id", "serial", "lpn", received_at="at").anti_join(sold, "lpn")
    later = units.join(used, "serial").filter(lambda t: t["at"] > t.received_at)
    return rows(later, "counted_or_resold", "against")


def _inspections(view: View, received: ir.Table) -> ir.Table:
    """An inspection counts only when a person other than the receiver did it; an unknown person may be the same."""
    looked = _of_slice(view, "inspections", "result")
    hands = received.group_by("slice_id").agg(
        first_hand=received.person.min(), last_hand=received.person.max(), nameless=(received.count() - received.person.count())
    )
    joined = looked.left_join(hands, "slice_id").drop("slice_id_right")
    other = joined.person.notnull() & (joined.nameless.fill_null(0) == 0)
    other &= (joined.person != joined.first_hand.fill_null("")) & (joined.person != joined.last_hand.fill_null(""))
    fine = joined.result.isin(["match", "damaged"])
    verdict = ibis.cases((~fine, "against"), (other, "for"))
    says = rows(joined, "inspected", verdict, login=joined.actor, session=joined.session, late=joined.late)
    return says.filter(says.mark.notnull())


def _afterwards(view: View) -> Iterable[ir.Table]:
    put = _of_slice(view, "dispositions", "kind")
    verdict = (put.kind == "missing").ifelse("against", "for")
    yield rows(put, "put_away", verdict, login=put.actor, session=put.session, late=put.late)
    units = receipts(view).filter(lambda t: t.lpn.notnull()).select("slice_id", "lpn")
    looked = view.table("stock_counts").select("lpn", "found", "actor", "session", fact_id="id", at="occurred_at")
    counts = units.join(looked, "lpn")
    seen = looked.filter(looked.found).group_by("lpn").agg(seen_at=looked["at"].max())
    counts = counts.left_join(seen, "lpn").drop("lpn_right")
    # whoever finds a unit answers those who did not find it before
    answered = ~counts.found & (counts["at"] < counts.seen_at).fill_null(False)
    told = counts.filter(~answered)
    yield rows(told, "counted_or_resold", told.found.ifelse("for", "against"), login=told.actor, session=told.session)
    sold = units.join(view.table("resales").select("lpn", fact_id="id", at="occurred_at"), "lpn")
    yield rows(sold, "counted_or_resold", "for")
