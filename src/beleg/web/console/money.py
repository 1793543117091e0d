"""Money that was refunded on some orders, month by month, as a chart: what a ring or a person took, and when."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date

from markupsafe import Markup

from beleg.draw import charts
from beleg.facts.base import Fact
from beleg.facts.kinds.money import Refund
from beleg.web.console.speech import Speech

MONTHS = 60  # more columns than these say nothing any more


def by_month(facts: Iterable[Fact], speech: Speech) -> dict[str, dict[date, int]]:
    """The refunds that did not fail, by currency and the reader's month, in minor units; a refund told of twice counts once."""
    newest: dict[tuple[str | None, str], Refund] = {}
    for fact in facts:
        if isinstance(fact, Refund):
            newest[fact.order_id, fact.refund_id] = fact
    sums: dict[str, dict[date, int]] = defaultdict(lambda: defaultdict(int))
    for one in newest.values():
        month = speech.month_of(one.occurred_at)
        if month is not None and one.status != "failed":
            sums[one.currency][month] += one.amount
    return sums


def chart(months: dict[date, int], currency: str, speech: Speech) -> Markup | None:
    """The months as columns, empty ones between them included; nothing for a single one, or for more than can be drawn."""
    every = _every(sorted(months))
    if not 2 <= len(every) <= MONTHS:
        return None
    points = [_column(month, months.get(month, 0), currency, speech, first=month == every[0]) for month in every]
    axis = [(value, speech.money_short(value, currency)) for value in charts.ticks(max(months.values()))]
    said = speech.say("Refunded by month, %(currency)s", currency=currency)
    return charts.columns(points, axis, "quiet", said)


def _every(months: Sequence[date]) -> list[date]:
    if not months:
        return []
    first, last = (one.year * 12 + one.month - 1 for one in (months[0], months[-1]))
    return [date(number // 12, number % 12 + 1, 1) for number in range(first, min(last, first + MONTHS) + 1)]


def _column(month: date, value: int, currency: str, speech: Speech, *, first: bool) -> charts.Column:
    below = str(month.year) if first or month.month == 1 else ""
    return charts.Column(speech.month(month), below, value, speech.money(value, currency))
