"""The shop: its articles, its calendar, its customers, and the orders they place."""

from dataclasses import dataclass, field

import numpy as np

from beleg.world.book import Book, Stamp
from beleg.world.columns import Column, Flags, Floats, Hashes, Hex, Ints, Key, Word, digest, share_of
from beleg.world.crowd import Crowd
from beleg.world.draws import DAY, HOUR, MINUTE, Draws
from beleg.world.parameters import WorldParameters
from beleg.world.rings import Rings
from beleg.world.society import KINDS, Society

_GOODS = ("Kettle", "Lamp", "Jumper", "Rucksack", "Teapot", "Drill", "Trainers", "Duvet", "Board game", "Pan set")
_DEVICES = ("Laptop", "Tablet", "Phone", "Camera", "Console", "Graphics card")
_FIELDS = ("home", "clothing", "sport", "tools", "toys", "garden", "kitchen", "books", "beauty", "electronics")
_CHANNELS = ("web", "app", "marketplace")
_COUNTRY = {"USD": "US", "EUR": "DE", "GBP": "GB"}
_WEEK = np.array([1.05, 1.0, 0.98, 1.0, 1.02, 0.95, 1.0])
_HOURS = np.array([2, 1, 1, 1, 1, 2, 3, 4, 6, 7, 7, 7, 7, 6, 6, 6, 7, 8, 9, 10, 10, 8, 6, 4], dtype=np.float64)


