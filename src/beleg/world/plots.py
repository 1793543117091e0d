"""Who plots what: the frauds of rings, accounts taken over, padded goodwill, and honest-looking orders that hide all that."""

from dataclasses import dataclass

import numpy as np

from beleg.world.columns import Flags, Ints, digest, share_of
from beleg.world.draws import DAY, Draws
from beleg.world.shop import Lines, Orders, Shop
from beleg.world.stories import NUMBER, STORIES, Story, has, twins

_BURST_EVERY, _BURST_DAYS = 28, 5


def plot(shop: Shop, chunk: int, orders: Orders, lines: Lines, story: Ints) -> None:
    """Give orders without a story one of a plot's, and say whose it is; honest twins of what nobody can tell apart come along."""
    draws, n = Draws(shop.seed, 15, chunk), len(orders.when)
    orders.ring, orders.taken = np.full(n, -1), np.zeros(n, dtype=np.bool_)
    listed = _listed(shop, orders, lines)
    for ring in range(shop.rings.count):
        for method, total in ring_frauds(shop, ring).items():
            rows, account = _ring_frauds(shop, draws, orders, story == 0, _Job(ring, NUMBER[method], total, listed[ring]))
            story[rows], orders.account[rows], orders.ring[rows] = NUMBER[method], account, ring
    _take_over(shop, draws, orders, story)
    _pad(shop, draws, orders, story)
    _befall_others(shop, draws, orders, story)


def ring_frauds(shop: Shop, ring: int) -> dict[str, int]:
    """How many frauds of each method the ring commits, shared out by its mix."""
    p = shop.parameters
    total = round(int((shop.rings.members.ring == ring).sum()) * p.ring_frauds)
    mix = {name: share for name, share in p.ring_mix.items() if share > 0}
    edges = np.cumsum([0.0, *mix.values()]) / max(sum(mix.values()), 1e-9) * total
    return {name: round(high) - round(low) for name, low, high in zip(mix, edges, edges[1:], strict=False)}


def _listed(shop: Shop, orders: Orders, lines: Lines) -> list[Flags]:
    """Per ring, which orders hold an article of its store list."""
    first, goods = lines.article[orders.first], shop.catalogue
    dear = len(goods.price) - goods.ordinary
    wanted = min(shop.parameters.ring_articles, dear)
    lists = [Draws(shop.seed, 16, ring).shuffled(np.arange(dear))[:wanted] + goods.ordinary for ring in range(shop.rings.count)]
    return [np.isin(first, articles) for articles in lists]


@dataclass(frozen=True)
class _Job:
    """So many frauds of one story for a ring, best done with orders on its list."""

    ring: int
    story: int
    total: int
    listed: Flags


def _ring_frauds(shop: Shop, draws: Draws, orders: Orders, free: Flags, job: _Job) -> tuple[Ints, Ints]:
    """The orders of this chunk that become the ring's, and the accounts that place them."""
    tale, since, listed = STORIES[job.story], int(shop.rings.begins[job.ring]), job.listed
    fit = fits(shop, tale, orders) & free & (orders.when >= since)
    count = quota(shop, orders, tale, job.total, since)
    dear = round(count * (1.0 if tale.serialised else shop.parameters.ring_dear))
    best = draws.shuffled(np.flatnonzero(fit & listed & orders.dear))
    next_ = draws.shuffled(np.flatnonzero(fit & ~listed & orders.dear))
    cheap = draws.shuffled(np.flatnonzero(fit & ~orders.dear))
    rows = np.sort(np.concatenate([np.concatenate([best, next_])[:dear], cheap[: count - dear]]))
    account = shop.rings.active(job.ring, orders.when[rows], draws)
    return rows[account >= 0], account[account >= 0]


