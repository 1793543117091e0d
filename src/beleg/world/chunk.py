"""One chunk of the year while it is being made, and the carriers' scans that every theme writes."""

from dataclasses import dataclass

import numpy as np

from beleg.world.book import Book, Stamp
from beleg.world.casting import Slices
from beleg.world.columns import NULL, Column, Flags, Hashes, Ints, Key, Word, digest, share_of
from beleg.world.draws import DAY, HOUR, Draws
from beleg.world.parameters import WorldParameters
from beleg.world.shop import Lines, Orders, Shop
from beleg.world.staff import SITE_OFFSET, SITES, Staff
from beleg.world.truth import Truth

CARRIERS = ("north", "south", "west")
_FEEDS = tuple(f"carrier:{name}" for name in CARRIERS)
_WAREHOUSES = tuple(f"wms:{site}" for site in SITES)
_DEPOTS = tuple(f"{name}-depot-{number}" for name in CARRIERS for number in range(1, 9))


class Carriers:
    """Which carrier has no scans at all on which days, and where its scanners fail; the same over the whole year."""

    def __init__(self, parameters: WorldParameters, start: int) -> None:
        draws = Draws(parameters.seed, 7)
        self._first = start // DAY
        self.down = np.zeros((len(CARRIERS), parameters.days + 1), dtype=np.bool_)
        self.broken = np.zeros((len(SITES), parameters.days + 1), dtype=np.bool_)
        for carrier in range(len(CARRIERS)):
            begins = draws.span(0, parameters.days, parameters.carrier_outage_days)
            for later in range(parameters.carrier_outage_length):
                self.down[carrier, np.minimum(begins + later, parameters.days)] = True
        for _ in range(parameters.broken_scanner_days):
            self.broken[draws.span(0, 3, 1), draws.span(0, parameters.days, 1)] = True

    def day(self, when: Ints) -> Ints:
        """The day of the window, kept within it."""
        return np.clip(when // DAY - self._first, 0, self.down.shape[1] - 1)


@dataclass(frozen=True)
class Passage:
    """What became of one kind of scan per parcel: when it was made, whether it reached us, and when it was written down."""

    when: Ints
    seen: Flags
    recorded: Ints

    def known(self) -> Ints:
        """When the shop knew."""
        return np.where(self.recorded == NULL, self.when, self.recorded)


@dataclass(frozen=True)
class Leg:
    """One way of a parcel per entry: its number and who carries it."""

    parcel: Ints
    carrier: Ints


@dataclass
class Setting:
    """What stays the same from chunk to chunk."""

    shop: Shop
    staff: Staff
    carriers: Carriers
    book: Book
    truth: Truth

    @classmethod
    def of(cls, parameters: WorldParameters) -> "Setting":
        """Everything that a year of this shop is played with."""
        shop = Shop(parameters)
        staff, carriers = Staff(parameters, shop.start), Carriers(parameters, shop.start)
        return cls(shop, staff, carriers, Book(shop.end), Truth(shop.end))


@dataclass
class Chunk(Setting):
    """What all themes share while they write one chunk."""

    draws: Draws
    orders: Orders
    lines: Lines
    slices: Slices

    @property
    def parameters(self) -> WorldParameters:
        """The world's parameters."""
        return self.shop.parameters

    def some(self, share: float, rows: int) -> Flags:
        """True in about this share of the rows."""
        return self.draws.chance(share, rows)

    def noted(self, when: Ints) -> Ints:
        """When the warehouse's or the shop's system wrote it down: minutes later, now and then a day, or it does not say."""
        late = self.some(self.parameters.recorded_late, len(when))
        next_day = when + self.draws.span(8 * HOUR, 30 * HOUR, len(when))
        return np.where(late, next_day, self.draws.lagged(when, self.parameters.recorded_share))

    def passage(self, carrier: Ints, when: Ints) -> Passage:
        """Let the carrier's scanners work as they do: some scans are lost, some come a day late, whole days fail."""
        n, p = len(when), self.parameters
        down = self.carriers.down[carrier, self.carriers.day(when)]
        late = self.some(p.scan_late, n)
        recorded = np.where(late, when + self.draws.span(22 * HOUR, 30 * HOUR, n), self.noted(when))
        return Passage(when, ~down & ~self.some(p.scan_missing, n), recorded)

    def scan(self, status: str, passage: Passage, leg: Leg, where: Flags, **columns: Column) -> None:
        """Write one scan of this status per parcel of the leg that `where` lets through."""
        depot = leg.carrier * 8 + self.draws.span(0, 8, len(where))
        stamp = Stamp(passage.when, Word(_FEEDS, leg.carrier), recorded=passage.recorded, where=where & passage.seen)
        attested = self.some(self.parameters.attested_share, len(where))
        of: dict[str, Column] = {"parcel_id": parcel_key(leg.parcel), "carrier": Word(CARRIERS, leg.carrier)}
        self.book.add("scans", stamp, **of, status=status, facility=Word(_DEPOTS, depot), attested=attested, **columns)

    def shown(self, kind: str, s: Slices) -> Hashes:
        """The device, network or instrument that turns up in what is asked for about the slices.

        It is the account's own or its ring's; whoever takes accounts over brings theirs; now and then honest people use another.
        """
        p, account, order = self.parameters, self.orders.account[s.order], self.orders.index[s.order]
        own = self.shop.identity(kind, account)
        used = self.shop.rings.used(kind, account, self.orders.ring[s.order], own)
        other = p.other_instrument if kind == "payment" else p.new_device
        elsewhere = (share_of(digest(self.shop.seed, "elsewhere" if kind == "payment" else "travels", order)) < other) & (
            used == own
        )
        used = np.where(elsewhere, digest(self.shop.seed, f"{kind[:2]} any", order), used)
        return np.where(self.orders.taken[s.order], digest(self.shop.seed, f"{kind[:2]} gone", 0), used).astype(np.uint64)

    def words(self, own: Hashes, s: Slices) -> Hashes:
        """The near-duplicate hash of what is written: one's own words, those that many use, or a refunder's template."""
        n, seed, ring = len(own), self.shop.seed, self.orders.ring[s.order]
        stock = digest(seed, "stock", (share_of(digest(seed, "words", own)) ** 2 * 60).astype(np.int64))
        common = share_of(digest(seed, "common", own)) < self.parameters.common_phrases
        template = digest(seed, "template", ring + 1, (share_of(digest(seed, "which", own)) * 3).astype(np.int64))
        lent = self.shop.rings.lent(self.orders.account[s.order], ring)
        return np.where(lent, template, np.where(common, stock, own)).reshape(n).astype(np.uint64)

    def scale(self, grams: Ints) -> Ints:
        """What a carrier's scale shows where it weighs at all, in grams."""
        return np.where(self.some(self.parameters.weight_share, len(grams)), self.weighed(grams), NULL)

    def door(self, postcode: Ints) -> dict[str, Column]:
        """Where a parcel was handed over: the postcode and its coordinates."""
        latitude, longitude = geography(self.shop.seed, postcode)
        return {"postcode": Key("", postcode, 5, plain=True), "latitude": latitude, "longitude": longitude}

    def weighed(self, grams: Ints) -> Ints:
        """What a scale shows: two per cent off as a rule, far off now and then."""
        n = len(grams)
        factor = 1 + 0.015 * np.clip(self.draws.bell(n), -3, 3)
        outlier = np.where(self.some(self.parameters.weight_outlier, n), 0.75 + 0.5 * self.draws.evenly(n), 1.0)
        return np.maximum(5, grams * factor * outlier).astype(np.int64)

    def packed_weight(self, s: Slices) -> Ints:
        """What the slices' goods weigh with their box, in grams; slices in one parcel each carry the sum."""
        own = self.shop.catalogue.weight[self.lines.article[s.line]] * s.quantity
        total = np.bincount(s.leader, own, len(s)).astype(np.int64)
        return total[s.leader] + 120

    def value(self, s: Slices) -> Ints:
        """What was paid for the slices' units, in minor units."""
        return self.lines.paid[s.line] * s.quantity // self.lines.quantity[s.line]


def warehouse(site: Ints, when: Ints, recorded: Ints, where: Flags) -> Stamp:
    """What the warehouse system of the site says, with that site's clock."""
    return Stamp(when, Word(_WAREHOUSES, site), recorded=recorded, where=where, offset=SITE_OFFSET[site])


def parcel_key(number: Ints) -> Key:
    """The parcel's id."""
    return Key("pcl-", number)


def outbound_parcel(index: Ints) -> Ints:
    """The number of the parcel an order leaves in."""
    return index * 32


def return_parcel(key: Ints) -> Ints:
    """The number of the parcel a slice comes back in."""
    return key * 2 + 1


def geography(seed: int, postcode: Ints) -> tuple[Ints, Ints]:
    """Latitude and longitude of a postcode in microdegrees; near numbers lie near each other."""
    area = digest(seed, "area", postcode // 100)
    east = digest(seed, "east", postcode // 100)
    near = (postcode % 100) * 4_000
    return (30e6 + share_of(area) * 17e6).astype(np.int64) + near, (-120e6 + share_of(east) * 44e6).astype(np.int64) + near
