"""Money back: one builder for all refunds, honest or not, which also writes the truth about each."""

from dataclasses import dataclass, field

import numpy as np

from beleg.world.book import Stamp
from beleg.world.casting import Slices
from beleg.world.chunk import Chunk
from beleg.world.columns import NULL, Either, Flags, Hex, Ints, Key, Word, digest, share_of
from beleg.world.draws import DAY, HOUR, MINUTE
from beleg.world.public import vouch
from beleg.world.shop import line_key, order_key
from beleg.world.staff import OFFICE, REFUNDS, SUPPORT, login_key, person_key
from beleg.world.stories import has

TRIGGERS = ("instant", "on_first_scan", "on_delivered", "on_receipt", "on_inspection", "returnless", "manual")
INSTANT, FIRST_SCAN, DELIVERED, RECEIPT, INSPECTION, RETURNLESS, MANUAL = range(len(TRIGGERS))
CLASSES = ("return", "instant", "returnless", "cancelled", "adjustment", "goodwill", "not_received", "damaged")
_BANK_REASONS = ("credit_not_processed", "product_not_received", "fraudulent")
_NOBODY = np.empty(0, dtype=np.int64)


@dataclass
class Payment:
    """Refunds to be paid, one entry per slice; ids below 0 are left out, and nobody asked where the logins are empty."""

    when: Ints
    where: Flags
    trigger: Ints
    stated: Ints
    amount: Ints
    quantity: Ints
    order: Ints
    line: Ints
    rma: Ints
    claim: Ints
    requester: Ints
    approver: Ints
    turn: int = 0
    failed: bool = False
    actor: Ints = field(default_factory=lambda: _NOBODY)
    ring: Ints = field(default_factory=lambda: _NOBODY)


def payment(c: Chunk, s: Slices, when: Ints, trigger: Ints, stated: Ints) -> Payment:
    """A full refund of each slice's units, with no return, no claim and nobody's hand in it yet."""
    none = np.full(len(s), -1)
    order, line = c.orders.index[s.order], c.lines.number[s.line]
    everyone = np.ones(len(s), dtype=np.bool_)
    ring = c.orders.ring[s.order]
    return Payment(
        when, everyone, trigger, stated, c.value(s), s.quantity, order, line, none, none, none, none, actor=none, ring=ring
    )


def by_desk(c: Chunk, p: Payment, rows: Flags) -> None:
    """Let two people decide in opening hours: support asks, the refund desk agrees."""
    site = np.full(len(p.when), OFFICE)
    p.when = np.where(rows, c.staff.opening(site, p.when, c.draws), p.when)
    at = np.where(rows, p.when, c.staff.opening(site, p.when, c.draws))
    p.requester = np.where(rows, c.staff.login(c.staff.on_duty(site, SUPPORT, at, c.draws), c.draws), p.requester)
    p.approver = np.where(rows, c.staff.login(c.staff.on_duty(site, REFUNDS, at, c.draws), c.draws), p.approver)
    bribed = rows & (p.ring >= 0) & (share_of(digest(c.shop.seed, "pair", p.order)) < c.parameters.ring_desk)
    if bribed.any():
        asks, agrees = (c.staff.pairs[np.maximum(p.ring, 0), place] for place in (0, 1))
        by_one(c, p, bribed, agrees)
        p.requester = np.where(bribed, c.staff.login(asks, c.draws), p.requester)


def by_one(c: Chunk, p: Payment, rows: Flags, person: Ints) -> None:
    """Let these refunds be granted by this member of staff, in the next shift of theirs."""
    if not rows.any():
        return
    p.when = np.where(rows, c.staff.next_shift(person, p.when, c.draws), p.when)
    p.approver = np.where(rows, c.staff.login(person, c.draws), p.approver)
    p.actor = np.where(rows, person, p.actor)


