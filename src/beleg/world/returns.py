"""The way back, worked out before anything is written: when it was asked for, how the parcel went, through whose hands."""

from dataclasses import dataclass

import numpy as np

from beleg.world.casting import Slices
from beleg.world.chunk import Chunk, Passage
from beleg.world.columns import NULL, Flags, Ints, digest, share_of
from beleg.world.draws import DAY, HOUR, MINUTE
from beleg.world.staff import INSPECTION, OFFICE, RECEIVING, SITE_POSTCODE, Custom
from beleg.world.stories import NUMBER, has, share

_LANE = 20 * HOUR


@dataclass
class Trip:
    """Per slice: who asked and where it shall go, and how far the parcel came; those who share a parcel share all of it."""

    asked: Ints
    planned: Ints
    site: Ints
    insider: Ints
    carrier: Ints
    labelled: Flags
    accepted: Passage
    moved: Passage
    delivered: Passage
    landed: Ints
    weight: Ints
    docked: Ints
    reached: Flags


@dataclass
class Desk:
    """Per slice: the receipt and the inspection, whether they happened, when, and by which login.

    `acted` is when the receiver really sat at the screen, `received` what the record says of it.
    """

    acted: Ints
    received: Ints
    receipt: Flags
    noted: Ints
    receiver: Ints
    inspected: Ints
    inspection: Flags
    inspector: Ints

    def known(self) -> Ints:
        """When the warehouse's system knew of the receipt."""
        return np.where(self.noted == NULL, self.received, self.noted)


def travel(c: Chunk, s: Slices) -> Trip:
    """Plan the parcels' journeys. Every time is drawn for every slice; the story says which of them leave a record."""
    n, draws, lead = len(s), c.draws, s.leader
    insider = _crooks(c, s)
    home = c.orders.account[s.order] % OFFICE
    planned = np.where(insider >= 0, c.staff.people.site[insider], home)[lead]
    # The carrier may bring a parcel to another site of ours, which receives it all the same.
    astray = (c.some(c.parameters.rerouted, n) & (s.story == NUMBER["ordinary"]))[lead]
    site = np.where(astray, (planned + 1) % OFFICE, planned)
    asked = _asked(c, s, insider)[lead]
    carrier = draws.pick([5, 3, 2], n)[lead]
    accepted = asked + draws.span(4 * HOUR, 72 * HOUR, n)[lead]
    moved = accepted + draws.span(6 * HOUR, 18 * HOUR, n)[lead]
    delivered = accepted + _LANE + draws.span(10 * HOUR, 90 * HOUR, n)[lead]
    docked = c.staff.opening(site, delivered + draws.span(0.5 * HOUR, 10 * HOUR, n), draws)[lead]
    landed = _landings(c, s, site)[lead]
    first, middle, last = (_shared(c.passage(carrier, when), lead) for when in (accepted, moved, delivered))
    labelled = draws.chance(share("label", s.story), n)[lead]
    reached = has("docked", value=True, story=s.story)
    return Trip(asked, planned, site, insider, carrier, labelled, first, middle, last, landed, _weights(c, s), docked, reached)


def _shared(passage: Passage, lead: Ints) -> Passage:
    return Passage(passage.when, passage.seen[lead], passage.recorded[lead])


def _crooks(c: Chunk, s: Slices) -> Ints:
    """The person behind the receipt where the story has one, else -1."""
    luck = share_of(digest(c.shop.seed, "crook", s.key))
    staff, nobody = c.staff, np.full(len(s), -1)
    burst = c.orders.when[s.order] // DAY // 28
    bribed = staff.insiders[(luck * len(staff.insiders)).astype(np.int64)]
    robbed = staff.victims[burst % len(staff.victims)]
    ring = c.orders.ring[s.order]
    if (ring >= 0).any():
        mine = staff.ring_insiders[np.maximum(ring, 0), (luck * staff.ring_insiders.shape[1]).astype(np.int64)]
        bribed, robbed = np.where(ring >= 0, mine, bribed), np.where(ring >= 0, staff.ring_victims[np.maximum(ring, 0)], robbed)
    choice = [bribed, robbed, staff.soloists[(luck * len(staff.soloists)).astype(np.int64)]]
    return np.select([has("hands", name, s.story) for name in ("insider", "phished", "collapse")], choice, nobody)


