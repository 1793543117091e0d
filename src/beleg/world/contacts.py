"""What customers write and do themselves: contacts with support, sign-ins of a takeover, and what a lent account leaves behind."""

from dataclasses import replace

import numpy as np

from beleg.world.book import Stamp
from beleg.world.casting import Slices
from beleg.world.chunk import Chunk
from beleg.world.columns import Column, Flags, Hashes, Hex, Ints, Key, Word, digest, share_of
from beleg.world.draws import DAY, HOUR, MINUTE, Draws
from beleg.world.shop import order_key
from beleg.world.staff import OFFICE, SUPPORT, Custom, login_key

_CHANNELS = ("chat", "mail", "phone")


def contact(c: Chunk, s: Slices, when: Ints, where: Flags) -> None:
    """The customer writes or calls, from the device and network known for the account; a refunder from their own."""
    lent = c.shop.rings.lent(c.orders.account[s.order], c.orders.ring[s.order])
    words = c.words(digest(c.shop.seed, "asks", s.key), s)
    _write(c, s.order, when, where, (c.shown("device", s), c.shown("ip", s), words))
    # A borrowed account is signed in to before, and its password is set anew when the money is there.
    before, after = when - c.draws.span(5 * MINUTE, 3 * HOUR, len(s)), when + c.draws.span(6 * DAY, 20 * DAY, len(s))
    _sign_in(c, s, Stamp(before, "identity", where=where & lent), "success")
    _sign_in(c, s, Stamp(after, "identity", where=where & lent & c.some(0.6, len(s))), "reset", own=True)


def push(c: Chunk, s: Slices, when: Ints, where: Flags) -> None:
    """Refunders who act for a customer ask where the money stays, even where nobody needs to."""
    lent = c.shop.rings.lent(c.orders.account[s.order], c.orders.ring[s.order])
    if lent.any():
        contact(replace(c, draws=Draws(c.shop.seed, 22, int(c.orders.index[0]))), s, when, where & lent)


def take_over(c: Chunk, s: Slices, asked: Ints) -> None:
    """Somebody else gets in: the password is reset and the money is asked for from a device never seen before."""
    taken = c.orders.taken[s.order]
    if not taken.any():
        return
    begins = asked - c.draws.span(3 * HOUR, 60 * HOUR, len(s))
    for outcome, later in (("failure", 0), ("reset", 4 * MINUTE), ("success", 6 * MINUTE), ("factor_changed", 11 * MINUTE)):
        _sign_in(c, s, Stamp(begins + later, "identity", where=taken), outcome)
    account = Key("K", c.orders.account[s.order])
    c.book.add("identifiers", Stamp(begins + 20 * MINUTE, "identity", where=taken), account_id=account, kind="payment",
               value=Hex(c.shown("payment", s)), seen_in="refund")  # fmt: skip


def _sign_in(c: Chunk, s: Slices, stamp: Stamp, outcome: str, *, own: bool = False) -> None:
    account = c.orders.account[s.order]
    seen: dict[str, Column] = {kind: Hex(c.shop.identity(kind, account) if own else c.shown(kind, s)) for kind in ("device", "ip")}
    c.book.add("sign_ins", stamp, account_id=Key("K", account), outcome=outcome, **seen)


def chat(c: Chunk) -> None:
    """Customers who write about anything else, and those who forgot their password."""
    n = len(c.orders.when)
    rows = c.some(c.parameters.contact_rate, n)
    when = c.orders.when + c.draws.span(HOUR, 12 * DAY, n)
    own = digest(c.shop.seed, "chats", c.orders.index)
    stock = digest(c.shop.seed, "stock", (share_of(digest(c.shop.seed, "words", own)) ** 2 * 60).astype(np.int64))
    words = np.where(share_of(digest(c.shop.seed, "common", own)) < c.parameters.common_phrases, stock, own).astype(np.uint64)
    account = c.orders.account
    _write(c, np.arange(n), when, rows, (c.shop.identity("device", account), c.shop.identity("ip", account), words))
    forgot = c.some(c.parameters.password_reset, n)
    at = np.maximum(c.orders.when - c.draws.span(MINUTE, 20 * MINUTE, n), c.shop.opened(account) + MINUTE)
    c.book.add("sign_ins", Stamp(at, "identity", where=forgot), account_id=Key("K", account), outcome="reset",
               device=Hex(c.shop.identity("device", account)), ip=Hex(c.shop.identity("ip", account)))  # fmt: skip


def _write(c: Chunk, order: Ints, when: Ints, where: Flags, shown: tuple[Hashes, Hashes, Hashes]) -> None:
    """One contact per entry; some customers are put through to the clerk they had before."""
    n, account = len(order), c.orders.account[order]
    site = np.full(n, OFFICE)
    at = c.staff.opening(site, when, c.draws)
    usual = np.where(c.some(c.parameters.recontact_share, n), share_of(digest(c.shop.seed, "clerk", account)), -1.0)
    actor = c.staff.login(c.staff.on_duty(site, SUPPORT, at, c.draws, Custom(usual)), c.draws)
    c.book.add(
        "support_contacts", Stamp(at, "support", recorded=c.noted(at), where=where),
        account_id=Key("K", account), order_id=order_key(c.orders.index[order]),
        channel=Word(_CHANNELS, c.draws.pick([5, 4, 1], n)), language="en",
        device=Hex(shown[0]), ip=Hex(shown[1]), text=Hex(shown[2]), actor=login_key(actor),
    )  # fmt: skip