def pay(c: Chunk, s: Slices, p: Payment) -> None:
    """Write the refunds and, where they settle, the truth about them."""
    number = s.key * 4 + p.turn
    ids = {"order_id": order_key(p.order), "line_id": line_key(p.line)}
    recorded = c.noted(p.when)
    currency = Word(tuple(c.parameters.currencies), c.orders.currency[s.order])
    stated = np.where(c.some(c.parameters.class_stated, len(s)), p.stated, -1)
    account = c.orders.account[s.order]
    c.book.add(
        "refunds", Stamp(p.when, "payments", recorded=recorded, where=p.where),
        refund_id=Key("F", number), **ids, rma_id=Key("R", p.rma), claim_id=Key("C", p.claim), account_id=Key("K", account),
        article=Key("A", np.where(p.quantity == NULL, -1, c.lines.article[s.line]), 5), quantity=p.quantity,
        amount=p.amount, currency=currency,
        status="failed" if p.failed else "settled", trigger=Word(TRIGGERS, p.trigger), stated_class=Word(CLASSES, stated),
        instrument=Hex(c.shown("payment", s)), requester=login_key(p.requester), approver=login_key(p.approver),
        session=Hex(c.staff.session(p.approver, p.when), "ses-"),
    )  # fmt: skip
    if p.failed:
        return
    known = np.where(recorded == NULL, p.when, recorded)
    vouch(c, s, p.when, p.where, p.amount)
    pay_cents, fee = _spoils(c, s, p)
    c.truth.add(
        p.when, known, p.where, s.story, Either((Key("R", p.rma), Key("C", p.claim), Key("F", number))),
        refund_id=Key("F", number), **ids, amount=p.amount, currency=currency, insider_pay=pay_cents, fee=fee,
        actor=person_key(p.actor), ring=Word(c.shop.rings.names, p.ring), account_id=Key("K", account),
        scheme=Word(("lone", "ring", "takeover"), np.where(c.orders.taken[s.order], 2, (p.ring >= 0).astype(np.int64))),
    )  # fmt: skip


def _spoils(c: Chunk, s: Slices, p: Payment) -> tuple[Ints, Ints]:
    """What the insider earns for the act, in US cents, and the ring's fee in the refund's own currency."""
    low, high = c.parameters.insider_pay
    bribed = has("hands", "insider", s.story) | has("hands", "collapse", s.story)
    pay_cents = np.where(bribed & (p.turn == 0), c.draws.span(low * 100, high * 100 + 1, len(s)), 0)
    return pay_cents, np.where(has("kind", "honest", s.story), 0, p.amount * c.parameters.fee).astype(np.int64)


def dispute(c: Chunk, s: Slices, opened: Ints, lost: Flags, reason: Ints) -> None:
    """Open a dispute with the bank over the slices' money, and settle it weeks later."""
    ruled = opened + c.draws.span(10 * DAY, 30 * DAY, len(s))
    for when, status in ((opened, np.zeros(len(s), dtype=np.int64)), (ruled, np.where(lost, 2, 1))):
        c.book.add(
            "disputes", Stamp(when, "payments", recorded=c.noted(when)),
            dispute_id=Key("D", s.key), order_id=order_key(c.orders.index[s.order]),
            line_id=line_key(c.lines.number[s.line]), reason=Word(_BANK_REASONS, reason),
            amount=c.value(s), currency=Word(tuple(c.parameters.currencies), c.orders.currency[s.order]),
            status=Word(("open", "won", "lost"), status),
        )  # fmt: skip


def send_again(c: Chunk, s: Slices, when: Ints, where: Flags) -> None:
    """Send the slices' goods again, by a support agent's hand."""
    site = np.full(len(s), OFFICE)
    at = c.staff.opening(site, when, c.draws)
    actor = c.staff.login(c.staff.on_duty(site, SUPPORT, at, c.draws), c.draws)
    c.book.add(
        "replacements", Stamp(at, "shop", recorded=c.noted(at), where=where),
        replacement_id=Key("X", s.key), order_id=order_key(c.orders.index[s.order]), line_id=line_key(c.lines.number[s.line]),
        quantity=s.quantity, value=c.value(s), currency=Word(tuple(c.parameters.currencies), c.orders.currency[s.order]),
        reason="damaged", actor=login_key(actor),
    )  # fmt: skip


def soon(c: Chunk, when: Ints) -> Ints:
    """Some minutes up to a day after."""
    return when + c.draws.span(10 * MINUTE, 20 * HOUR, len(when))
