"""The laws that every detector keeps. Detectors and their cases are found by walking the folders; nothing is registered here."""

import random
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from beleg.connect import read as take_in
from beleg.detect.card import Card, Detector, every_detector
from beleg.detect.run import plan
from beleg.facts.schema import arrow_schemas
from beleg.ledger.engines import open_engine
from beleg.ledger.view import View
from beleg.proofs.dossier import Dossier, prepare
from beleg.world import WorldParameters, write_world
from support.asking import Asker, Found, fill
from support.cases import Told, every_case
from support.ledgers import PSEUDONYMS, Ledger, arrow, blanked, cut, ids, joined, renamed, scattered, shuffled

SEED = 20250601

# The laws a card may ask to be let off, each with its reason there.
EXEMPTABLE = {"one_order", "row_budget", "time_budget"}

# Of an honest shop's slices a detector may name no more than this share; more, within bounds, if its card says why.
BUDGET, EXEMPT = 0.005, 0.03
HONEST_ORDERS = 3000

detectors = pytest.mark.parametrize("detector", every_detector().values(), ids=lambda one: one.name)
cases = pytest.mark.parametrize("case", every_case(), ids=lambda one: one.title)


@pytest.fixture(scope="module")
def asker(tmp_path_factory) -> Iterator[Asker]:
    engine = open_engine("duckdb", tmp_path_factory.mktemp("duckdb"))
    yield Asker(engine)
    engine.close()


@cache
def together(as_of: int | None = None) -> Ledger:
    """All cases, or those of one date, as one ledger of strangers: every pseudonym bears its case's name in front."""
    wanted = (case for case in every_case() if as_of in {None, case.as_of})
    return joined(*(renamed(case.ledger, lambda value, case=case: f"{case.title}|{value}") for case in wanted))


AS_OF = max(case.as_of for case in every_case())


@pytest.fixture(scope="module")
def answers(asker) -> dict[int, Found]:
    """What is found in all cases of one date."""
    return {as_of: asker.found(together(as_of), as_of) for as_of in {case.as_of for case in every_case()}}


@pytest.fixture(scope="module")
def answer(asker) -> Found:
    """What is found in all cases together."""
    return asker.found(together(), AS_OF)


# What a detector says


@detectors
def test_at_least_two_cases_fire_and_two_stay_silent(detector: Detector) -> None:
    kinds = Counter(case.kind for case in every_case() if case.detector == detector.name)
    assert kinds["fires"] >= 2
    assert kinds["silent"] >= 2


@cases
def test_a_case_is_told_and_expects_what_its_folder_says(case: Told) -> None:
    assert case.story.strip()
    assert bool(case.expect) == (case.kind == "fires")


@cases
def test_a_case_is_answered_as_written(answers: dict[int, Found], case: Told) -> None:
    """Asked together with all other cases of its date, as one ledger of strangers, who change nothing."""
    mine = {(subject, fact, role) for detector, subject, fact, role in _of(case, answers[case.as_of]) if detector == case.detector}
    assert mine == case.expect


@pytest.mark.parametrize("name", every_detector())
def test_a_case_alone_is_answered_as_among_strangers(asker: Asker, answers: dict[int, Found], name: str) -> None:
    case = next(case for case in every_case() if case.detector == name)
    assert asker.found(case.ledger, case.as_of) == _of(case, answers[case.as_of])


def _of(case: Told, found: Found) -> Found:
    """One case's part of an answer about many, without its name in front."""
    mine = f"{case.title}|"
    rows = (row for row in found if row[2].startswith(mine))
    return frozenset((row[0], row[1].replace(mine, ""), row[2].removeprefix(mine), row[3]) for row in rows)


@detectors
def test_a_card_is_complete(detector: Detector) -> None:
    card = detector.card
    texts = [card.question, card.why, card.method, card.version, card.what_to_do, *_texts(card)]
    assert [text for text in texts if not text.strip()] == []
    assert card.question.endswith("?")
    assert len(card.rivals) >= 2
    assert len(card.blind_spots) >= 1
    assert set(card.exemptions) <= EXEMPTABLE


def _texts(card: Card) -> list[str]:
    rivals = [text for rival in card.rivals for text in (rival.name, rival.tells_apart)]
    outcomes = [card.outcomes.fires, card.outcomes.silent, card.outcomes.not_run]
    return [*rivals, *outcomes, *card.blind_spots, *card.standards, *card.exemptions.values()]


@detectors
def test_a_card_needs_tables_and_columns_that_exist(detector: Detector) -> None:
    schemas = arrow_schemas()
    assert detector.card.needs
    for need in detector.card.needs:
        for either in need.split("|"):
            table, _, column = either.partition(".")
            assert table in schemas
            assert not column or column in schemas[table].names


PERSONAL = re.compile(r"[\w.]+@[\w.]+|\+?\d[\d /()-]{6,}\d|\b\d{1,3}(?:\.\d{1,3}){3}\b|\b[A-Z]{2}\d{2}[A-Z0-9 ]{11,}\b|[{}%]")


@detectors
def test_no_personal_data_and_no_place_for_it_stands_in_a_card(detector: Detector) -> None:
    card = detector.card
    texts = [card.question, card.why, card.method, card.what_to_do, *_texts(card)]
    assert [text for text in texts if PERSONAL.search(text)] == []


# What changes nothing


def test_every_detector_fires_in_the_cases_together(answer: Found) -> None:
    assert {detector for detector, *_ in answer} == set(every_detector())


def test_every_fact_named_exists(answer: Found) -> None:
    assert {fact for _, _, fact, _ in answer} <= ids(together())


