"""The ledger audited again and again: findings follow its facts, and the console speaks by the newest answer."""

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pyarrow as pa
import pytest

from beleg.audit.result import AuditResult
from beleg.audit.settings import AuditSettings
from beleg.audit.watch import TURN, Look, watch
from beleg.detect.judged import CLOSED
from beleg.facts.base import Fact
from beleg.facts.registry import fact_types
from beleg.ledger.store.bulk import append
from beleg.ledger.store.turn import one_at_a_time
from beleg.web.watching import Watcher
from support.cases import FOLDERS, Told, tell
from support.ledgers import Ledger, read
from support.stores import copied

DAY = 86_400_000_000
KEY = b"k" * 32


@pytest.fixture
def store(server, pattern) -> Iterator[str]:
    with copied(server, pattern) as service:
        yield service


@pytest.fixture(scope="module")
def stalled() -> Told:
    """A parcel that was taken and then stood still, in a shop whose other parcels came back."""
    return tell(FOLDERS / "stalled_return/cases/fires/address_made_unreadable.toml")


def facts(ledger: Ledger) -> list[Fact]:
    return [fact_types()[table](**row) for table, rows in ledger.items() for row in rows]


def findings(store: str) -> dict[str, tuple[str, str | None]]:
    with psycopg.connect(store) as connection:
        rows = connection.execute("SELECT id, status, because FROM beleg_facts.findings").fetchall()
    return {name: (status, because) for name, status, because in rows}


async def no_cases() -> pa.Table:
    return CLOSED.empty_table()


def look(store: str, moment: int, tmp_path: Path) -> int:
    work = tmp_path / str(moment)
    settings = AuditSettings(store=store, as_of=moment, work=work, key=KEY)
    seen = watch(settings, work / "found", lambda _step, _share: None)
    assert seen is not None
    return seen[1]


def test_findings_follow_the_facts(store, stalled, tmp_path):
    overdue = stalled.as_of
    append(store, facts(stalled.ledger))
    assert look(store, overdue, tmp_path) > 0
    ((name, (status, _)),) = findings(store).items()
    assert status == "open"

    assert look(store, overdue + DAY, tmp_path) == 0, "a finding that says the same is the same finding"
    assert set(findings(store)) == {name}

    seen = {"parcel_id": "P2", "status": "delivered", "postcode": "04109", "attested": True}
    append(store, facts(read({"scans": [{"id": "found-again", "occurred_at": overdue + 2 * DAY, **seen}]})))
    look(store, overdue + 3 * DAY, tmp_path)
    news = [known for other, known in findings(store).items() if other != name]
    assert sorted(news) == [("open", None), ("withdrawn", "found-again")], "it stands no longer: delivered, and nobody has it"
    assert look(store, overdue + 4 * DAY, tmp_path) == 0, "each is said once"


def test_an_empty_ledger_has_no_findings(store, tmp_path):
    assert look(store, 10 * DAY, tmp_path) == 0


def test_while_one_is_at_it_another_does_nothing(store, tmp_path):
    with one_at_a_time(store, TURN) as mine:
        assert mine
        settings = AuditSettings(store=store, as_of=DAY, work=tmp_path, key=KEY)
        assert watch(settings, tmp_path / "found", lambda _step, _share: None) is None
    with one_at_a_time(store, TURN) as mine:
        assert mine


def test_the_process_itself_answers(store, stalled):
    append(store, facts(stalled.ledger))
    shown: list[AuditResult] = []
    seen = asyncio.run(Watcher(Look(store=store, key=KEY), 60, no_cases, shown.append).look())
    assert (seen.failed, seen.busy) == ("", False)
    assert seen.fresh > 0
    assert [one.totals.gap.count for one in shown] == [1]


@pytest.mark.parametrize(
    ("says", "failed"),
    [
        ("print('noise')", "what its process said could not be read"),
        ("pass", "its process ended without an answer"),
        ("""print('{"failed": "no room on the disk"}')""", "no room on the disk"),
    ],
)
def test_a_failure_is_told(says, failed):
    command = (sys.executable, "-c", f"import sys; sys.stdin.read(); {says}")
    seen = asyncio.run(Watcher(Look(store="", key=KEY), 60, no_cases, lambda _answer: None, command).look())
    assert failed in seen.failed


def test_never_is_never():
    asyncio.run(asyncio.wait_for(Watcher(Look(store="", key=KEY), 0, no_cases, lambda _answer: None).run(), 5))
