"""What the service does by itself goes on when it fails once."""

import asyncio
from types import SimpleNamespace

from beleg.web.service import Service


def test_sources_are_judged_again_after_the_database_was_away():
    times: list[int] = []
    done = asyncio.Event()

    async def refresh() -> None:
        times.append(len(times))
        if len(times) == 1:
            raise ConnectionError("gone")
        done.set()

    async def both() -> None:
        service = SimpleNamespace(settings=SimpleNamespace(refresh_seconds=0), prover=SimpleNamespace(refresh=refresh))
        work = asyncio.create_task(Service.refresh(service))
        async with asyncio.timeout(10):
            await done.wait()
        work.cancel()

    asyncio.run(both())
    assert times == [0, 1]
