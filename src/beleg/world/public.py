"""What is said in public: adverts and store lists of rings, vouches that echo real refunds, honest posts, and reviews."""

from dataclasses import dataclass

import numpy as np

from beleg.world.book import Book, Stamp
from beleg.world.casting import Slices
from beleg.world.chunk import Chunk
from beleg.world.columns import Column, Flags, Hashes, Hex, Ints, Key, Word, digest, share_of
from beleg.world.draws import DAY, HOUR, MINUTE, Draws
from beleg.world.shop import Shop, order_key
from beleg.world.stories import has

_PLATFORMS = ("telegram", "discord", "reddit")
_SHOPS = ("this shop", "Northmart", "Kaufgut", "Plenty", "Baymarket")
_KINDS = ("advert", "store_list", "vouch", "recruiting", "other")
_OWN, _FOREIGN, _TALK, _ADVERT = range(4)


@dataclass(frozen=True)
class _Said:
    """One post per entry: its number among those of its sort, and in whose channel: a ring's number, or below 0 anybody's."""

    number: Ints
    sort: Ints
    channel: Ints
    kind: Ints
    shop: Ints
    text: Hashes


def advertise(shop: Shop, book: Book) -> None:
    """Write every ring's adverts, its store list now and then, and its offers to staff."""
    draws, per_ring = Draws(shop.seed, 18), round(shop.parameters.adverts_a_month * shop.parameters.days / 30)
    ring = np.repeat(np.arange(shop.rings.count), per_ring)
    n = len(ring)
    begins = shop.rings.begins[ring] if n else ring
    when = begins - 30 * DAY + (draws.evenly(n) * (shop.end - begins + 30 * DAY)).astype(np.int64)
    kind, named = draws.pick([7, 2, 0, 1], n), draws.pick([4, 1, 1, 1, 1], n)
    text = digest(shop.seed, "advert", ring, draws.span(0, 5, n)) if n else np.empty(0, dtype=np.uint64)
    stamp = Stamp(when, "posts", recorded=when + HOUR)
    _post(book, shop, stamp, _Said(np.arange(n), np.full(n, _ADVERT), ring, kind, named, text))


def vouch(c: Chunk, s: Slices, paid: Ints, where: Flags, money: Ints) -> None:
    """Some refunds of a ring are shown off with: soon after, with goods and money, often rounded. Honest people talk too."""
    p, n, ring = c.parameters, len(s), c.orders.ring[s.order]
    draws = Draws(c.shop.seed, 19, int(c.orders.index[0]), n)
    ours = where & (ring >= 0) & draws.chance(p.vouch_share, n)
    step = np.where(draws.chance(p.vouch_rounded, n), np.where(money > 50_000, 5_000, 1_000), 1)
    told = np.maximum((money + step // 2) // step * step, 1)
    when = paid + draws.waiting(14 * HOUR, 4 * DAY, n) + 30 * MINUTE
    # So do the customers of other shops, in the same channels, about other goods and sums.
    elsewhere = ours & draws.chance(min(1.0, p.foreign_vouches), n)
    talk = where & (ring < 0) & has("kind", "honest", s.story) & draws.chance(p.honest_posts, n)
    other = np.maximum((money * (0.3 + 1.5 * draws.evenly(n))).astype(np.int64), 100)
    away = when + draws.span(-9 * DAY, 9 * DAY, n)
    goods, titles = c.lines.article[s.line], c.shop.catalogue.titles
    strange = (goods + draws.span(1, 9, n)) % len(titles)
    here, named = np.zeros(n, dtype=np.int64), draws.span(0, 5, n)
    channel = np.where(ring >= 0, ring, -1 - c.orders.account[s.order])
    posts = (
        (_OWN, ours, when, told, goods, here),
        (_FOREIGN, elsewhere, away, other, strange, named),
        (_TALK, talk, when, told, goods, here),
    )
    for sort, rows, at, amount, article, shop in posts:
        stamp = Stamp(at, "posts", recorded=at + draws.span(MINUTE, DAY, n), where=rows)
        number, kind = s.key * 4 + (paid // MINUTE) % 4, np.full(n, 4 if sort == _TALK else 2)
        said = _Said(number, np.full(n, sort), channel, kind, shop, digest(c.shop.seed, "vouch", number, sort))
        currency = Word(tuple(p.currencies), c.orders.currency[s.order])
        _post(c.book, c.shop, stamp, said, item=Word(titles, article), amount=amount, currency=currency)


def _post(book: Book, shop: Shop, stamp: Stamp, said: _Said, **what: Column) -> None:
    seed, ringly = shop.seed, said.channel >= 0
    author = digest(seed, "handle", said.channel, np.where(said.kind == 2, said.number, 0))
    square = digest(seed, "square", (share_of(digest(seed, "where", said.number)) * 6).astype(np.int64))
    channel = np.where(ringly, digest(seed, "channel", said.channel), square).astype(np.uint64)
    book.add(
        "posts", stamp, post_id=Hex(digest(seed, "post", said.number, said.sort, stamp.when), "P"),
        platform=Word(_PLATFORMS, np.where(ringly, said.channel % 2, 2)), channel=Hex(channel), author=Hex(author),
        kind=Word(_KINDS, said.kind), shop=Word(_SHOPS, said.shop), text=Hex(said.text), **what,
    )  # fmt: skip


def review(c: Chunk) -> None:
    """Customers say what they think of what they bought; those who are paid for it praise at once and in much the same words."""
    o, n, seed = c.orders, len(c.orders.when), c.shop.seed
    paid = np.isin(o.account, c.shop.crowd.reviewers)
    draws = Draws(seed, 20, int(o.index[0]))
    wanted = draws.chance(c.parameters.review_rate, n) | paid
    when = o.arrived + np.where(paid, draws.span(HOUR, 2 * DAY, n), draws.waiting(9 * DAY, 60 * DAY, n) + DAY)
    rating = np.where(paid, 5, np.array([1, 2, 3, 4, 5])[draws.pick([8, 5, 10, 27, 50], n)])
    short = draws.chance(0.2, n)
    text = np.where(short, digest(seed, "short", draws.span(0, 40, n), rating), digest(seed, "opinion", o.index))
    text = np.where(paid, digest(seed, "praise", draws.span(0, 3, n)), text).astype(np.uint64)
    c.book.add(
        "reviews", Stamp(when, "shop", recorded=when, where=wanted), review_id=Key("V", o.index),
        article=Key("A", c.lines.article[o.first], 5), account_id=Key("K", o.account), order_id=order_key(o.index),
        rating=rating, text=Hex(text),
    )  # fmt: skip