def test_the_same_question_gets_the_same_answer(asker: Asker, answer: Found) -> None:
    fresh = Asker(asker.engine)
    assert fresh.found(together(), AS_OF) == answer


def test_the_order_of_facts_changes_nothing(asker: Asker, answer: Found) -> None:
    print(f"seed {SEED}")
    assert asker.found(shuffled(together(), SEED), AS_OF) == answer


def test_a_redelivery_changes_nothing(asker: Asker, answer: Found, tmp_path: Path) -> None:
    """Every fact comes twice, in other files and another order: `connect` takes each id in once, so the view need not."""
    for folder, ledger in (("first", together()), ("again", shuffled(together(), SEED))):
        for table, rows in arrow(ledger).items():
            if len(rows):
                (tmp_path / "in" / folder).mkdir(parents=True, exist_ok=True)
                pq.write_table(rows, tmp_path / "in" / folder / f"{table}.parquet")
    intake = take_in(tmp_path / "in", None, tmp_path / "out")
    redelivered = {
        table: [row for path in paths for row in pq.read_table(path).to_pylist()] for table, paths in intake.tables.items()
    }
    assert sum(book.redelivered for book in intake.books) == len(ids(together()))
    assert asker.found(redelivered, AS_OF) == answer


def test_new_pseudonyms_only_rename_what_is_found(asker: Asker, answer: Found) -> None:
    chance = random.Random(SEED)
    print(f"seed {SEED}")
    known: dict[str, str] = {}

    def fresh(value: str) -> str:
        return known.setdefault(value, f"{chance.getrandbits(64):016x}")

    again = asker.found(renamed(together(), fresh), AS_OF)
    expected = {(detector, _renamed(subject, known), known[fact], role) for detector, subject, fact, role in answer}
    assert again == expected


def _renamed(subject: str, known: dict[str, str]) -> str:
    return "/".join(known[part] if part else "" for part in subject.split("/"))


def _moments() -> list[int]:
    moments = sorted(
        row["known_at"] for rows in together().values() for row in rows if row["known_at"] and row["known_at"] <= AS_OF
    )
    return [moments[len(moments) * share // 10] for share in (4, 8)]


@pytest.mark.parametrize("moment", _moments())
def test_later_facts_never_change_an_earlier_finding(asker: Asker, moment: int) -> None:
    then = asker.found(cut(together(), moment), moment, moment)
    assert asker.found(together(), moment, moment) == then
    assert asker.found(cut(together(), moment), moment) == then
    assert then


# Parties are not where they are; and these name the slice itself, so that without them other slices are spoken of.
PLACES = {"site", "to_site", "station", "location", "facility"}
NAMES = {"order_id", "line_id", "rma_id", "claim_id"}


def _linking() -> list[str]:
    """Pseudonyms that some table may leave empty and that some case has."""
    fields = {field.name for schema in arrow_schemas().values() for field in schema if field.nullable}
    used = {name for rows in together().values() for row in rows for name, value in row.items() if value is not None}
    return sorted((fields & PSEUDONYMS & used) - PLACES)


@pytest.mark.parametrize("column", _linking())
def test_blanking_an_identifier_never_links_two_parties(asker: Asker, answer: Found, column: str) -> None:
    """No fact goes to a stranger; and what blanks bring up comes up as well where everybody has a value of their own."""
    found = asker.found(blanked(together(), column), AS_OF)
    assert {row for row in found if _owner(row[1]) not in {None, _owner(row[2])}} == set()
    if column not in NAMES and (new := _named(found) - _named(answer)):
        assert new <= _named(asker.found(scattered(together(), column), AS_OF))


def _named(found: Found) -> set[tuple[str, str]]:
    return {(detector, subject) for detector, subject, *_ in found}


def _owner(name: str) -> str | None:
    """The case that a subject or fact belongs to; nobody, when its order, line and thread bear no name."""
    owners = {part.partition("|")[0] for part in name.split("/") if part}
    assert len(owners) <= 1
    return next(iter(owners), None)


# What is not there


@pytest.mark.parametrize("need", sorted({need for one in every_detector().values() for need in one.card.needs}))
def test_a_missing_source_is_told_and_never_an_empty_answer(asker: Asker, need: str) -> None:
    ledger = together()
    for either in need.split("|"):
        table, _, column = either.partition(".")
        ledger = {**ledger, table: [row | {column: None} for row in ledger[table]] if column else []}
    fill(asker.engine, ledger)
    dossier = Dossier(View(asker.engine), prepare(asker.engine), AS_OF)
    missing = {run.detector.name: run.missing for run in plan(dossier)}
    wanting = {name for name, one in every_detector().items() if need in one.card.needs}
    assert {name for name in wanting if need not in missing[name]} == set()


# What it costs


@pytest.fixture(scope="module")
def honest(tmp_path_factory, asker) -> tuple[Counter[str], int]:
    """How many slices each detector names in a shop without fraud, and how many there are."""
    folder = tmp_path_factory.mktemp("honest")
    write_world(folder, WorldParameters(seed=SEED, orders=HONEST_ORDERS, mix={}, fraud=False))
    ledger = {path.stem: pq.read_table(path).to_pylist() for path in folder.glob("*.parquet")}
    as_of = max(row["known_at"] or 0 for rows in ledger.values() for row in rows)
    found = asker.found(ledger, as_of)
    return Counter(detector for detector, _ in {(row[0], row[1]) for row in found}), len(asker.states(ledger, as_of))


@detectors
def test_an_honest_shop_is_left_alone(honest, detector: Detector) -> None:
    named, slices = honest
    print(f"{detector.name}: {named[detector.name]} of {slices} slices, seed {SEED}")
    assert named[detector.name] <= (EXEMPT if "row_budget" in detector.card.exemptions else BUDGET) * slices
