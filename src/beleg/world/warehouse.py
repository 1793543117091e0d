"""The records of returns: authorisation, label, scans, dock, receipt, inspection, shelf, count, resale, and the refund."""

from dataclasses import dataclass

import numpy as np

from beleg.world.book import Stamp
from beleg.world.casting import Slices
from beleg.world.chunk import CARRIERS, Chunk, Leg, parcel_key, return_parcel, warehouse
from beleg.world.claims import claim_kind, file_claims
from beleg.world.columns import NULL, Column, Flags, Hashes, Hex, Ints, Key, Word, digest, share_of
from beleg.world.draws import DAY, HOUR, MINUTE, SECOND
from beleg.world.outbound import serial_of
from beleg.world.returns import Desk, Trip, handle, travel
from beleg.world.shop import line_key, order_key
from beleg.world.staff import OFFICE, PUT_AWAY, RECEIVING, SITE_POSTCODE, SITES, SUPPORT, login_key
from beleg.world.stories import NUMBER, has, share

_REASONS = ("does not fit", "no longer wanted", "not as described", "arrived late", "defective")
_RESULTS = ("match", "damaged", "empty", "mismatch_class", "mismatch_instance")
_KINDS = ("restock", "refurbish", "vendor", "liquidate", "destroy", "missing")
_UNKNOWN_PARCEL = 600_000_000


@dataclass
class Back:
    """Everything about the returns of a chunk while their records are written."""

    s: Slices
    t: Trip
    d: Desk
    names: dict[str, Column]
    units: Ints


def bring_back(c: Chunk) -> Back:
    """Write all records of the returns but the money."""
    s = c.slices.of(has("flow", "return", c.slices.story))
    trip = travel(c, s)
    desk = handle(c, s, trip)
    names: dict[str, Column] = {
        "order_id": order_key(c.orders.index[s.order]), "line_id": line_key(c.lines.number[s.line]), "rma_id": Key("R", s.rma),
    }  # fmt: skip
    short = (s.quantity > 1) & (s.story == NUMBER["ordinary"]) & c.some(c.parameters.short_received, len(s))
    back = Back(s, trip, desk, names, s.quantity - short)
    _authorise(c, back)
    _label(c, back)
    _scan(c, back)
    _dock(c, back)
    serial, lpn = _serials(c, back), _plates(c, back)
    _receive(c, back, serial, lpn)
    result = _inspect(c, back, serial, lpn)
    _shelve(c, back, result, lpn)
    _phish(c, back)
    _look_up(c, back)
    return back


def _hand(c: Chunk, login: Ints, when: Ints) -> dict[str, Column]:
    return {"actor": login_key(login), "session": Hex(c.staff.session(login, when), "ses-")}


def _authorise(c: Chunk, b: Back) -> None:
    s, t, n = b.s, b.t, len(b.s)
    office = np.full(n, OFFICE)
    _, clock = c.staff.local(office, t.asked)
    by_phone = c.some(0.05, n) & (clock >= 6 * HOUR) & (clock < 22 * HOUR)
    agent = c.staff.on_duty(office, SUPPORT, c.staff.opening(office, t.asked, c.draws), c.draws)
    # Two slices of one authorisation were agreed to by the same person.
    person = np.where(has("hands", "collapse", s.story), t.insider, np.where(by_phone, agent, -1))[s.leader]
    account = c.orders.account[s.order]
    c.book.add(
        "return_authorisations", Stamp(t.asked, "shop", recorded=t.asked),
        **b.names, quantity=s.quantity, account_id=Key("K", account), reason=Word(_REASONS, c.draws.pick([5, 4, 2, 1, 1], n)),
        returnless=has("trigger", "returnless", s.story), site=Word(SITES, t.planned),
        **_hand(c, c.staff.login(person, c.draws), t.asked),
        device=Hex(np.where(person < 0, c.shown("device", s), 0).astype(np.uint64)),
    )  # fmt: skip
    returnless = has("trigger", "returnless", s.story)
    file_claims(c, s, t.asked - 2 * MINUTE, claim_kind(s), where=returnless | ~has("claim", "", s.story))


def _leads(s: Slices) -> Flags:
    return np.equal(s.leader, np.arange(len(s)))


