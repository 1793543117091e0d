"""While the database is away nothing is lost: what waits goes through when it is back, what waited too long can be sent again."""

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import suppress

import pytest

from beleg.ledger.store.base import UnavailableError, Unit
from beleg.ledger.store.embedded import Embedded
from beleg.ledger.store.store import Store
from support.stores import bought, database
from support.stores import server as started


@pytest.fixture
def away() -> Iterator[tuple[Embedded, str]]:
    """A server of this test's own, which it may kill."""
    with started() as running, database(running) as (_, service):
        yield running, service


def kill(server: Embedded) -> None:
    os.kill(int((server.folder / "pg" / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)


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
