"""What the numbers say, in sentences: the terminal and the HTML report read the same result in the same words."""

from collections.abc import Sequence
from typing import NamedTuple

from beleg.audit.result import AuditResult, Coverage, DetectorRun, Row, Sum
from beleg.report.figures import DASH, NONE, calendar_day, count, counted, day, month_of, percent, plain
from beleg.report.words import STANDINGS, class_name, words

SHOWN = 12


class Breakdown(NamedTuple):
    """One way to cut the money: its rows, the worst first, and which part of the money its bars show."""

    key: str
    name: str
    rows: tuple[Row, ...]
    labels: tuple[str, ...]
    shows: str

    def amount(self, row: Row) -> int:
        """The money of one row that this breakdown is about."""
        return shown_sum(row, self.shows).amount

    @property
    def top(self) -> int:
        """The longest bar."""
        return max((self.amount(row) for row in self.rows), default=0)


def shown_sum(row: Row, shows: str) -> Sum:
    """A row's unsupported money, or what could not be checked where that is all there is to show."""
    return row.gap if shows == "gap" else row.unchecked


def parts(result: AuditResult) -> list[tuple[str, Sum]]:
    """The four parts of the refunded money, in the order every bar shows them."""
    return [(key, getattr(result.totals, key)) for key in STANDINGS]


def headline(result: AuditResult) -> str:
    """The first sentence: what stands behind the refunded money, or why that cannot be said."""
    totals = result.totals
    if not totals.refunded.count:
        return "There are no refunds or claims in this source."
    if totals.gap.count:
        return "was refunded without the evidence it needs."
    if totals.unchecked.count == totals.refunded.count:
        return "No refund could be checked: no source here could say whether the goods came back."
    if totals.supported.count:
        return "No unsupported refund was found among those that could be checked."
    return "No refund is due to be supported yet, or it could not be checked."


def explanation(result: AuditResult) -> str:
    """The second sentence: what the number covers and what it does not mean."""
    totals = result.totals
    if not totals.refunded.count:
        return "Nothing was asked back here, so nothing needs support. An export without refunds does not show that none were paid."
    share = percent(totals.gap.amount, totals.refunded.amount)
    if totals.gap.count:
        lines = counted(totals.refunded.count, "refunded line")
        return (
            f"That is {share} of the money refunded, in {count(totals.gap.count)} of {lines}. "
            "Unsupported means that a proof it needs is absent or contradicted, past its time. It does not mean fraud."
        )
    closes = " The list of sources further down says what would close it." if result.closes else ""
    return f"What could not be checked is not known to be good.{closes}"


def largest(result: AuditResult) -> str:
    """Where most of the unsupported money is: the largest row of every breakdown that has a choice."""
    whole, found = result.totals.gap.amount, []
    for cut, rows in (
        ("class", result.by_class),
        ("method", result.by_method),
        ("site", result.by_site),
        ("month", result.by_month),
    ):
        row = max(rows, key=lambda row: row.gap.amount, default=None)
        if row is not None and len(rows) > 1 and row.key and 0 < row.gap.amount <= whole:
            found.append(f"{_label(cut, row.key)} ({percent(row.gap.amount, whole)})")
    return f"Its largest parts: {', '.join(found)}." if found else ""


def window(result: AuditResult) -> str:
    """The time the facts span."""
    if result.first_at is None and result.as_of is None:
        return "times unknown"
    if result.first_at is None or result.as_of is None:
        return f"{day(result.first_at)} {DASH} {day(result.as_of)}"
    return day(result.as_of) if day(result.first_at) == day(result.as_of) else f"{day(result.first_at)} {DASH} {day(result.as_of)}"


def breakdowns(result: AuditResult) -> list[Breakdown]:
    """Where the money is: by month in time's order, by method, site and class with the worst first."""
    found = [
        _breakdown("class", "By refund class", result.by_class),
        _breakdown("method", "By method", result.by_method),
        _breakdown("site", "By site", result.by_site),
    ]
    return [cut for cut in (_months(result), *found) if cut.rows]


def _breakdown(key: str, name: str, rows: Sequence[Row]) -> Breakdown:
    shows = _shows(rows)
    worst = sorted(rows, key=lambda row: (-shown_sum(row, shows).amount, -row.refunded.amount, row.key))
    if len(worst) > SHOWN + 1:
        worst = [*worst[:SHOWN], _others(worst[SHOWN:])]
    return Breakdown(key, name, tuple(worst), tuple(_label(key, row.key) for row in worst), shows)


def _months(result: AuditResult) -> Breakdown:
    rows = tuple(sorted(result.by_month, key=lambda row: (calendar_day(f"{row.key}-01") is None, row.key)))
    return Breakdown("month", "By month", rows, tuple(_label("month", row.key) for row in rows), _shows(rows))


def _shows(rows: Sequence[Row]) -> str:
    return "gap" if any(row.gap.amount for row in rows) else "unchecked"


def _others(rows: Sequence[Row]) -> Row:
    sums = {
        part: Sum(sum(getattr(row, part).count for row in rows), sum(getattr(row, part).amount for row in rows))
        for part in ("refunded", "gap", "unchecked", "not_yet_due")
    }
    return Row(f"{len(rows)} others together", **sums)


def _label(cut: str, key: str) -> str:
    if cut == "month":
        return month_of(key)
    return plain(class_name(key) if cut == "class" else words(key))


def miss_rate(source: Coverage) -> str:
    """How often the source lacks a fact where another saw the goods, with the numbers it rests on."""
    if not source.witnessed:
        return NONE
    return f"{percent(source.missed, source.witnessed)} ({count(source.missed)} of {count(source.witnessed)})"


def books_total(result: AuditResult) -> dict[str, int]:
    """All files' rows together, by what became of them."""
    books = result.books
    return {
        "rows in": sum(book.rows for book in books),
        "mapped": sum(book.mapped for book in books),
        "ignored": sum(sum(book.ignored.values()) for book in books),
        "re-delivered": sum(book.redelivered for book in books),
        "quarantined": sum(book.quarantined for book in books),
    }


def ignored_by_rule(result: AuditResult) -> list[tuple[str, int]]:
    """Rows ignored by a named rule, over all files, the commonest first."""
    rules: dict[str, int] = {}
    for book in result.books:
        for rule, rows in book.ignored.items():
            rules[rule] = rules.get(rule, 0) + rows
    return sorted(rules.items(), key=lambda item: (-item[1], item[0]))


def line_note(result: AuditResult) -> str:
    """How the ranking's line was drawn, and that it may stay empty."""
    if not result.ranked:
        return "No refund carries enough evidence to be ranked."
    above = counted(result.above_line, "refunded line")
    verb = "stands" if result.above_line == 1 else "stand"
    return f"{above} {verb} above the line, of a budget of {count(result.budget)}. The line fills only with what passes."


def detectors(result: AuditResult) -> tuple[DetectorRun, ...]:
    """All that ran or might have: detectors of refunds, then those of accounts, rings and staff."""
    return (*result.detectors, *result.subjects.detectors)
