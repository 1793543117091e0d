"""Money over time: each refund once, by the reader's months, none that failed; and the chart on a ring's page."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from beleg.facts.kinds.money import Refund
from beleg.web.console.money import by_month, chart
from beleg.web.console.speech import Speech


def refund(name, day, amount, **other):
    at = int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp()) * 1_000_000
    return Refund(**{"id": f"{name}-{day}", "source": "t", "occurred_at": at, "refund_id": name, "order_id": "O", "amount": amount,
                     "currency": "EUR"} | other)  # fmt: skip


def test_each_refund_counts_once_in_the_reader_s_month() -> None:
    facts = [
        refund("a", "2025-12-31T23:30:00", 100, status="pending"),
        refund("a", "2025-12-31T23:30:01", 100),
        refund("b", "2026-02-03T00:00:00", 50),
        refund("c", "2026-02-03T00:00:00", 70, status="failed"),
        refund("d", "2026-02-03T00:00:00", 9, currency="USD"),
    ]
    utc, berlin = Speech("en", UTC, "UTC"), Speech("de", ZoneInfo("Europe/Berlin"), "Europe/Berlin")
    assert by_month(facts, utc) == {"EUR": {date(2025, 12, 1): 100, date(2026, 2, 1): 50}, "USD": {date(2026, 2, 1): 9}}
    assert by_month(facts, berlin)["EUR"] == {date(2026, 1, 1): 100, date(2026, 2, 1): 50}
    drawn = chart(by_month(facts, utc)["EUR"], "EUR", utc) or ""
    assert [drawn.count(f"<title>{month} ") for month in ("Dec", "Jan", "Feb")] == [1, 1, 1]
    assert chart({date(2026, 1, 1): 5}, "EUR", utc) is None


def test_a_ring_s_page_shows_it(running, person) -> None:
    page = person("ivo").get("/ring/ring-a").text
    assert "Money over time" in page
    assert page.count("€300.00") >= 2
