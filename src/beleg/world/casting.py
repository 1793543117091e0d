"""Who gets which story: planted ones by exact number, honest ones by chance, and the slices that follow from them."""

from dataclasses import dataclass, replace

import numpy as np

from beleg.world.columns import Flags, Ints, digest, share_of
from beleg.world.draws import DAY, Draws
from beleg.world.parameters import WorldParameters
from beleg.world.plots import disguise, fits, plot, quota
from beleg.world.shop import Lines, Orders, Shop
from beleg.world.stories import NUMBER, STORIES, has, twins

# So long an account has ordered before it is known; about five days lie between an order and a claim over it.
_NEWCOMER = 25 * DAY


@dataclass(frozen=True)
class Slices:
    """One entry per slice of a chunk: places of its order and line, units, story, number.

    `leader` is the place of the slice whose parcel and authorisation it shares, `rma` that slice's number.
    """

    order: Ints
    line: Ints
    turn: Ints
    quantity: Ints
    story: Ints
    leader: Ints
    key: Ints
    rma: Ints

    def __len__(self) -> int:
        return len(self.order)

    def of(self, rows: Flags) -> "Slices":
        """The slices that are flagged; a leader must be flagged with all that follow it."""
        place = np.cumsum(rows) - 1
        order, line, turn, quantity, story, key, rma = (
            part[rows] for part in (self.order, self.line, self.turn, self.quantity, self.story, self.key, self.rma)
        )
        return Slices(order, line, turn, quantity, story, place[self.leader[rows]], key, rma)


def cast(shop: Shop, chunk: int, orders: Orders, lines: Lines) -> Slices:
    """Give each order of the chunk a story or none, let returning accounts place the frauds, and cut the slices."""
    draws = Draws(shop.seed, 6, chunk)
    story = _plant(shop, draws, orders)
    # One document handed in by one account would be no reuse, so those frauds stay with their own accounts.
    fraud = ~has("kind", "honest", story) & (story != NUMBER["document_reuse"])
    repeat = fraud & draws.chance(shop.parameters.repeat_share, len(story))
    orders.account = np.where(repeat, _returning_accounts(shop, draws, len(story)), orders.account)
    plot(shop, chunk, orders, lines, story)
    _befall(shop, draws, orders, story)
    disguise(shop, chunk, orders, lines, story)
    return _asked_back(shop, orders, lines, _slices(shop.parameters, draws, orders, lines, story))


def _asked_back(shop: Shop, orders: Orders, lines: Lines, s: Slices) -> Slices:
    """Let claims over damaged goods become returns where the shop asks for the goods and they are sent; no other chance changes."""
    p = shop.parameters
    earlier, claimed, since = _standing(orders, s)
    value = lines.paid[s.line] * s.quantity // lines.quantity[s.line]
    asked = np.zeros(len(s), dtype=np.bool_)
    for limit, whom in (
        (p.asks_strangers_from, earlier == 0), (p.asks_claimants_from, claimed > 0),
        (p.asks_newcomers_from, orders.when - since < _NEWCOMER), (p.asks_everybody_from, earlier >= 0),
    ):  # fmt: skip
        asked |= whom[s.order] & (value >= limit) & (limit > 0)
    luck = share_of(digest(shop.seed, "asked back", s.key))
    lies = asked & (s.story == NUMBER["false_damage"])
    quits, hollow = luck < p.liar_gives_up, luck < p.liar_gives_up + p.liar_sends_nothing
    story = np.where(asked & (s.story == NUMBER["damaged"]) & (luck < p.sends_back), NUMBER["damaged_back"], s.story)
    for rows, name in ((lies & quits, "dropped"), (lies & ~quits & hollow, "empty"), (lies & ~hollow & ~quits, "other")):
        story = np.where(rows, NUMBER[f"false_damage_{name}"], story)
    return replace(s, story=story)


def _standing(orders: Orders, s: Slices) -> tuple[Ints, Ints, Ints]:
    """Per order of the chunk: its account's earlier orders there, how many claims over them, and when the first was placed."""
    claims = np.zeros(len(orders.when), dtype=np.int64)
    claims[s.order[~has("claim", "", s.story)]] = 1
    place = np.argsort(orders.account, kind="stable")
    account = orders.account[place]
    first = np.searchsorted(account, account)
    before = np.cumsum(claims[place]) - claims[place]
    earlier, claimed, since = (np.empty_like(claims) for _ in range(3))
    earlier[place] = np.arange(len(place)) - first
    claimed[place] = before - before[first]
    since[place] = orders.when[place][first]
    return earlier, claimed, since


def _plant(shop: Shop, draws: Draws, orders: Orders) -> Ints:
    """Frauds and their honest twins: an exact number each, so that a world of any size holds all of them."""
    story = np.zeros(len(orders.when), dtype=np.int64)
    wanted = shop.parameters.planted()
    unlucky = {twin: round(wanted.get(method, 0) * shop.parameters.twins) for method, twin in twins().items()}
    wanted = {name: shop.parameters.crooked(total) for name, total in wanted.items()} | unlucky
    for name, total in wanted.items():
        tale = STORIES[NUMBER[name]]
        number = quota(shop, orders, tale, total)
        fit = fits(shop, tale, orders) & (story == 0)
        dear = draws.shuffled(np.flatnonzero(fit & orders.dear))[: round(number * tale.high_value)]
        rest = draws.shuffled(np.setdiff1d(np.flatnonzero(fit), dear))[: number - len(dear)]
        story[dear] = story[rest] = NUMBER[name]
    return story


