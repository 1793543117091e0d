"""Money asked for without goods coming back the usual way: claims, parcels sent back, and refunds that are only money."""

import numpy as np

from beleg.world.book import Stamp
from beleg.world.casting import Slices
from beleg.world.chunk import Chunk, Leg, outbound_parcel, parcel_key, warehouse
from beleg.world.columns import NULL, Column, Flags, Hex, Ints, Key, Word, digest, share_of
from beleg.world.contacts import contact, take_over
from beleg.world.draws import DAY, HOUR
from beleg.world.outbound import cancelled_at, serial_of, turned_at
from beleg.world.refunds import CLASSES, MANUAL, RECEIPT, by_desk, by_one, dispute, pay, payment, send_again, soon
from beleg.world.shop import line_key, order_key
from beleg.world.staff import INSPECTION, OFFICE, PUT_AWAY, RECEIVING, SITE_POSTCODE, SITES, login_key
from beleg.world.stories import NUMBER, has

_KINDS = ("not_received", "damaged", "empty_box", "missing_item")
_STATED = np.array([CLASSES.index(name) for name in ("not_received", "damaged", "not_received", "not_received")])


def claim_goods(c: Chunk) -> None:
    """Claims over goods that did not come, came broken, or came as an empty box, and what is paid for them."""
    s = c.slices.of(has("flow", "claim", c.slices.story))
    kind = claim_kind(s)
    lost = has("outbound", "lost", s.story)
    arrived = c.orders.arrived[s.order] + np.where(lost, c.draws.span(5 * DAY, 12 * DAY, len(s)), 0)
    asked = arrived + 6 * HOUR + c.draws.waiting(1.5 * DAY, 9 * DAY, len(s))
    file_claims(c, s, asked, kind)
    take_over(c, s, asked)
    contact(c, s, asked - c.draws.span(HOUR, 9 * HOUR, len(s)), c.some(0.6, len(s)))
    p = payment(c, s, asked + c.draws.span(4 * HOUR, 60 * HOUR, len(s)), np.full(len(s), MANUAL), _STATED[kind])
    p.where, p.claim = ~has("trigger", "none", s.story), s.key
    by_desk(c, p, p.where)
    pay(c, s, p)
    send_again(c, s, p.when + c.draws.span(DAY, 5 * DAY, len(s)), has("after", "replacement", s.story))


def claim_kind(s: Slices) -> Ints:
    """The number of the claim's kind per slice."""
    kind = np.zeros(len(s), dtype=np.int64)
    for number, name in enumerate(_KINDS):
        kind[has("claim", name, s.story)] = number
    return kind


def file_claims(c: Chunk, s: Slices, asked: Ints, kind: Ints, where: Flags | None = None) -> None:
    """Write the claims and the documents handed in with them."""
    n, account, order = len(s), c.orders.account[s.order], order_key(c.orders.index[s.order])
    wording = c.words(digest(c.shop.seed, "wording", kind, s.key), s)
    c.book.add(
        "claims", Stamp(asked, "shop", recorded=asked, where=where),
        claim_id=Key("C", s.key), order_id=order, line_id=line_key(c.lines.number[s.line]), account_id=Key("K", account),
        kind=Word(_KINDS, kind), quantity=s.quantity, text=Hex(wording), device=Hex(c.shown("device", s)),
        ip=Hex(c.shown("ip", s)),
    )  # fmt: skip
    photo = has("document", "photo", s.story) & c.some(0.95, n)
    police = has("document", "police_report", s.story)
    # Honest people go to the police as well, as often as liars with a report of their own.
    report = police | (has("claim", "not_received", s.story) & has("whole_order", value=True, story=s.story) & c.some(0.15, n))
    paper = _papers(c, s, police)
    for rows, name in ((photo, "photo"), (report, "police_report")):
        picture = digest(c.shop.seed, f"pic{name}", paper)
        content = digest(c.shop.seed, f"file{name}", s.key)
        number = np.where(rows & report, digest(c.shop.seed, "number", paper), 0).astype(np.uint64)
        c.book.add(
            "claim_documents", Stamp(asked + c.draws.span(1, HOUR, n), "shop", where=rows if where is None else rows & where),
            claim_id=Key("C", s.key), order_id=order, account_id=Key("K", account), kind=name, content=Hex(content),
            picture=Hex(picture), number=None if name == "photo" else Hex(number),
        )  # fmt: skip


