"""The way out: packing, serials, the outbound parcel and its scans, and what was cancelled before it left."""

import numpy as np

from beleg.world.book import Stamp
from beleg.world.chunk import CARRIERS, Chunk, Leg, outbound_parcel, parcel_key
from beleg.world.columns import Column, Flags, Hashes, Hex, Ints, Key, Word, digest
from beleg.world.draws import DAY, HOUR, MINUTE
from beleg.world.shop import line_key, order_key
from beleg.world.staff import OFFICE, SITE_POSTCODE
from beleg.world.stories import has

_SERVICES = ("standard", "express")


def send_orders(c: Chunk) -> None:
    """Pack and send every order; sets when each was packed and when it arrived or was first tried, microseconds UTC."""
    o, n = c.orders, len(c.orders.when)
    o.packed = o.when + c.draws.span(10 * HOUR, 34 * HOUR, n)
    accepted = o.packed + c.draws.span(2 * HOUR, 8 * HOUR, n)
    o.arrived = accepted + c.draws.span(40 * HOUR, 96 * HOUR, n)
    gone = _cancelled_lines(c)
    _write_serials(c, gone)
    weight = np.bincount(c.lines.order, np.where(gone, 0, _line_weights(c)), n).astype(np.int64) + 120
    leaves = np.bincount(c.lines.order, ~gone, n) > 0
    _write_parcels(c, weight, leaves)
    _write_scans(c, accepted, np.where(_fate(c, "light"), 90, weight), leaves)


def _fate(c: Chunk, outbound: str) -> Flags:
    """Per order, whether this becomes of its parcel."""
    fate = np.zeros(len(c.orders.when), dtype=np.bool_)
    fate[c.slices.order[has("outbound", outbound, c.slices.story)]] = True
    return fate


def _line_weights(c: Chunk) -> Ints:
    return c.shop.catalogue.weight[c.lines.article] * c.lines.quantity


def _cancelled_lines(c: Chunk) -> Flags:
    gone = np.zeros(len(c.lines.order), dtype=np.bool_)
    s = c.slices.of(has("outbound", "none", c.slices.story))
    gone[s.line] = True
    when = cancelled_at(c, s.order, s.key)
    c.book.add(
        "cancellations", Stamp(when, "shop", recorded=when),
        order_id=order_key(c.orders.index[s.order]), line_id=line_key(c.lines.number[s.line]), quantity=s.quantity,
    )  # fmt: skip
    return gone


def cancelled_at(c: Chunk, order: Ints, key: Ints) -> Ints:
    """When the customer called it off: within hours, before anything is packed."""
    hours = digest(c.shop.seed, "cancel", key) % np.uint64(8 * 60)
    return c.orders.when[order] + (hours.astype(np.int64) + 20) * MINUTE


def serial_of(c: Chunk, line: Ints) -> Hashes:
    """The serial of the unit that was really sent for the line; 0 where the article bears none."""
    serialised = c.lines.article[line] >= c.shop.catalogue.ordinary
    unit = digest(c.shop.seed, "serial", c.orders.index[c.lines.order[line]] * 4 + c.lines.number[line])
    return np.where(serialised, unit, 0).astype(np.uint64)


def _write_serials(c: Chunk, gone: Flags) -> None:
    line = np.flatnonzero((c.lines.article >= c.shop.catalogue.ordinary) & ~gone)
    order, serial = c.lines.order[line], serial_of(c, line)
    slip = c.some(c.parameters.serial_slip, len(line))
    # two boxes changed places at the packing station: each line has the other's serial on record
    first = np.flatnonzero(slip[:-1])
    packed = serial.copy()
    packed[first], packed[first + 1] = serial[first + 1], serial[first]
    c.book.add(
        "packed_serials", Stamp(c.orders.packed[order], "wms:pack", recorded=c.orders.packed[order]),
        order_id=order_key(c.orders.index[order]), line_id=line_key(c.lines.number[line]), serial=Hex(packed, "SN"),
    )  # fmt: skip
    used = c.orders.arrived[order] + c.draws.span(HOUR, 20 * HOUR, len(line))
    kept = ~(_fate(c, "lost") | _fate(c, "sent_back") | _fate(c, "light"))[order]
    c.book.add("activations", Stamp(used, "maker", where=kept & c.some(0.5, len(line))), serial=Hex(serial, "SN"), kind="activated")


def _write_parcels(c: Chunk, weight: Ints, leaves: Flags) -> None:
    o = c.orders
    c.book.add(
        "parcels", Stamp(o.packed, "shop", recorded=o.packed, where=leaves),
        parcel_id=parcel_key(outbound_parcel(o.index)), order_id=order_key(o.index), direction="out",
        carrier=Word(CARRIERS, o.carrier),
        tracking_code=Key("T", outbound_parcel(o.index) + 1), service=Word(_SERVICES, (o.index % 7 == 0).astype(np.int64)),
        from_postcode=Key("", SITE_POSTCODE[o.index % OFFICE], 5, plain=True),
        to_postcode=Key("", c.shop.postcode(o.account), 5, plain=True), declared_weight=weight,
    )  # fmt: skip


def _write_scans(c: Chunk, accepted: Ints, weight: Ints, leaves: Flags) -> None:
    o, n = c.orders, len(accepted)
    parcel, home = outbound_parcel(o.index), c.shop.postcode(o.account)
    lost, back = _fate(c, "lost"), _fate(c, "sent_back")
    goes_on, arrives = leaves & ~lost, leaves & ~lost & ~back
    moved = accepted + c.draws.span(8 * HOUR, 20 * HOUR, n)
    last = o.arrived - c.draws.span(2 * HOUR, 8 * HOUR, n)
    signed = np.where(o.dear, digest(c.shop.seed, "name", o.account), 0).astype(np.uint64)
    leg = Leg(parcel, o.carrier)
    c.scan("pre_transit", c.passage(o.carrier, o.packed + 5 * MINUTE), leg, leaves)
    c.scan("accepted", c.passage(o.carrier, accepted), leg, leaves, weight=c.scale(weight))
    c.scan("in_transit", c.passage(o.carrier, moved), leg, leaves & (c.some(0.7, n) | lost), weight=c.scale(weight))
    c.scan("out_for_delivery", c.passage(o.carrier, last), leg, goes_on)
    proof: dict[str, Column] = {**c.door(home), "photo": c.some(0.7, n), "signed_by": Hex(signed)}
    c.scan("delivered", c.passage(o.carrier, o.arrived), leg, arrives, **proof)
    c.scan("attempted", c.passage(o.carrier, o.arrived), leg, leaves & back, **c.door(home))


def turned_at(c: Chunk, order: Ints) -> Ints:
    """When a parcel that could not be delivered is turned round."""
    hours = digest(c.shop.seed, "turned", c.orders.index[order]) % np.uint64(60)
    return c.orders.arrived[order] + DAY + hours.astype(np.int64) * HOUR
