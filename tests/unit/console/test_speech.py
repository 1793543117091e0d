"""Every sentence of the console has its German, with the same places to fill in; numbers and plurals follow each language."""

import re
from datetime import UTC
from importlib.resources import files
from typing import get_args

import pytest
from babel.messages.pofile import read_po

from beleg.detect.card import every_detector
from beleg.facts.kinds.cases import Outcome
from beleg.facts.kinds.operators import Role
from beleg.gate import telling
from beleg.report import words
from beleg.web.console.rows import ORDERS, STATES
from beleg.web.console.speech import Speech
from beleg.weigh.patterns import CLAIMED, FAMILIES, KINDS, family_in_words
from beleg.weigh.weights import shipped

ROOT = files("beleg.web.console")
QUOTED = r'"((?:[^"\\]|\\.)*)"'


def sources(suffix, *folders):
    for folder in folders:
        yield from (one.read_text() for one in ROOT.joinpath(folder).iterdir() if one.name.endswith(suffix))


def said() -> set[str]:
    pages = "".join(sources(".j2", "templates"))
    code = "".join(sources(".py", "pages", "."))
    found = set(re.findall(rf"_\(\s*{QUOTED}", pages)) | set(re.findall(rf"\.say\(\s*{QUOTED}", code))
    found |= set(re.findall(rf"refused\(\s*request, \d+, {QUOTED}", code)) | set(
        re.findall(rf"_TurnedBackError\(\d+, {QUOTED}", code)
    )
    found |= set(re.findall(rf"why = {QUOTED}", code))
    dynamic = [*get_args(Role), *get_args(Outcome), *STATES, *ORDERS, *every_detector(), *words.CLASSES]
    dynamic += [
        *telling.SENTENCES,
        *map(family_in_words, FAMILIES),
        *KINDS,
        *CLAIMED.values(),
        "other refunds",
        *shipped().hypotheses,
        "nothing found",
        "does not apply",
    ]
    found |= {state.meaning for state in words.STATES.values()}
    found |= {words.words(one) for one in dynamic} | {state.label for state in words.STATES.values()} | set(words.PROOFS.values())
    return found


def german() -> dict[str, str]:
    with ROOT.joinpath("locale", "de.po").open("rb") as po:
        return {(one.id if isinstance(one.id, str) else one.id[0]): one.string for one in read_po(po, locale="de") if one.id}


def test_every_sentence_has_its_german() -> None:
    known = german()
    assert len(said()) > 250
    assert sorted(one for one in said() if not known.get(one)) == []


def test_places_to_fill_in_are_the_same() -> None:
    for english, other in german().items():
        for one in (other,) if isinstance(other, str) else other:
            assert sorted(re.findall(r"%\(\w+\)s", english)) == sorted(re.findall(r"%\(\w+\)s", one)), english


@pytest.mark.parametrize(("language", "money", "number"), [("en", "€1,234.56", "1,234.5"), ("de", "1.234,56\xa0€", "1.234,5")])
def test_numbers_follow_the_language(language, money, number) -> None:
    speech = Speech(language, UTC, "UTC")
    assert speech.money(123_456, "EUR") == money
    assert speech.number(1234.5) == number


def test_plurals_follow_the_language() -> None:
    forms = (
        "The log has %(num)s entry as far as the console has read it.",
        "The log has %(num)s entries as far as the console has read it.",
    )
    assert "1 Eintrag" in Speech("de", UTC, "UTC").count(1, *forms)
    assert "2 Einträge" in Speech("de", UTC, "UTC").count(2, *forms)
    assert "1 entry" in Speech("en", UTC, "UTC").count(1, *forms)


def test_times_outside_the_calendar_are_told() -> None:
    assert Speech("en", UTC, "UTC").moment(2**62) == "time unknown"
    assert Speech("de", UTC, "UTC").moment(None) == "Zeit unbekannt"


def test_nothing_said_is_nothing() -> None:
    assert Speech("de", UTC, "UTC").say("") == ""


def test_a_page_is_german_where_the_browser_asks_for_it(running, person) -> None:
    ivo = person("ivo")
    page = ivo.http.get("/", headers={"accept-language": "de-AT,de;q=0.9,en;q=0.5"}).text
    assert '<html lang="de">' in page
    assert "Heute" in page
    assert '<html lang="en">' in ivo.http.get("/", headers={"accept-language": "fr"}).text
    ivo.http.cookies.set("zone", "Europe/Berlin")
    assert "Europe/Berlin" in ivo.get("/").text
    ivo.http.cookies.set("zone", "../../etc/passwd")
    assert "Times in UTC" in ivo.get("/").text
