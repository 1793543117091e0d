"""Which sources there are and when they were down, measured from the facts themselves."""

from datetime import UTC, date, datetime

from beleg.ledger.view import View
from beleg.proofs.coverage import measure
from support.asking import fill
from support.background import busy, shop
from support.cases import Outage
from support.ledgers import joined, micros

from .conftest import AS_OF

DAY = 86_400


def _day(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) // DAY


def test_days_of_an_outage_are_found_and_no_others(asker):
    outage = Outage("Swift", date(2025, 4, 7), date(2025, 4, 9))
    fill(asker.engine, joined(shop(AS_OF), busy(AS_OF, [outage])))
    coverage = measure(View(asker.engine))
    assert coverage.down("carrier_accepted") == [("Swift", _day(outage.first), _day(outage.last))]
    assert coverage.down("dock_manifested") == []
    assert coverage.roster


def test_nothing_is_covered_where_nothing_is(asker):
    fill(asker.engine, {})
    coverage = measure(View(asker.engine))
    assert coverage.places == ()
    assert not coverage.roster
    assert not coverage.has("carrier_accepted")


def test_coverage_knows_nothing_of_later_days(asker):
    fill(asker.engine, joined(shop(AS_OF), busy(AS_OF, [])))
    moment = micros(date(2025, 4, 20))
    coverage = measure(View(asker.engine, as_of=moment))
    assert max(one.last_day for one in coverage.places) <= _day(date(2025, 4, 20))


def test_a_handful_of_facts_shows_no_outage(asker):
    fill(asker.engine, shop(AS_OF))
    coverage = measure(View(asker.engine))
    assert {one.place for one in coverage.places if one.proof == "carrier_accepted"} == {"Swift", "Heron"}
    assert [one.down_days for one in coverage.places if one.down_days] == []