def _asked(c: Chunk, s: Slices, insider: Ints) -> Ints:
    """When the return was asked for: days after the parcel came; the units kept at first come back later."""
    arrived, n = c.orders.arrived[s.order], len(s)
    asked = arrived + DAY + c.draws.waiting(5 * DAY, 27 * DAY, n)
    asked = np.where(s.turn > 0, arrived + 6 * DAY + c.draws.waiting(5 * DAY, 20 * DAY, n), asked)
    # what came broken is told of at once
    broken = ~has("claim", "", s.story) & ~has("trigger", "returnless", s.story)
    asked = np.where(broken, arrived + 6 * HOUR + (asked - arrived - DAY) * 3 // 10, asked)
    phished, alone = has("hands", "phished", s.story), has("hands", "collapse", s.story)
    asked = np.where(phished, arrived + c.draws.span(12 * HOUR, 3 * DAY, n), asked)
    return np.where(alone, c.staff.next_shift(np.maximum(insider, 0), asked, c.draws), asked)


def _landings(c: Chunk, s: Slices, site: Ints) -> Ints:
    """The postcode where each parcel was handed over: the site's own, or one near it where the story says so."""
    right, n = SITE_POSTCODE[site], len(s)
    near = right + 3 + c.draws.span(0, 40, n)
    strays = has("landing", "elsewhere", s.story) | (has("landing", "either", s.story) & c.some(0.5, n))
    return np.where(strays, near, right)


def _weights(c: Chunk, s: Slices) -> Ints:
    """What lies in the parcel, in grams."""
    full, n = c.packed_weight(s), len(s)
    light = (full * (0.10 + 0.35 * c.draws.evenly(n))).astype(np.int64)
    empty = c.draws.span(25, 70, n)
    return np.select([has("contents", "empty", s.story), has("contents", "light", s.story)], [empty, light], full)


def handle(c: Chunk, s: Slices, t: Trip) -> Desk:
    """Plan receipts and inspections: the story says whose hands they pass through."""
    n, draws, staff = len(s), c.draws, c.staff
    floor = has("hands", "floor", s.story)
    opening = staff.opening(t.site, t.docked + draws.span(2 * HOUR, 20 * HOUR, n), draws)
    received = np.where(floor, opening, _crooked_times(c, s, t))
    person = np.where(floor, _receiver(c, s, t, opening), t.insider)
    receipt = ~has("hands", "none", s.story)
    receiver = np.where(receipt, staff.login(person, draws), -1)
    _hurry(c, s, t, received)
    noted = c.noted(received)
    acted = received
    received, noted = _back_date(c, s, t, received, noted)
    inspected, inspector = _inspect(c, s, t, acted, receiver)
    looked = receipt & ~has("inspected", "none", s.story) & draws.chance(share("inspected_share", s.story), n)
    looked &= ~c.some(c.parameters.inspection_missing, n)
    return Desk(acted, received, receipt, noted, receiver, inspected, looked, inspector)


def _receiver(c: Chunk, s: Slices, t: Trip, when: Ints) -> Ints:
    """Whoever on the floor it falls to: what came without a known parcel to the problem desk, dear goods mostly to the seniors."""
    p, luck = c.parameters, share_of(digest(c.shop.seed, "queue", s.rma))
    lost = ~has("known_parcel", value=True, story=s.story) & (luck < p.problem_desk)
    dear = c.orders.dear[s.order] & (luck < p.senior_dear)
    # the desk is manned by whoever comes first on that day's list
    desk = np.where(lost, 0.0, -1.0)
    return c.staff.on_duty(t.site, RECEIVING, when, c.draws, Custom(desk[s.leader], np.where(dear, 0.34, 1.0)[s.leader]))


def stays_late(c: Chunk, s: Slices, insider: Ints) -> Flags:
    """Whether the receipt is made by an insider of a ring who stays on after the end of the shift."""
    luck = share_of(digest(c.shop.seed, "late", s.key))
    mine = (insider >= 0) & has("hands", "insider", s.story) & (c.orders.ring[s.order] >= 0)
    early: Flags = c.staff.people.shift[np.maximum(insider, 0)] == 0
    return mine & (luck < c.parameters.off_shift) & early


def _crooked_times(c: Chunk, s: Slices, t: Trip) -> Ints:
    """When a false receipt is made: in the insider's own shift, or in one burst at night by whoever stole the session."""
    n, draws = len(s), c.draws
    begins = np.where(has("docked", value=True, story=s.story), t.docked + HOUR, t.asked + draws.span(6 * HOUR, 96 * HOUR, n))
    dated = has("tempo", "back_dated", s.story)
    begins = np.where(dated, t.asked + draws.span(12 * DAY, 25 * DAY, n), begins)
    when = c.staff.next_shift(np.maximum(t.insider, 0), begins, draws)
    when = np.where(stays_late(c, s, t.insider), c.staff.closing(np.maximum(t.insider, 0), when, draws), when)
    rows = np.flatnonzero(has("hands", "phished", s.story))
    if len(rows):
        when[rows] = _burst(c, s, t, rows)
    return when


def _burst(c: Chunk, s: Slices, t: Trip, rows: Ints) -> Ints:
    """The minute of each receipt in its burst: the night after the last of the burst's returns was asked for."""
    months, group = np.unique(c.orders.when[s.order[rows]] // DAY // 28 * 1_000_000 + t.insider[rows], return_inverse=True)
    last = np.zeros(len(months), dtype=np.int64)
    np.maximum.at(last, group, t.asked[rows])
    # Three in the morning at the site, when nobody whose badge is in the building could do it.
    night = (last // DAY + 1) * DAY + 9 * HOUR
    return night[group] + c.draws.span(3 * MINUTE, 50 * MINUTE, len(rows))


def _hurry(c: Chunk, s: Slices, t: Trip, received: Ints) -> None:
    """Let the carrier's acceptance fall less than an hour before the receipt, where the story says so."""
    quick = has("tempo", "within_hour", s.story)
    near = received - c.draws.span(10 * MINUTE, 55 * MINUTE, len(s))
    when = np.where(quick, near, t.accepted.when)
    shift = when - t.accepted.when
    recorded = np.where(t.accepted.recorded == NULL, NULL, t.accepted.recorded + shift)
    down = c.carriers.down[t.carrier, c.carriers.day(when)]
    t.accepted = Passage(when, t.accepted.seen & ~down, recorded)


def _back_date(c: Chunk, s: Slices, t: Trip, received: Ints, noted: Ints) -> tuple[Ints, Ints]:
    """Let a receipt claim an earlier day than the one it was written on, where the story says so."""
    dated = has("tempo", "back_dated", s.story)
    claimed = t.asked + c.draws.span(DAY, 3 * DAY, len(s))
    return np.where(dated, claimed, received), np.where(dated, received, noted)


def _inspect(c: Chunk, s: Slices, t: Trip, acted: Ints, receiver: Ints) -> tuple[Ints, Ints]:
    n, draws = len(s), c.draws
    later = c.staff.opening(t.site, acted + draws.span(2 * HOUR, 20 * HOUR, n), draws)
    other = c.staff.login(c.staff.on_duty(t.site, INSPECTION, later, draws), draws)
    same = has("inspected", "same", s.story) | (has("hands", "floor", s.story) & c.some(c.parameters.self_inspected, n))
    return np.where(same, acted + draws.span(5 * MINUTE, 40 * MINUTE, n), later), np.where(same, receiver, other)
