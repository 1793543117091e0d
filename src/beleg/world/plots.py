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
            for since, until, part in _windows(shop, ring, NUMBER[method], total):
                job = _Job(ring, NUMBER[method], part, listed[ring], since, until)
                rows, account = _ring_frauds(shop, draws, orders, story == 0, job)
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
    """So many frauds of one story for a ring within a time, best done with orders on its list."""

    ring: int
    story: int
    total: int
    listed: Flags
    since: int
    until: int


def _windows(shop: Shop, ring: int, number: int, total: int) -> list[tuple[int, int, int]]:
    """When the ring does it, and how often then: all the time it exists; with a stolen login in two bursts."""
    begins, tale = int(shop.rings.begins[ring]), STORIES[number]
    if tale.hands != "phished":
        return [(begins, shop.end - tale.settles * DAY, total)]
    first = -(-(begins // DAY + 20) // _BURST_EVERY) * _BURST_EVERY * DAY
    nights = [first + later * _BURST_EVERY * DAY for later in (0, 3)]
    return [(night, night + _BURST_DAYS * DAY, part) for night, part in zip(nights, (total - total // 2, total // 2), strict=True)]


def _ring_frauds(shop: Shop, draws: Draws, orders: Orders, free: Flags, job: _Job) -> tuple[Ints, Ints]:
    """The orders of this chunk that become the ring's, and the accounts that place them."""
    tale, listed = STORIES[job.story], job.listed
    fit = fits(shop, tale, orders) & free & (orders.when >= job.since) & (orders.when < job.until)
    count = _part(shop, orders, tale.name, job.total, (job.since, job.until))
    dear = round(count * (1.0 if tale.serialised else shop.parameters.ring_dear))
    best = draws.shuffled(np.flatnonzero(fit & listed & orders.dear))
    next_ = draws.shuffled(np.flatnonzero(fit & ~listed & orders.dear))
    cheap = draws.shuffled(np.flatnonzero(fit & ~orders.dear))
    rows = np.sort(np.concatenate([np.concatenate([best, next_])[:dear], cheap[: count - dear]]))
    account = shop.rings.active(job.ring, orders.when[rows], draws)
    return rows[account >= 0], account[account >= 0]


def quota(shop: Shop, orders: Orders, tale: Story, total: int) -> int:
    """This chunk's part of the total, by the orders that are early enough in the year for the story to end in it."""
    return _part(shop, orders, tale.name, total, (shop.start, shop.end - tale.settles * DAY))


def _part(shop: Shop, orders: Orders, name: str, total: int, span: tuple[int, int]) -> int:
    """This chunk's part of the total, by the orders placed within the span."""
    first, last = (shop.parameters.orders * shop.calendar.fraction(edge) for edge in span)
    last = max(first + 1.0, last)
    phase = float(share_of(digest(shop.seed, "phase", NUMBER[name]))[0])
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