def _label(c: Chunk, b: Back) -> None:
    s, t = b.s, b.t
    when = t.asked + 2 * MINUTE
    c.book.add(
        "parcels", Stamp(when, "shop", recorded=when, where=t.labelled & _leads(s)),
        parcel_id=parcel_key(return_parcel(s.rma)), order_id=b.names["order_id"], rma_id=b.names["rma_id"], direction="return",
        carrier=Word(CARRIERS, t.carrier), tracking_code=Key("T", return_parcel(s.rma) + 1), service="return",
        from_postcode=Key("", c.shop.postcode(c.orders.account[s.order]), 5, plain=True),
        to_postcode=Key("", SITE_POSTCODE[t.planned], 5, plain=True), to_site=Word(SITES, t.planned),
        declared_weight=c.packed_weight(s), artefact=Hex(_artefacts(c, b)),
    )  # fmt: skip


def _artefacts(c: Chunk, b: Back) -> Hashes:
    """How the label looks: as the carrier's own do, or as a ring's tool makes them where a label was meddled with."""
    seed, ring = c.shop.seed, c.orders.ring[b.s.order]
    usual = digest(seed, "look", b.t.carrier, (share_of(digest(seed, "printer", b.s.rma)) * 6).astype(np.int64))
    meddled = ~has("landing", "site", b.s.story) | has("contents", "empty", b.s.story) | has("carried", 2, b.s.story)
    shown = (ring >= 0) & meddled & (share_of(digest(seed, "tool", b.s.rma)) < c.parameters.artefacts)
    return np.where(shown, digest(seed, "label", ring + 1), usual).astype(np.uint64)


def _scan(c: Chunk, b: Back) -> None:
    s, t, n = b.s, b.t, len(b.s)
    labelled = t.labelled & _leads(s)
    carried = share("carried", s.story)
    leg = Leg(return_parcel(s.rma), t.carrier)
    # A label that fell off was announced but never read.
    announced = labelled & ((carried > 0) | c.some(0.5, n))
    c.scan("pre_transit", c.passage(t.carrier, t.asked + 6 * MINUTE), leg, announced)
    c.scan("accepted", t.accepted, leg, labelled & (carried >= 1), weight=c.scale(t.weight))
    stalls = (carried == 2) & c.some(0.3, n)
    c.scan("in_transit", t.moved, leg, labelled & (carried >= 2) & ~stalls, weight=c.scale(t.weight))
    signed = digest(c.shop.seed, "clerk", t.site, t.landed)
    c.scan("delivered", t.delivered, leg, labelled & (carried >= 3), **c.door(t.landed), signed_by=Hex(signed))


def _dock(c: Chunk, b: Back) -> None:
    s, t, n = b.s, b.t, len(b.s)
    known = has("known_parcel", value=True, story=s.story)
    parcel = np.where(known, return_parcel(s.rma), _UNKNOWN_PARCEL + s.rma)
    seen = t.reached & _leads(s) & ~c.some(c.parameters.dock_missing, n)
    worker = c.staff.login(c.staff.on_duty(t.site, RECEIVING, t.docked, c.draws), c.draws)
    day, _ = c.staff.local(t.site, t.docked)
    c.book.add(
        "dock_arrivals", warehouse(t.site, t.docked, c.noted(t.docked), seen),
        parcel_id=parcel_key(parcel), site=Word(SITES, t.site), manifest=Key("MF", day * 4 + t.site), weight=c.weighed(t.weight),
        device=Key("GUN", worker % 40, 2, plain=True), **_hand(c, worker, t.docked),
    )  # fmt: skip


def _serials(c: Chunk, b: Back) -> Hashes:
    """The serial that is read from the unit: another one's where the story says so."""
    own = serial_of(c, b.s.line)
    other = np.where(own > 0, digest(c.shop.seed, "other", own), 0).astype(np.uint64)
    return np.where(has("serial", "other", b.s.story), other, own)


def _plates(c: Chunk, b: Back) -> Ints:
    """The number of the licence plate that the receiver prints; -1 where none was."""
    n = len(b.s)
    gone = c.some(c.parameters.lpn_missing, n) | (has("counted", "short", b.s.story) & c.some(0.2, n))
    return np.where(gone | ~has("received", value=True, story=b.s.story), -1, b.s.key)


def _typed(c: Chunk, b: Back) -> Ints:
    """How the receipt was entered, as a number: scanned, keyed, through the interface."""
    s, t, n, p = b.s, b.t, len(b.s), c.parameters
    broken = c.carriers.broken[t.site, c.carriers.day(b.d.received)]
    clumsy = c.staff.people.trainee[np.maximum(c.staff.owner(b.d.receiver), 0)]
    usual = np.where(broken, 1.0, np.where(clumsy, p.trainee_keyed, p.keyed_share))
    told = share("keyed", s.story)
    keyed = c.draws.chance(np.where(told < 0, usual, told), n)
    by_interface = (has("api", value=True, story=s.story) & ~keyed) | ((told < 0) & c.some(p.api_share, n))
    return np.where(by_interface, 2, keyed.astype(np.int64))


