"""While the database is away nothing is lost: what waits goes through when it is back, what waited too long can be sent again."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import psycopg
import pytest

from beleg.ledger.store.base import UnavailableError, Unit
from beleg.ledger.store.embedded import Embedded, running
from beleg.ledger.store.store import Store
from support.stores import bought, database, folder
from support.stores import server as started

TESTS = Path(__file__).parents[2]


@pytest.fixture
def away() -> Iterator[tuple[Embedded, str]]:
    """A server of this test's own, which it may kill."""
    with started() as running, database(running) as (_, service):
        yield running, service


def kill(server: Embedded) -> None:
    """All of it at once: a server process whose postmaster is gone may still answer the question it is busy with."""
    postmaster = psutil.Process(int((server.folder / "pg" / "postmaster.pid").read_text().split()[0]))
    every = [postmaster, *postmaster.children()]
    for process in every:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    while any(process.is_running() and process.status() != psutil.STATUS_ZOMBIE for process in every):
        pass


def test_what_waits_goes_through_and_what_waited_too_long_is_told(away: tuple[Embedded, str]) -> None:
    server, service = away
    lost, kept = Unit(facts=bought("lost")), Unit(facts=bought("kept"))

    async def outage() -> tuple[object, ...]:
        async with Store(service, patience=0.5).running() as hasty, Store(service, patience=60).running() as patient:
            await hasty.commit(Unit(facts=bought("before")))
            await patient.commit(Unit(facts=bought("before")))
            assert len(await patient.facts_of("before")) == 2
            kill(server)
            waiting = asyncio.create_task(patient.commit(kept))
            with pytest.raises(UnavailableError, match=r"did not answer within 0\.5 seconds"):
                await hasty.commit(lost)
            with pytest.raises(UnavailableError, match="the database does not answer"):
                await patient.facts_of("before")
            assert not waiting.done()
            while not waiting.done():
                with suppress(OSError):
                    await asyncio.to_thread(server.ensure_running)
                await asyncio.sleep(0.1)
            assert len(await patient.facts_of("before")) == 2  # over a new connection
            first, again = await waiting, await patient.commit(lost)
            return first.places, again.places, len(await patient.facts_of("lost")), len(await patient.facts_of("kept"))

    assert asyncio.run(outage()) == ((2, 3), (4, 5), 2, 2)


def test_a_server_killed_where_nobody_asks_about_the_dead_is_started_again() -> None:
    """A container's first process inherits every orphan; a killed server stays listed until that process asks about it."""
    program = """
import ctypes, sys
from pathlib import Path
assert ctypes.CDLL(None).prctl(36, 1, 0, 0, 0) == 0  # PR_SET_CHILD_SUBREAPER
from unit.ledger.test_away import restarted
restarted(Path(sys.argv[1]))
"""
    with folder() as made:
        called = [sys.executable, "-c", program, str(made / "store")]
        told = subprocess.run(called, check=False, cwd=TESTS, capture_output=True, text=True, timeout=120)
    assert told.returncode == 0, told.stderr


def restarted(where: Path) -> None:
    with Embedded(where) as server:
        kill(server)
        assert running(where) is None
        while True:
            with suppress(OSError):
                server.ensure_running()
                break
        with psycopg.connect(server.service) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        kill(server)  # and it is closed without waiting for the dead to stop
    with Embedded(where) as server:
        assert running(where) == server.owner


def test_a_mark_that_names_somebody_else_does_not_keep_the_server_from_starting() -> None:
    """As after a reboot: the number of the last server is anybody's."""
    with folder() as made:
        with Embedded(made / "store") as server:
            mark = (made / "store" / "pg" / "postmaster.pid").read_text()
            kill(server)
        _, rest = mark.split("\n", 1)
        (made / "store" / "pg" / "postmaster.pid").write_text(f"{psutil.Process().pid}\n{rest}")
        assert running(made / "store") is None
        with Embedded(made / "store") as server:
            assert running(made / "store") == server.owner
