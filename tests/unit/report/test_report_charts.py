"""Numbers become marks: bounded, seen where they are there, and said in words."""

import re
from datetime import date
from itertools import pairwise

import pytest

from beleg.draw import charts
from beleg.report import view
from beleg.report.figures import clip, count, day, money, month_of, percent, plain, signed
from beleg.report.reading import breakdowns
from support import sample


def widths(drawing: str) -> list[float]:
    return [float(width) for width in re.findall(r'<rect[^>]* width="([\d.]+)%"', drawing)]


@pytest.mark.parametrize("values", [[1, 10**12], [0, 0], [3, 3, 3], [7]])
def test_a_stacked_bar_is_whole(values):
    drawn = widths(charts.stacked_bar([charts.Part("part", value, "gap") for value in values], "a title"))
    assert sum(drawn) == pytest.approx(100, abs=0.1)
    assert all(width > 0.3 for width in drawn)


def test_titles_are_escaped():
    assert "<b>" not in charts.bar(1, 2, "gap", "<b>")


@pytest.mark.parametrize("top", [0, 1, 3, 4, 5, 99, 100, 101, 12_345, 10**9, 7 * 10**14])
def test_an_axis_is_round_and_reaches_the_top(top):
    marks = charts.ticks(top)
    assert marks[0] == 0
    assert marks[-1] >= top
    assert len(marks) <= 6
    assert len({after - before for before, after in pairwise(marks)}) <= 1


def test_the_waterfall_ends_where_the_total_is():
    for card in view.cards(sample.rich()):
        assert card.lines[0].kind == "prior"
        assert sum(line.bits for line in card.lines[:-1]) == pytest.approx(card.lines[-1].bits)
        assert card.lines[-1].bits == card.refund.bits


def test_what_the_reasons_do_not_explain_is_shown():
    bad = view.cards(sample.hostile())[0]
    assert bad.lines[-2].name == "Cap"


def test_down_days_are_drawn_as_runs():
    days = [date(2024, 1, 2), date(2024, 1, 3), date(2024, 1, 9)]
    assert charts.runs(days) == [(date(2024, 1, 2), 2), (date(2024, 1, 9), 1)]
    drawing = charts.day_strip(date(2024, 1, 1), date(2024, 1, 10), [*days, date(2023, 1, 1)], "days")
    assert widths(drawing) == [100, 20, 10]


def test_months_between_are_not_skipped():
    cut = breakdowns(sample.rich())[0]
    gaps = cut._replace(rows=(cut.rows[0], cut.rows[3]), labels=(cut.labels[0], cut.labels[3]))
    assert str(view.month_chart(gaps, "EUR")).count('<rect class="k-gap"') == 4
    assert view.month_chart(cut._replace(rows=cut.rows[:1]), "EUR") is None


def test_the_highest_month_says_its_amount():
    drawing = str(view.month_chart(breakdowns(sample.rich())[0], "EUR"))
    assert re.search(r'<text class="top[^>]*>€66,004.62<', drawing)


def test_many_rows_fold_into_others_and_nothing_is_lost():
    result = sample.hostile()
    cut = next(cut for cut in breakdowns(result) if cut.key == "site")
    assert len(cut.rows) == 13
    assert sum(row.gap.amount for row in cut.rows) == sum(row.gap.amount for row in result.by_site)


@pytest.mark.parametrize(
    ("minor", "currency", "said"),
    [
        (123_456, "EUR", "€1,234.56"),
        (123_456, "JPY", "JP¥123,456"),
        (1_234_567, "KWD", "KWD\xa01,234.567"),
        (0, "GBP", "£0.00"),
        (-5, "EUR", "-€0.05"),
        (10**15 + 1, "EUR", "€10,000,000,000,000.01"),
        (150, "", "1.50"),
    ],
)
def test_money_keeps_its_currency_and_its_digits(minor, currency, said):
    assert money(minor, currency) == said


def test_shares_never_round_away():
    assert [percent(1, 10**6), percent(10**6 - 1, 10**6), percent(1, 8), percent(1, 0)] == [
        "<0.1%",
        ">99.9%",
        "12.5%",
        "\N{EN DASH}",
    ]


def test_times_outside_the_calendar_are_told():
    assert day(None) == "time unknown"
    assert day(2**62) == "outside the calendar"
    assert day(0) == "1 Jan 1970"
    assert month_of("2024-03") == "Mar 2024"
    assert month_of("") == "no date"


def test_text_is_tamed():
    assert plain("a\u202eb\x1bc\nd\ud800") == "a\\u202eb\\u001bc d\\ud800"
    assert plain("x" * 400).endswith("… (80 more characters)")
    assert clip("abcdef", 4) == "abc…"
    assert [signed(1.25), signed(-0.04), signed(-3)] == ["+1.2", "0.0", "\N{MINUS SIGN}3.0"]
    assert count(1_234) == "1,234"