def _returning_accounts(shop: Shop, draws: Draws, rows: int) -> Ints:
    """Accounts of a small pool."""
    pool = max(3, int(sum(shop.parameters.planted().values()) / shop.parameters.frauds_per_account))
    chosen = draws.span(0, pool, rows)
    return (share_of(digest(shop.seed, "pool", chosen)) * shop.old_accounts).astype(np.int64)


def _befall(shop: Shop, draws: Draws, orders: Orders, story: Ints) -> None:
    """Let honest stories happen to orders that have none yet; where one does not fit, an ordinary day goes on."""
    p = shop.parameters
    odds = {
        "mislabelled": p.return_rate * p.mislabelled, "instant": p.return_rate * p.instant,
        "returnless": p.return_rate * p.returnless, "unused": p.return_rate * p.unused_authorisation,
        "lost_parcel": p.lost_parcel_rate, "sent_back": p.return_to_sender_rate,
        "damaged": p.damaged_rate, "replaced": p.replaced_rate, "packing_error": p.packing_error_rate,
        "missing_item": p.missing_item_rate, "cancelled": p.cancelled_rate, "goodwill": p.goodwill_rate,
        "adjustment": p.adjustment_rate, "order_refund": p.order_refund_rate, "chargeback": p.chargeback_rate,
    }  # fmt: skip
    odds["ordinary"] = p.return_rate * (1 - p.mislabelled - p.instant - p.returnless - p.unused_authorisation)
    names = ["none", *odds]
    drawn = np.array([NUMBER[name] for name in names])[draws.pick([1 - sum(odds.values()), *odds.values()], len(story))]
    misfit = has("whole_order", value=True, story=drawn) & (orders.size > 1)
    drawn[misfit | (orders.dear & np.isin(drawn, [NUMBER["returnless"], NUMBER["missing_item"]]))] = 0
    unsold = shop.crowd.resells(orders.account) & (drawn == 0) & draws.chance(p.reseller_returns, len(story))
    drawn[unsold] = NUMBER["ordinary"]
    story[story == 0] = drawn[story == 0]


def _slices(parameters: WorldParameters, draws: Draws, orders: Orders, lines: Lines, story: Ints) -> Slices:
    order = np.flatnonzero(story)
    n = len(order)
    pick = np.where(orders.dear[order], 0, (draws.evenly(n) * orders.size[order]).astype(np.int64))
    line = orders.first[order] + pick
    units = lines.quantity[line]
    some = has("flow", "return", story[order]) & ~has("whole_order", value=True, story=story[order])
    part = (units > 1) & some & draws.chance(0.5, n)
    quantity = np.where(part, 1 + (draws.evenly(n) * (units - 1)).astype(np.int64), units)
    rows = [(order, line, np.zeros(n, dtype=np.int64), quantity, story[order], np.arange(n))]
    rows += _companions(parameters, draws, orders, lines, rows[0])
    at, of, turn, units, tale, leader = (np.concatenate(parts) for parts in zip(*rows, strict=True))
    key = orders.index[at] * 16 + lines.number[of] * 4 + turn
    return Slices(at, of, turn, units, tale, leader, key, key[leader])


_Row = tuple[Ints, Ints, Ints, Ints, Ints, Ints]


def _companions(p: WorldParameters, draws: Draws, orders: Orders, lines: Lines, row: _Row) -> list[_Row]:
    """More slices of the same orders: another line in the same parcel, the other units later, a label asked for in vain."""
    order, line, _, quantity, story, _ = row
    n, plain = len(order), story == NUMBER["ordinary"]
    together = np.flatnonzero(plain & (orders.size[order] > 1) & draws.chance(p.joint_parcel, n))
    other = orders.first[order] + (lines.number[line] + 1) % orders.size[order]
    later = np.flatnonzero(plain & (quantity < lines.quantity[line]) & draws.chance(0.5, n))
    vain = np.flatnonzero(has("flow", "return", story) & ~np.isin(np.arange(n), later) & draws.chance(p.second_authorisation, n))
    zero = np.zeros(n, dtype=np.int64)

    def row_of(rows: Ints, of_line: Ints, turn: int, units: Ints, tale: Ints) -> _Row:
        return order[rows], of_line[rows], zero[rows] + turn, units[rows], tale[rows], np.arange(n, n + len(rows))

    joint = (*row_of(together, other, 0, lines.quantity[other], story)[:5], together)
    rest = row_of(later, line, 1, lines.quantity[line] - quantity, story)
    unused = row_of(vain, line, 1, quantity, zero + NUMBER["unused"])
    first, second = n + len(together), n + len(together) + len(later)
    return [joint, (*rest[:5], np.arange(first, second)), (*unused[:5], np.arange(second, second + len(vain)))]
