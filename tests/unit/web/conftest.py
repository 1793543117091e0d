"""The service over a real store, asked over HTTP without a network between."""

import asyncio
import json
import os
import threading
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from beleg.ledger.store.embedded import Embedded
from beleg.web.app import application, first_key
from beleg.web.service import Service, running
from beleg.web.settings import Settings
from support.approvals import approvers
from support.authenticators import Authenticator
from support.shops import back, dock, order, receipt, roster, scan
from support.stores import database
from support.stores import server as started

SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="


class Running:
    """The service on a loop of its own; `request` asks it."""

    def __init__(self, settings: Settings) -> None:
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._up = threading.Event()
        self._failed: BaseException | None = None
        self._thread = threading.Thread(target=self._run, args=(settings,), daemon=True)
        self._thread.start()
        self._up.wait()
        if self._failed:
            raise self._failed

    def _run(self, settings: Settings) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._serve(settings))
        except BaseException as failure:
            self._failed = failure
            self._up.set()
        finally:
            self._loop.close()

    async def _serve(self, settings: Settings) -> None:
        async with running(settings) as service:
            self.service: Service = service
            self.key = await first_key(service) or ""
            self.app = application(service)
            transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://gate") as self.http:
                self._up.set()
                await self._stop.wait()

    def do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(120)

    def request(self, method: str, path: str, **said: Any) -> httpx.Response:
        headers = {"authorization": f"Bearer {self.key}", **said.pop("headers", {})}
        return self.do(self.http.request(method, path, headers=headers, **said))

    def all(self, calls: list[tuple[str, str, dict[str, Any]]]) -> list[httpx.Response]:
        async def gathered() -> list[httpx.Response]:
            headers = {"authorization": f"Bearer {self.key}"}
            return await asyncio.gather(
                *(self.http.request(method, path, **said | {"headers": headers | said["headers"]}) for method, path, said in calls)
            )

        return self.do(gathered())

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()


@pytest.fixture(scope="session")
def server() -> Iterator[Embedded]:
    with started() as running_server:
        yield running_server


@pytest.fixture(scope="module")
def gate(server: Embedded) -> Iterator[Running]:
    """A service whose shop has had one honest return, so that every source has spoken."""
    with database(server) as (_, address):
        secrets = json.dumps({"vendure": [SECRET], "stripe": [SECRET]})
        settings = Settings(database_url=address, hash_key="k" * 32, webhook_secrets=secrets)
        one = Running(settings)
        keeper = one.service.keeper
        one.do(keeper.take((*roster(), *order("O0"), *back("O0", "M0"), scan("M0"), dock("M0"), receipt("O0", "M0"))))
        one.do(one.service.prover.refresh())
        yield one
        one.stop()


@pytest.fixture(scope="module")
def keys(gate: Running) -> dict[str, Authenticator]:
    """The passkeys of those who may approve, known to the service."""
    made, facts = approvers()
    gate.do(gate.service.keeper.take(facts))
    return made


@pytest.fixture
def shop(gate: Running) -> Callable[..., str]:
    """Makes a new order with a return under way; its number."""

    def make(**said: Any) -> str:
        name = f"N{uuid4().hex[:10]}"
        gate.do(gate.service.keeper.take((*order(name, **said), *back(name, f"{name}-M"))))
        return name

    return make


@pytest.fixture
def claim() -> Callable[..., dict[str, Any]]:
    def make(name: str, **said: Any) -> dict[str, Any]:
        return {"refund_id": f"{name}-R", "order_id": name, "line_id": "1", "rma_id": f"{name}-M", "amount": 20000,
                "currency": "EUR", "trigger": "on_receipt", "requester": "login-1", "instrument": "card-1"} | said  # fmt: skip

    return make


GOLDEN = Path(__file__).parents[2] / "golden" / "web"


@pytest.fixture
def golden() -> Callable[[str, str], None]:
    """Compare a text with the one kept, or keep it when BELEG_UPDATE_GOLDEN=1."""

    def compare(name: str, text: str) -> None:
        path = GOLDEN / f"{name}.txt"
        if os.environ.get("BELEG_UPDATE_GOLDEN") == "1":
            path.write_text(text + "\n", encoding="utf-8")
        assert path.exists(), f"no golden file {path.name}: run with BELEG_UPDATE_GOLDEN=1 and read what it writes"
        assert text + "\n" == path.read_text(encoding="utf-8")

    return compare