def _papers(c: Chunk, s: Slices, shared: Flags) -> Ints:
    """The number of the paper that was photographed: each claim has its own, save those of a forger's few templates."""
    templates = max(1, c.parameters.planted().get("document_reuse", 0) // 4)
    template = (share_of(digest(c.shop.seed, "template", s.key)) * templates).astype(np.int64)
    # a ring has its own forger
    ring = c.orders.ring[s.order]
    forged = np.where(ring >= 0, -1_000_000 - ring * 10 - (s.key % 2), -1 - template)
    return np.where(shared, forged, s.key)


def send_back(c: Chunk) -> None:
    """Parcels that could not be delivered: turned round, received again or lost on the way, and paid back."""
    s = c.slices.of(has("flow", "sent_back", c.slices.story))
    n, turned = len(s), turned_at(c, s.order)
    parcel, carrier = outbound_parcel(c.orders.index[s.order]), c.orders.carrier[s.order]
    comes = has("docked", value=True, story=s.story)
    home = turned + c.draws.span(30 * HOUR, 100 * HOUR, n)
    site = c.orders.index[s.order] % OFFICE
    everyone = np.ones(n, dtype=np.bool_)
    leg = Leg(parcel, carrier)
    c.scan("return_to_sender", c.passage(carrier, turned), leg, everyone)
    c.scan("in_transit", c.passage(carrier, turned + c.draws.span(5 * HOUR, 20 * HOUR, n)), leg, c.some(0.8, n))
    c.scan("delivered", c.passage(carrier, home), leg, comes, **c.door(SITE_POSTCODE[site]))
    received = _take_back(c, s, site, home, comes)
    asked = turned + c.draws.span(2 * DAY, 8 * DAY, n)
    contact(c, s, asked, ~comes)
    when = np.where(comes, soon(c, received), asked + c.draws.span(10 * HOUR, 4 * DAY, n))
    p = payment(c, s, when, np.where(comes, RECEIPT, MANUAL), np.full(n, CLASSES.index("return")))
    by_desk(c, p, ~comes)
    pay(c, s, p)


def _take_back(c: Chunk, s: Slices, site: Ints, home: Ints, comes: Flags) -> Ints:
    """Dock, receipt, inspection and shelf for parcels that came back unopened; answers when they were received."""
    n, staff, draws = len(s), c.staff, c.draws
    docked = staff.opening(site, home + draws.span(HOUR, 10 * HOUR, n), draws)
    received = staff.opening(site, docked + draws.span(2 * HOUR, 20 * HOUR, n), draws)
    looked = staff.opening(site, received + draws.span(2 * HOUR, 20 * HOUR, n), draws)
    stowed = staff.opening(site, looked + draws.span(3 * HOUR, 40 * HOUR, n), draws)
    steps = ((docked, RECEIVING), (received, RECEIVING), (looked, INSPECTION), (stowed, PUT_AWAY))
    who = [staff.login(staff.on_duty(site, role, when, draws), draws) for when, role in steps]
    parcel = parcel_key(outbound_parcel(c.orders.index[s.order]))
    of: dict[str, Column] = {"order_id": order_key(c.orders.index[s.order]), "line_id": line_key(c.lines.number[s.line])}
    at: dict[str, Column] = {"site": Word(SITES, site), "lpn": Key("LPN", s.key)}
    serial = Hex(serial_of(c, s.line), "SN")

    def hand(step: int) -> dict[str, Column]:
        return {"actor": login_key(who[step]), "session": Hex(staff.session(who[step], steps[step][0]), "ses-")}

    seen = comes & ~c.some(c.parameters.dock_missing, n)
    c.book.add(
        "dock_arrivals",
        warehouse(site, docked, c.noted(docked), seen),
        parcel_id=parcel,
        site=at["site"],
        weight=c.weighed(c.packed_weight(s)),
        **hand(0),
    )
    c.book.add("receipts", warehouse(site, received, c.noted(received), comes), parcel_id=parcel, quantity=s.quantity,
               entry_mode="scan", serial=serial, station=staff.station(site, who[1], received), **of, **at, **hand(1))  # fmt: skip
    c.book.add(
        "inspections",
        warehouse(site, looked, c.noted(looked), comes),
        result="match",
        grade="A",
        serial=serial,
        **of,
        **at,
        **hand(2),
    )
    c.book.add("dispositions", warehouse(site, stowed, c.noted(stowed), comes), kind="restock", **of, **at, **hand(3))
    return received


def move_money(c: Chunk) -> None:
    """Cancelled orders, goodwill, adjustments, chargebacks, and refunds that name an order nobody placed."""
    s = c.slices.of(has("flow", "money", c.slices.story))
    n, fee = len(s), c.orders.fee[s.order]
    cancelled, adjusted, whole, ghost = (
        s.story == NUMBER[x] for x in ("cancelled", "adjustment", "order_refund", "refund_without_order")
    )
    bank = s.story == NUMBER["chargeback"]
    later = c.orders.arrived[s.order] + c.draws.span(6 * HOUR, 20 * DAY, n)
    when = np.where(cancelled, soon(c, cancelled_at(c, s.order, s.key)), later)
    stated = np.select([cancelled, adjusted], [3, 4], 5)
    p = payment(c, s, when, np.full(n, MANUAL), stated)
    part = (p.amount * (0.05 + 0.25 * c.draws.evenly(n))).astype(np.int64)
    padded = s.story == NUMBER["padded_goodwill"]
    below = (c.parameters.approval_limit * (0.93 + 0.069 * c.draws.evenly(n))).astype(np.int64)
    p.amount = np.select([cancelled | ghost, whole & (fee > 0), padded], [p.amount, fee, np.minimum(below, p.amount)],
                         np.maximum(part, 1))  # fmt: skip
    p.quantity = np.where(cancelled | ghost, s.quantity, NULL)
    p.where = ~bank
    p.line = np.where(whole | ghost, -1, p.line)
    missing = np.where(c.some(0.6, n), c.parameters.orders + c.draws.span(1, 999_999, n), -1)
    p.order = np.where(ghost, missing, p.order)
    by_desk(c, p, ~cancelled | ghost)
    p.requester = np.where(ghost, p.approver, p.requester)
    p.actor = np.where(ghost, c.staff.owner(p.approver), -1)
    by_one(c, p, padded, np.full(n, c.staff.padder))
    pay(c, s, p)
    opened = c.orders.arrived[s.order] + c.draws.span(5 * DAY, 40 * DAY, n)
    disputed = int(bank.sum())
    dispute(c, s.of(bank), opened[bank], c.some(0.5, disputed), 1 + c.draws.pick([0.5, 0.5], disputed))