def _receive(c: Chunk, b: Back, serial: Hashes, lpn: Ints) -> None:
    s, t, d, n = b.s, b.t, b.d, len(b.s)
    mode = _typed(c, b)
    arrived = has("known_parcel", value=True, story=s.story) & t.labelled & t.reached
    full = has("received", value=True, story=s.story)
    hollow = has("carried", 0, s.story) & ~t.reached
    read = np.where(hollow & c.some(0.5, n), 0, serial).astype(np.uint64)
    scaled = c.draws.chance(np.where(hollow, 0.0, 0.5), n)
    c.book.add(
        "receipts", warehouse(t.site, d.received, d.noted, d.receipt),
        **b.names, parcel_id=parcel_key(np.where(arrived, return_parcel(s.rma), -1)), quantity=np.where(full, b.units, 0),
        site=Word(SITES, t.site), station=c.staff.station(t.site, d.receiver, d.received, c.some(c.parameters.station_change, n)),
        entry_mode=Word(("scan", "keyed", "api"), mode),
        serial=Hex(read, "SN"), lpn=Key("LPN", lpn), weight=np.where(scaled, c.weighed(t.weight), NULL),
        **_hand(c, d.receiver, d.acted),
    )  # fmt: skip
    told = d.receipt & c.some(0.3, n)
    status: dict[str, Column] = {"status": "returned", "actor": login_key(d.receiver)}
    c.book.add("status_claims", Stamp(d.known(), "shop", where=told), **b.names, **status)


def _inspect(c: Chunk, b: Back, serial: Hashes, lpn: Ints) -> Ints:
    s, d, n = b.s, b.d, len(b.s)
    usual = c.draws.pick([0.94, 0.06], n)
    hollow = np.array([2, 3, 0])[c.draws.pick([0.5, 0.3, 0.2], n)]
    swapped = np.where(c.some(0.6, n), 4, 0)
    opened = has("contents", "empty", s.story) & has("inspected", "other", s.story)
    same = has("inspected", "same", s.story)
    result = np.select(
        [same, has("contents", "light", s.story) | opened, has("serial", "other", s.story), s.story == NUMBER["damaged_back"]],
        [0 * usual, hollow, swapped, 1 + 0 * usual],
        usual,
    )
    grade = np.where(result == 0, c.draws.pick([6, 3], n), 2 + (result > 1))
    c.book.add(
        "inspections", warehouse(b.t.site, d.inspected, c.noted(d.inspected), d.inspection),
        **b.names, site=Word(SITES, b.t.site), result=Word(_RESULTS, result), grade=Word(("A", "B", "C", "D"), grade),
        serial=Hex(serial, "SN"), lpn=Key("LPN", lpn), **_hand(c, d.inspector, d.inspected),
    )  # fmt: skip
    return result


def _shelve(c: Chunk, b: Back, result: Ints, lpn: Ints) -> None:
    s, t, d, n, p = b.s, b.t, b.d, len(b.s), c.parameters
    when = c.staff.opening(t.site, d.inspected + c.draws.span(3 * HOUR, 40 * HOUR, n), c.draws)
    kind = np.where(result == 0, c.draws.pick([0.9, 0.05, 0.05], n), 1 + c.draws.pick([0.4, 0.2, 0.2, 0.2], n))
    absent = has("contents", "light", s.story) & (result > 1)
    stowed = d.receipt & has("put_away", value=True, story=s.story) & ~c.some(p.put_away_missing, n)
    worker = c.staff.login(c.staff.on_duty(t.site, PUT_AWAY, when, c.draws), c.draws)
    place = Key("B", np.where(absent, -1, c.draws.span(0, 9_000, n)), 4)
    c.book.add(
        "dispositions", warehouse(t.site, when, c.noted(when), stowed | (d.inspection & absent)),
        **b.names, site=Word(SITES, t.site), kind=Word(_KINDS, np.where(absent, 5, kind)), location=place, lpn=Key("LPN", lpn),
        **_hand(c, worker, when),
    )  # fmt: skip
    _find_again(c, b, lpn, when, stowed & (kind == 0))


