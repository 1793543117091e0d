"""The parts of the HTML report that need more than a field: cards, month columns, coverage strips."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from markupsafe import Markup

from beleg.audit.result import AuditResult, Coverage, Moment, ProofState, Ranked
from beleg.draw import charts
from beleg.report.figures import LOCALE, calendar_day, money, money_short, month_of, plain, when
from beleg.report.reading import Breakdown
from beleg.report.words import proof_name, state_of, title, words

CARDS = 200
IDS = 6
MOMENTS = 24
MONTHS = 60


class Line(NamedTuple):
    """One line of a refund's arithmetic, with its strip of the waterfall."""

    kind: str
    name: str
    pattern: str
    norm: str
    bits: float
    detectors: tuple[str, ...]
    fact_ids: tuple[str, ...]
    strip: Markup


class Card(NamedTuple):
    """One ranked refund, ready to be laid out."""

    refund: Ranked
    strip: Markup
    lines: tuple[Line, ...]
    when: Markup | None
    moments: tuple[Moment, ...]
    more_moments: int


def cards(result: AuditResult) -> list[Card]:
    """The ranked refunds as cards, in rank order; those beyond what a person can read stay in result.json."""
    return [card(refund) for refund in sorted(result.ranked, key=lambda refund: refund.rank)[:CARDS]]


def card(refund: Ranked) -> Card:
    """One ranked refund as a card."""
    return Card(refund, strip(refund.proofs), arithmetic(refund), *moments(refund.timeline))


def moments(timeline: Sequence[Moment]) -> tuple[Markup | None, tuple[Moment, ...], int]:
    """A timeline's drawing, the moments to list in time's order, and how many more there are."""
    ordered = sorted(timeline, key=lambda moment: (when(moment.at) is None, moment.at or 0))
    shown = tuple(ordered[:MOMENTS])
    return _timeline(shown), shown, len(ordered) - len(shown)


def strip(proofs: Sequence[ProofState]) -> Markup:
    """The proofs as a row of signs with the same said in words."""
    said = "; ".join(f"{plain(proof_name(proof.proof), 60)}: {state_of(proof.state).label}" for proof in proofs)
    return charts.proof_strip([(proof.proof, state_of(proof.state).key) for proof in proofs], said or "no proofs")


def arithmetic(refund: Ranked) -> tuple[Line, ...]:
    """Prior and families as they add up to the total; a difference the reasons do not explain gets a line of its own."""
    raw: list[tuple[str, str, str, str, float, tuple[str, ...], tuple[str, ...]]] = [
        ("prior", "Prior", "before any evidence", "", refund.prior_bits, (), ())
    ]
    for reason in refund.reasons:
        kind = "up" if reason.bits >= 0 else "down"
        raw.append((kind, words(reason.family), reason.pattern, reason.norm, reason.bits, reason.detectors, reason.fact_ids))
    rest = refund.bits - sum(line[4] for line in raw)
    if abs(rest) >= 0.05:
        raw.append(("up" if rest > 0 else "down", "Cap", "not from a family", "", rest, (), ()))
    steps, total = [], 0.0
    for line in raw:
        steps.append(charts.Step(total, total + line[4], line[0]))
        total += line[4]
    steps.append(charts.Step(0.0, refund.bits, "total"))
    raw.append(("total", "Total", "", "", refund.bits, (), ()))
    return tuple(Line(*line, drawn) for line, drawn in zip(raw, charts.waterfall(steps), strict=True))


def _timeline(shown: Sequence[Moment]) -> Markup | None:
    timed = [(moment.at, moment.table) for moment in shown if moment.at is not None and when(moment.at)]
    if len(timed) < 2 or timed[0][0] == timed[-1][0]:
        return None
    start, end = timed[0][0], timed[-1][0]
    marks = [charts.Mark((at - start) / (end - start), kind_of(table)) for at, table in timed]
    return charts.timeline(marks, f"{len(timed)} dated facts over {max((end - start) // 86_400_000_000, 1):,} days, spaced in time")


def kind_of(table: str) -> str:
    """Which sort of moment a fact is: money out, or anything else."""
    return "money" if table in {"refunds", "disputes", "replacements"} else "fact"


def month_chart(cut: Breakdown, currency: str) -> Markup | None:
    """The months as columns, the empty ones between them included; nothing where fewer than two have a date."""
    dated = {day: cut.amount(row) for row in cut.rows if (day := calendar_day(f"{row.key}-01"))}
    months = _every_month(sorted(dated))
    if not 2 <= len(months) <= MONTHS:
        return None
    points = [_column(month, dated.get(month, 0), currency, first=index == 0) for index, month in enumerate(months)]
    axis = [(value, money_short(value, currency)) for value in charts.ticks(max(dated.values()))]
    kind = "unsupported money" if cut.shows == "gap" else "money that could not be checked"
    first, last = (month_of(f"{month:%Y-%m}") for month in (months[0], months[-1]))
    return charts.columns(points, axis, cut.shows, title(f"{kind} by month, {first} to {last}; the table below has the numbers"))


def _every_month(days: Sequence[date]) -> list[date]:
    if not days:
        return []
    first, last = days[0].year * 12 + days[0].month - 1, days[-1].year * 12 + days[-1].month - 1
    return [date(month // 12, month % 12 + 1, 1) for month in range(first, min(last, first + MONTHS) + 1)]


def _column(month: date, value: int, currency: str, *, first: bool) -> charts.Column:
    name = LOCALE.months["format"]["abbreviated"][month.month]
    return charts.Column(name, str(month.year) if first or month.month == 1 else "", value, money(value, currency))


def coverage_strip(source: Coverage) -> Markup | None:
    """The days of one source, live and down; nothing where its days are not known."""
    first, last = calendar_day(source.first_day), calendar_day(source.last_day)
    if first is None or last is None or last < first:
        return None
    down = [day for text in source.down_days if (day := calendar_day(text))]
    return charts.day_strip(first, last, down, f"{source.days_live:,} days live, {source.days_down:,} days down")


def bar(cut: Breakdown, value: int, label: str, currency: str) -> Markup:
    """One row's bar in a breakdown."""
    return charts.bar(value, cut.top, cut.shows, f"{label}: {money(value, currency)}")
