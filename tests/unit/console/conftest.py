"""One server for all tests of the console in a worker, one console with a small story for those that only read."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from beleg.ledger.store.embedded import Embedded
from beleg.ledger.store.store import Store
from beleg.web.console.desk import now
from support.consoles import Running, cookie, serving, staffed, story
from support.stores import copied, database
from support.stores import server as started


@pytest.fixture(scope="session")
def server() -> Iterator[Embedded]:
    with started() as running:
        yield running


@pytest.fixture(scope="session")
def pattern(server: Embedded) -> Iterator[str]:
    """A database that was brought up once; copies of it are quick."""
    with database(server) as (_, service):
        yield service


@pytest.fixture
def empty(server: Embedded, pattern: str) -> Iterator[Store]:
    with copied(server, pattern) as service:
        store = Store(service)
        yield store
        store.close()


@pytest.fixture
def fresh(empty: Store) -> Iterator[Running]:
    """A console for one test, which may change everything."""
    start = now()
    with serving(empty, (*staffed(start), *story(start))) as console:
        yield console


@pytest.fixture(scope="module")
def running(server: Embedded, pattern: str) -> Iterator[Running]:
    """A console that the tests of a module share."""
    start = now()
    with copied(server, pattern) as service:
        store = Store(service)
        with serving(store, (*staffed(start), *story(start))) as console:
            yield console
        store.close()


class Person:
    """Somebody signed in, who opens pages and sends forms."""

    def __init__(self, running: Running, login: str, **how: Any) -> None:
        cookies, self.token = cookie(running.app, login, **how)
        self.http = httpx.Client(base_url=running.address, cookies=cookies, timeout=30)
        self.origin = running.address

    def get(self, address: str) -> httpx.Response:
        return self.http.get(address)

    def send(self, address: str, token: str | None = None, origin: str | None = None, **fields: str) -> httpx.Response:
        data = {"token": self.token if token is None else token, **fields}
        return self.http.post(address, data=data, headers={"origin": origin or self.origin})


@pytest.fixture
def person(running: Running) -> Iterator[Callable[..., Person]]:
    made: list[Person] = []

    def somebody(login: str, **how: Any) -> Person:
        made.append(Person(running, login, **how))
        return made[-1]

    yield somebody
    for one in made:
        one.http.close()