def quota(shop: Shop, orders: Orders, tale: Story, total: int, since: int | None = None) -> int:
    """This chunk's part of the total, by the orders placed in time for the story to begin and to end in the window."""
    everyone = shop.parameters.orders
    first = 0.0 if since is None else everyone * shop.calendar.fraction(since)
    last = max(first + 1.0, everyone * shop.calendar.fraction(shop.end - tale.settles * DAY))
    phase = float(share_of(digest(shop.seed, "phase", NUMBER[tale.name]))[0])
    low, high = ((min(max(float(edge), first), last) - first) / (last - first) for edge in (orders.index[0], orders.index[-1] + 1))
    return int(total * high + phase) - int(total * low + phase)


def fits(shop: Shop, tale: Story, orders: Orders) -> Flags:
    """Which orders the story can happen to."""
    # What ends after the window has not happened in the data, so the truth must not say that it has.
    fit = orders.when < shop.end - tale.settles * DAY
    if tale.whole_order:
        fit &= orders.size == 1
    if tale.serialised:
        fit &= orders.dear
    if tale.hands == "phished":
        # A stolen session is used at once for what is ready, so these orders lie close together.
        fit &= orders.when // DAY % _BURST_EVERY < _BURST_DAYS
    return fit


def _take_over(shop: Shop, draws: Draws, orders: Orders, story: Ints) -> None:
    """Somebody asks for the money of honest customers' orders, to be sent elsewhere."""
    tale = STORIES[NUMBER["not_received"]]
    count = quota(shop, orders, tale, shop.parameters.crooked(shop.parameters.takeovers))
    old = orders.account < shop.old_accounts
    rows = draws.shuffled(np.flatnonzero(fits(shop, tale, orders) & (story == 0) & old & orders.dear))[:count]
    story[rows], orders.taken[rows] = NUMBER["not_received"], True


def _pad(shop: Shop, draws: Draws, orders: Orders, story: Ints) -> None:
    """Goodwill that a member of staff grants to friends, a few accounts that come again and again."""
    tale = STORIES[NUMBER["padded_goodwill"]]
    count = quota(shop, orders, tale, shop.parameters.crooked(shop.parameters.padded))
    limit = shop.parameters.approval_limit
    rows = draws.shuffled(np.flatnonzero((story == 0) & orders.dear & (orders.when < shop.end - 30 * DAY)))[: count if limit else 0]
    friends = (share_of(digest(shop.seed, "friend", draws.span(0, 4, len(rows)))) * shop.old_accounts).astype(np.int64)
    story[rows], orders.account[rows] = NUMBER["padded_goodwill"], friends


def _befall_others(shop: Shop, draws: Draws, orders: Orders, story: Ints) -> None:
    """The same misfortunes, as often, happen to honest people."""
    plotted = (orders.ring >= 0) | orders.taken
    for method, twin in twins().items():
        tale = STORIES[NUMBER[twin]]
        count = round(int((plotted & (story == NUMBER[method])).sum()) * shop.parameters.twins)
        fit = fits(shop, tale, orders) & (story == 0)
        dear = draws.shuffled(np.flatnonzero(fit & orders.dear))[: round(count * tale.high_value)]
        rest = draws.shuffled(np.flatnonzero(fit & ~orders.dear))[: count - len(dear)]
        story[dear] = story[rest] = NUMBER[twin]


def disguise(shop: Shop, chunk: int, orders: Orders, lines: Lines, story: Ints) -> None:
    """Honest orders that accounts made for a ring place to look like others, and those of people paid for their reviews."""
    draws, n = Draws(shop.seed, 17, chunk), len(orders.when)
    honest = has("kind", "honest", story) & (orders.ring < 0)
    hiding = np.flatnonzero(honest & draws.chance(shop.rings.hiding(shop.parameters.orders), n))
    for ring in range(shop.rings.count):
        rows = hiding[hiding % shop.rings.count == ring]
        account = shop.rings.active(ring, orders.when[rows], draws)
        made = account >= shop.society.accounts
        orders.account[rows[made]] = account[made]
    paid = shop.crowd.paid(orders.when, np.isin(lines.article[orders.first], shop.crowd.praised), draws)
    orders.account = np.where(honest & (story == 0) & (paid >= 0), paid, orders.account)