def _find_again(c: Chunk, b: Back, lpn: Ints, stowed_at: Ints, stowed: Flags) -> None:
    """Counts and resales of what was put on the shelf, and counts that look for what never was."""
    s, t, n, p = b.s, b.t, len(b.s), c.parameters
    short = has("counted", "short", s.story) & b.d.receipt
    from_ = np.where(short, b.d.known() + DAY, stowed_at)
    when = c.staff.opening(t.site, from_ + c.draws.span(5 * DAY, 40 * DAY, n), c.draws)
    lot = c.draws.evenly(n)
    counted = (stowed & (lot < p.count_share)) | (short & (lot < 0.6))
    sold = stowed & (lot >= p.count_share) & (lot < p.count_share + p.resale_share)
    worker = c.staff.login(c.staff.on_duty(t.site, PUT_AWAY, when, c.draws), c.draws)
    c.book.add(
        "stock_counts", warehouse(t.site, when, c.noted(when), counted & (lpn >= 0)), lpn=Key("LPN", lpn),
        site=Word(SITES, t.site), found=~(short | c.some(p.count_error, n)), **_hand(c, worker, when),
    )  # fmt: skip
    serial = serial_of(c, s.line)
    c.book.add(
        "resales",
        Stamp(when, "shop", where=sold & (lpn >= 0)),
        lpn=Key("LPN", lpn),
        serial=Hex(serial, "SN"),
        site=Word(SITES, t.site),
    )
    used = when + c.draws.span(3 * DAY, 15 * DAY, n)
    c.book.add(
        "activations", Stamp(used, "maker", where=sold & (serial > 0) & c.some(0.5, n)), serial=Hex(serial, "SN"), kind="activated"
    )
    still = b.d.known() + c.draws.span(14 * DAY, 45 * DAY, n)
    kinds = Word(("in_use", "warranty_claim", "registered"), c.draws.pick([6, 2, 2], n))
    c.book.add(
        "activations", Stamp(still, "maker", where=has("after", "activation", s.story)), serial=Hex(serial, "SN"), kind=kinds
    )


def _phish(c: Chunk, b: Back) -> None:
    """The stolen session: a factor added and a sign-in from a device and network never seen, with no badge in the building."""
    rows = np.flatnonzero(has("hands", "phished", b.s.story))
    if not len(rows):
        return
    login, day = b.d.receiver[rows], b.d.received[rows] // DAY
    _, first = np.unique(login * 100_000 + day, return_index=True)
    who, when, site = login[first], b.d.received[rows][first], b.t.site[rows][first]
    new = digest(c.shop.seed, "stolen", who, day[first])
    session = Hex(c.staff.session(who, when), "ses-")
    c.truth.tell("session", session, "phished", Word(c.shop.rings.names, c.orders.ring[b.s.order[rows]][first]), when)
    for activity, before in (("factor_added", 9 * MINUTE), ("logon", 8 * MINUTE)):
        earliest = (when // DAY) * DAY + 9 * HOUR + 3 * MINUTE
        c.book.add(
            "staff_sign_ins", Stamp(earliest - before, "identity", recorded=earliest - before),
            login=login_key(who), session=session, activity=activity, device=Hex(new),
            network=Hex(digest(c.shop.seed, "abroad", who)), site=Word(SITES, site), badge=np.zeros(len(who), dtype=np.bool_),
        )  # fmt: skip


def _look_up(c: Chunk, b: Back) -> None:
    """Staff open the return before they receive it: mostly because the system gave it to them."""
    d, n, p = b.d, len(b.s), c.parameters
    crooked = b.t.insider >= 0
    queued = ~c.draws.chance(np.where(crooked, p.directed, p.unqueued_share), n)
    # Who knows what to look for needs seconds; now and then so does everybody.
    sure = crooked | c.some(0.1, n)
    when = d.acted - np.where(sure & ~queued, c.draws.span(5 * SECOND, 50 * SECOND, n), c.draws.span(MINUTE, 4 * MINUTE, n))
    c.book.add(
        "staff_actions", warehouse(b.t.site, when, when, d.receipt & c.some(p.action_share, n)),
        login=login_key(d.receiver), session=Hex(c.staff.session(d.receiver, when), "ses-"),
        action=Word(("search", "view"), queued.astype(np.int64)), order_id=b.names["order_id"], rma_id=b.names["rma_id"],
        queued=queued, site=Word(SITES, b.t.site), station=c.staff.station(b.t.site, d.receiver, when),
    )  # fmt: skip
