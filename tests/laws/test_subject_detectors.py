"""The laws that every detector of subjects keeps. Detectors and their cases are found by walking the folders."""

import random
from collections import Counter
from collections.abc import Iterator

import pytest

from beleg.detect.judged import FEWEST_PEERS
from beleg.detect.subject import SubjectDetector, every_subject_detector
from beleg.facts.schema import arrow_schemas
from beleg.ledger.engines import open_engine
from support.judging import Answer, Judge
from support.ledgers import blanked, cut, ids, renamed, scattered, shuffled
from support.subject_cases import Told, every_subject_case

SEED = 20250601

# A ring is named by a hash of its accounts and found in graphs no case could tell, and what is learned is learned from hundreds of
# accounts: their laws stand in tests/unit/detect.
EVERY = [one for one in every_subject_detector().values() if one.card.subject != "ring" and not one.card.learned]

detectors = pytest.mark.parametrize("detector", EVERY, ids=lambda one: one.name)
cases = pytest.mark.parametrize("case", every_subject_case(), ids=lambda one: one.title)
# The first case in which each fires.
FIRING = {one.detector: one for one in reversed(every_subject_case()) if one.kind == "fires"}

firing = pytest.mark.parametrize("case", [pytest.param(one, id=one.title, marks=pytest.mark.long) for one in FIRING.values()])


@pytest.fixture(scope="module")
def judge(tmp_path_factory) -> Iterator[Judge]:
    engine = open_engine("duckdb", tmp_path_factory.mktemp("duckdb"))
    yield Judge(engine)
    engine.close()


def asked(judge: Judge, case: Told, ledger=None, members=None, known: int | None = None) -> Answer:
    dossier = judge.open(ledger or case.ledger, case.as_of, case.members if members is None else members, known, case.case.weighed)
    return judge.ask(case.detector, dossier)


# What a detector says


@detectors
def test_at_least_two_cases_fire_and_two_stay_silent(detector: SubjectDetector) -> None:
    kinds = Counter(one.kind for one in every_subject_case() if one.detector == detector.name)
    assert kinds["fires"] >= 2
    assert kinds["silent"] >= 2


@detectors
def test_a_card_is_complete(detector: SubjectDetector) -> None:
    card = detector.card
    said = [card.question, card.why, card.measure, card.version, *card.what_to_do, *card.blind_spots]
    said += [text for rival in card.rivals for text in (rival.name, rival.tells_apart)]
    assert [text for text in said if not text.strip()] == []
    assert card.question.endswith("?")
    assert len(card.rivals) >= 3
    assert card.blind_spots
    schemas = arrow_schemas()
    for need in (one for each in card.needs for one in each.split("|")):
        table, _, column = need.partition(".")
        assert table in schemas
        assert not column or column in schemas[table].names


@cases
def test_a_case_is_answered_as_written(judge: Judge, case: Told) -> None:
    assert case.case.story.strip()
    assert bool(case.case.expect) == (case.kind == "fires")
    answer = asked(judge, case)
    numbers = ("subject", "counterpart", "observed", "expected", "p", "log2_e")
    print([tuple(row[name] for name in numbers) for row in answer.rows[:30]])
    expected = {(one.subject, one.counterpart): Counter(one.facts) for one in case.case.expect}
    assert answer.parts() == expected
    assert set(case.case.too_few) <= set(answer.too_few)
    named = {fact for facts in answer.passing.values() for fact, _ in facts}
    assert named <= ids(case.ledger)
    assert [row for row in answer.rows if row["peers"] < FEWEST_PEERS] == []
    assert {row["subject"] for row in answer.rows}.isdisjoint(answer.too_few)


# What changes nothing


@firing
def test_the_order_of_facts_changes_nothing(judge: Judge, case: Told) -> None:
    print(f"seed {SEED}")
    assert same(asked(judge, case, shuffled(case.ledger, SEED)), asked(judge, case))


@firing
def test_new_pseudonyms_only_rename_who_is_found(judge: Judge, case: Told) -> None:
    chance = random.Random(SEED)
    print(f"seed {SEED}")
    known: dict[str, str] = {}

    def fresh(value: str) -> str:
        return known.setdefault(value, f"{chance.getrandbits(64):016x}")

    ledger = renamed(case.ledger, fresh)
    again = asked(judge, case, ledger, [(ring, fresh(account)) for ring, account in case.members])
    was = asked(judge, case)
    expected = {
        (known[one], known.get(other, other)): frozenset((known[fact], role) for fact, role in facts)
        for (one, other), facts in was.passing.items()
    }
    assert again.passing == expected


@firing
def test_later_facts_never_change_an_earlier_finding(judge: Judge, case: Told) -> None:
    moment = case.as_of - 20 * 86_400_000_000
    whole = judge.open(case.ledger, moment, case.members, moment, case.case.weighed)
    then = judge.ask(case.detector, whole)
    before = judge.open(cut(case.ledger, moment), moment, case.members, moment, case.case.weighed)
    assert same(judge.ask(case.detector, before), then)


# Who did something, with what, and where money went: if blanks linked anybody, then by one of these.
LINKING = ("actor", "requester", "approver", "contact", "device", "instrument", "account_id")


@firing
def test_blank_identifiers_link_nobody(judge: Judge, case: Told) -> None:
    """Whatever blanks bring up comes up as well where everybody has a value of their own."""
    used = {name for rows in case.ledger.values() for row in rows for name, value in row.items() if value is not None}
    was = set(asked(judge, case).passing)
    for column in (one for one in LINKING if one in used):
        blank = asked(judge, case, blanked(case.ledger, column))
        if new := set(blank.passing) - was:
            assert new <= set(asked(judge, case, scattered(case.ledger, column)).passing), column


def same(one: Answer, other: Answer) -> bool:
    """The same people, facts and numbers."""
    return (one.passing, one.too_few, one.rows) == (other.passing, other.too_few, other.rows)
