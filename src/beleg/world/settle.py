"""The refunds of returns: what sets each off, when it is paid, and what some people do afterwards to be paid twice."""

from dataclasses import replace

import numpy as np

from beleg.world.chunk import Chunk, Passage
from beleg.world.columns import Ints
from beleg.world.contacts import contact, push
from beleg.world.draws import DAY, HOUR, MINUTE
from beleg.world.refunds import (
    CLASSES,
    DELIVERED,
    FIRST_SCAN,
    INSPECTION,
    INSTANT,
    MANUAL,
    RECEIPT,
    RETURNLESS,
    Payment,
    by_desk,
    dispute,
    pay,
    payment,
    soon,
)
from beleg.world.stories import has, share
from beleg.world.warehouse import Back

_NAMED = {
    "instant": INSTANT,
    "on_first_scan": FIRST_SCAN,
    "on_delivered": DELIVERED,
    "on_receipt": RECEIPT,
    "returnless": RETURNLESS,
    "manual": MANUAL,
}


def settle(c: Chunk, b: Back) -> None:
    """Pay the returns back."""
    s = b.s
    trigger = _triggers(c, b)
    when = _when(c, b, trigger)
    stated = np.select([trigger == INSTANT, trigger == RETURNLESS], [CLASSES.index("instant"), CLASSES.index("returnless")], 0)
    p = payment(c, s, when, trigger, stated)
    p.where, p.rma, p.actor, p.quantity = ~has("trigger", "none", s.story), s.rma, b.t.insider, b.units
    p.claim = np.where((trigger == RETURNLESS) | ~has("claim", "", s.story), s.key, -1)
    p.amount = c.lines.paid[s.line] * b.units // c.lines.quantity[s.line]
    manual = (trigger == MANUAL) | ((trigger == INSPECTION) & c.some(0.1, len(s)))
    contact(c, s, p.when - c.draws.span(DAY, 3 * DAY, len(s)), (trigger == MANUAL) & p.where)
    push(c, s, p.when - 2 * HOUR, p.where & (trigger != MANUAL))
    by_desk(c, p, manual)
    _alone(c, b, p)
    _pay_in_parts(c, b, p)
    _again(c, b, p)


def _triggers(c: Chunk, b: Back) -> Ints:
    """What sets the refund off; where the scan it waits for never came, the next thing that is known does."""
    s, t, n = b.s, b.t, len(b.s)
    trigger = np.array([FIRST_SCAN, DELIVERED, RECEIPT, INSPECTION])[c.draws.pick([0.1, 0.1, 0.45, 0.35], n)]
    trigger = np.where(has("trigger", "early", s.story), np.where(c.some(0.5, n), FIRST_SCAN, DELIVERED), trigger)
    for name, number in _NAMED.items():
        trigger = np.where(has("trigger", name, s.story), number, trigger)
    carried = share("carried", s.story)
    for number, passage, far in ((FIRST_SCAN, t.accepted, 1), (DELIVERED, t.delivered, 3)):
        unknown = (trigger == number) & ~(t.labelled & passage.seen & (carried >= far))
        trigger = np.where(unknown, RECEIPT, trigger)
    trigger = np.where((trigger == INSPECTION) & ~b.d.inspection, RECEIPT, trigger)
    return np.where((trigger == RECEIPT) & ~b.d.receipt, MANUAL, trigger)


def _when(c: Chunk, b: Back, trigger: Ints) -> Ints:
    t, d, n = b.t, b.d, len(b.s)
    waited = t.accepted.when + c.draws.span(14 * DAY, 26 * DAY, n)
    asked = t.asked + c.draws.span(5 * MINUTE, HOUR, n)

    def after(passage: Passage) -> Ints:
        return passage.known() + c.draws.span(20 * MINUTE, 12 * HOUR, n)

    is_ = [trigger == number for number in (INSTANT, RETURNLESS, FIRST_SCAN, DELIVERED, RECEIPT, INSPECTION)]
    return np.select(is_, [asked, asked, after(t.accepted), after(t.delivered), soon(c, d.known()), soon(c, d.inspected)], waited)


def _alone(c: Chunk, b: Back, p: Payment) -> None:
    """One person asks and agrees, where the story says so; on the shift after the receipt, with any login of theirs."""
    rows = has("hands", "collapse", b.s.story)
    person = np.where(rows, b.t.insider, -1)
    when = c.staff.next_shift(np.maximum(person, 0), b.d.known() + 20 * MINUTE, c.draws)
    p.when = np.where(rows, when, p.when)
    p.requester = np.where(rows, c.staff.login(person, c.draws), p.requester)
    p.approver = np.where(rows, c.staff.login(person, c.draws), p.approver)


def _pay_in_parts(c: Chunk, b: Back, p: Payment) -> None:
    """Most are paid at once; some fail first and succeed later, some are paid in two parts."""
    n, honest = len(b.s), has("kind", "honest", b.s.story)
    parts = p.where & honest & (p.amount > 200) & c.some(c.parameters.in_two_parts, n)
    fails = p.where & honest & c.some(c.parameters.failed_first, n)
    pay(c, b.s, replace(p, turn=2, where=fails, when=p.when - 2 * MINUTE, failed=True))
    first = np.where(parts, p.amount * 6 // 10, p.amount)
    pay(c, b.s, replace(p, amount=first))
    later = p.when + c.draws.span(DAY, 3 * DAY, n)
    pay(c, b.s, replace(p, turn=1, where=parts, when=later, amount=p.amount - first))


def _again(c: Chunk, b: Back, p: Payment) -> None:
    """Paid twice: through the bank, or by a second refund of the same units that support is talked into."""
    s, n = b.s, len(b.s)
    late = p.when + c.draws.span(4 * DAY, 18 * DAY, n)
    rows = has("after", "dispute", s.story)
    by_bank = int(rows.sum())
    dispute(c, s.of(rows), late[rows], np.ones(by_bank, dtype=np.bool_), c.draws.pick([2, 2, 1], by_bank))
    second = has("after", "second_refund", s.story)
    more = payment(c, s, late, np.full(n, MANUAL), np.full(n, CLASSES.index("goodwill")))
    more = replace(more, rma=s.rma, turn=3, where=second)
    by_desk(c, more, second)
    pay(c, s, more)