class Calendar:
    """When orders are placed: more in the evening, most before the holidays and on the days of a campaign."""

    def __init__(self, start: int, days: int, campaigns: Ints, lift: float) -> None:
        hour = np.arange(days * 24)
        season = 1 + 0.6 * ((hour / 24 % 365) > 320) * ((hour / 24 % 365) < 355)
        weight = _HOURS[hour % 24] * _WEEK[hour // 24 % 7] * season * np.where(np.isin(hour // 24, campaigns), lift, 1.0)
        self._edges = np.concatenate([[0.0], np.cumsum(weight) / weight.sum()])
        self._times = start + np.arange(days * 24 + 1) * float(HOUR)

    def time(self, fraction: Floats) -> Ints:
        """The instant by which this fraction of the year's orders is placed."""
        time: Floats = np.interp(fraction, self._edges, self._times)
        return time.astype(np.int64)

    def fraction(self, time: int) -> float:
        """The fraction of the year's orders that is placed by then."""
        return float(np.interp(float(time), self._times, self._edges))


@dataclass(frozen=True)
class Catalogue:
    """One entry per article: price and weight of a unit, and what it is. The dear ones come last and bear serials."""

    price: Ints
    weight: Ints
    field: Ints
    titles: tuple[str, ...]
    ordinary: int

    @classmethod
    def build(cls, parameters: WorldParameters) -> "Catalogue":
        """Draw the articles from the seed."""
        draws, plain, dear = Draws(parameters.seed, 1), parameters.articles, parameters.electronics
        spread = 0.35
        cheap = parameters.ordinary_median * np.exp(0.5 * draws.bell(plain))
        costly = np.exp(spread * draws.bell(dear))
        price = np.concatenate([np.clip(cheap, 8, 220), parameters.electronics_mean * costly / costly.mean()])
        weight = np.concatenate([draws.span(150, 4_000, plain), draws.span(400, 3_500, dear)])
        fields = np.concatenate([np.arange(plain) % (len(_FIELDS) - 1), np.full(dear, len(_FIELDS) - 1)])
        names = [f"{_GOODS[i % len(_GOODS)]} {100 + i}" for i in range(plain)]
        names += [f"{_DEVICES[i % len(_DEVICES)]} {500 + i}" for i in range(dear)]
        return cls((np.floor(price) * 100 + 99).astype(np.int64), weight, fields.astype(np.int64), tuple(names), plain)


@dataclass
class Orders:
    """A chunk of orders, one entry each; `first` is the place of its first line, `size` the number of its lines."""

    index: Ints
    when: Ints
    account: Ints
    currency: Ints
    fee: Ints
    dear: np.typing.NDArray[np.bool_]
    first: Ints
    size: Ints
    carrier: Ints
    promised: Ints
    packed: Ints = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    arrived: Ints = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    ring: Ints = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    """The ring that the order is placed for, or -1."""
    taken: Flags = field(default_factory=lambda: np.empty(0, dtype=np.bool_))
    """Whether somebody who has taken the account over asks for its money."""


@dataclass
class Lines:
    """The order lines of a chunk: the order (by place in the chunk), the number within it, the article, units and money."""

    order: Ints
    number: Ints
    article: Ints
    quantity: Ints
    paid: Ints


class Shop:
    """Everything about the shop that does not change from chunk to chunk."""

    def __init__(self, parameters: WorldParameters) -> None:
        self.parameters = parameters
        self.seed = parameters.seed
        self.start = parameters.start_micros()
        self.end = self.start + parameters.days * DAY
        campaigns = Draws(parameters.seed, 11).span(0, parameters.days, parameters.campaign_days)
        self.calendar = Calendar(self.start, parameters.days, campaigns, parameters.campaign_lift)
        self.catalogue = Catalogue.build(parameters)
        self.old_accounts = max(10, parameters.orders // 4)
        self.new_accounts = max(10, parameters.orders // 5)
        usual = self.old_accounts + self.new_accounts
        self.society = Society(parameters, usual)
        self.rings = Rings(parameters, self.society, usual, self.old_accounts)
        self.crowd = Crowd(parameters, self.catalogue.ordinary, self.rings.accounts, self.old_accounts)

    def accounts_by(self, index: Ints) -> Ints:
        """How many accounts there are when the order of this number is placed."""
        return self.old_accounts + self.new_accounts * index // self.parameters.orders

    def opened(self, account: Ints) -> Ints:
        """When the account was opened: long before the year for the old ones, just before an order for the new."""
        chance = share_of(digest(self.seed, "opened", account))
        old = self.start - (chance * 1_000 * DAY).astype(np.int64) - HOUR
        new = self.calendar.time((account - self.old_accounts) / self.new_accounts)
        usual = np.where(account < self.old_accounts, old, new - (chance * 20 * MINUTE).astype(np.int64) - MINUTE)
        return self.rings.opened(account, self.crowd.opened(account, usual))

    def identity(self, kind: str, account: Ints) -> Hashes:
        """The account's identifier of this kind; many share one with their family or house, and rings share theirs."""
        return self.rings.identity(kind, account, self.society.identity(kind, account))

    def used(self, kind: str, orders: "Orders") -> Hashes:
        """What the account shows in all that concerns each order: its own, or its ring's where it acts for one."""
        own = self.identity(kind, orders.account)
        return self.rings.used(kind, orders.account, orders.ring, own)

    def postcode(self, account: Ints) -> Ints:
        """Where the account has its parcels sent."""
        return 10_000 + (share_of(self.identity("address", account)) * 89_999).astype(np.int64)

    def place_orders(self, chunk: int, low: int, high: int) -> tuple[Orders, Lines]:
        """The orders numbered from `low` up to `high`, with their lines; nothing is written yet."""
        draws, n = Draws(self.seed, 2, chunk), high - low
        index = np.arange(low, high)
        when = np.sort(self.calendar.time((index + draws.evenly(n)) / self.parameters.orders))
        dear = draws.chance(self.parameters.electronics_share, n)
        size = 1 + draws.pick([0.68, 0.22, 0.10], n)
        account = (self.accounts_by(index) * draws.evenly(n) ** 1.3).astype(np.int64)
        account = self.crowd.reselling(chunk, account)
        currency = draws.pick(list(self.parameters.currencies.values()), n)
        lines = self._lines(draws, dear, size)
        self._hype(chunk, lines, when)
        goods = np.bincount(lines.order, lines.paid, n).astype(np.int64)
        fee = np.where(goods < 5_000, 499, 0)
        first = np.cumsum(size) - size
        promised = when + draws.span(4 * DAY, 7 * DAY, n)
        return Orders(index, when, account, currency, fee, dear, first, size, draws.pick([5, 3, 2], n), promised), lines

    def _lines(self, draws: Draws, dear: np.typing.NDArray[np.bool_], size: Ints) -> Lines:
        order = np.repeat(np.arange(len(size)), size)
        number = np.arange(len(order)) - np.repeat(np.cumsum(size) - size, size)
        article = draws.span(0, self.catalogue.ordinary, len(order))
        costly = dear[order] & (number == 0)
        article[costly] = draws.span(self.catalogue.ordinary, len(self.catalogue.price), int(costly.sum()))
        quantity = np.where(costly, 1, 1 + draws.pick([0.8, 0.14, 0.06], len(order)))
        return Lines(order, number, article, quantity, self.catalogue.price[article] * quantity)

    def _hype(self, chunk: int, lines: Lines, when: Ints) -> None:
        """Let viral articles take the place of others."""
        article = self.crowd.viral(chunk, when[lines.order])
        lines.article = np.where((article >= 0) & (lines.article < self.catalogue.ordinary), article, lines.article)
        lines.paid = self.catalogue.price[lines.article] * lines.quantity

    # -- the facts ---------------------------------------------------------------------------------------------------------------

    def write(self, book: Book, orders: Orders, lines: Lines) -> None:
        """Write the accounts that come up in this chunk, its orders and their lines."""
        draws = Draws(self.seed, 3, int(orders.index[0]))
        self._write_accounts(book, orders)
        self._write_orders(book, draws, orders, lines)
        self._write_lines(book, orders, lines)
        self._write_sign_ins(book, draws, orders)

    def _write_accounts(self, book: Book, orders: Orders) -> None:
        span = self.accounts_by(np.array([orders.index[0], orders.index[-1] + 1]))
        account = np.arange(0 if orders.index[0] == 0 else span[0], span[1])
        if orders.index[0] == 0:
            account = np.concatenate([account, np.arange(self.society.accounts, self.crowd.accounts)])
        when = self.opened(account)
        channel = Word(_CHANNELS, (account * 7 + account // 11) % 3)
        book.add("accounts", Stamp(when, "shop"), account_id=Key("K", account), channel=channel)
        moved, before = self.society.moved(account)
        earlier = when - np.where(when < self.start, 30 * DAY, 0) - 500
        book.add("identifiers", Stamp(earlier, "identity", where=moved), account_id=Key("K", account), kind="address",
                 value=Hex(before), seen_in="sign_up")  # fmt: skip
        for place, kind in enumerate(KINDS):
            seen: dict[str, Column] = {"kind": kind, "value": Hex(self.identity(kind, account)), "seen_in": "sign_up"}
            book.add("identifiers", Stamp(when + place * 1_000, "identity"), account_id=Key("K", account), **seen)

    def _write_orders(self, book: Book, draws: Draws, orders: Orders, lines: Lines) -> None:
        codes = tuple(self.parameters.currencies)
        goods = np.bincount(lines.order, lines.paid, len(orders.when)).astype(np.int64)
        book.add(
            "orders", Stamp(orders.when, "shop", recorded=orders.when),
            order_id=order_key(orders.index), account_id=Key("K", orders.account), currency=Word(codes, orders.currency),
            paid=goods + orders.fee, channel=Word(_CHANNELS, draws.pick([6, 3, 1], len(goods))),
            payment=Hex(self.used("payment", orders)), ship_to=Key("", self.postcode(orders.account), 5, plain=True),
            country=Word([_COUNTRY.get(code, "US") for code in codes], orders.currency), promised_at=orders.promised,
        )  # fmt: skip

    def _write_lines(self, book: Book, orders: Orders, lines: Lines) -> None:
        goods, of = self.catalogue, lines.order
        when = orders.when[of]
        serialised = lines.article >= goods.ordinary
        book.add(
            "order_lines", Stamp(when, "shop", recorded=when),
            order_id=order_key(orders.index[of]), line_id=line_key(lines.number), account_id=Key("K", orders.account[of]),
            article=Key("A", lines.article, 5), title=Word(goods.titles, lines.article),
            category=Word(_FIELDS, goods.field[lines.article]), quantity=lines.quantity, paid=lines.paid,
            currency=Word(tuple(self.parameters.currencies), orders.currency[of]), unit_weight=goods.weight[lines.article],
            serialised=serialised,
        )  # fmt: skip

    def _write_sign_ins(self, book: Book, draws: Draws, orders: Orders) -> None:
        n = len(orders.when)
        failed = draws.chance(0.04, n)
        when = np.maximum(orders.when - draws.span(MINUTE, 30 * MINUTE, n), self.opened(orders.account) + MINUTE // 2)
        book.add(
            "sign_ins", Stamp(when, "identity", where=draws.chance(0.25, n)),
            account_id=Key("K", orders.account), outcome=Word(("success", "failure"), failed.astype(np.int64)),
            device=Hex(self.identity("device", orders.account)), ip=Hex(self.identity("ip", orders.account)),
        )  # fmt: skip


def order_key(index: Ints) -> Key:
    """The shop's order number."""
    return Key("W", np.where(index >= 0, index + 1, index), 8, plain=True)


def line_key(number: Ints) -> Key:
    """The line's number within its order."""
    return Key("", np.where(number >= 0, number + 1, number), 1, plain=True)
