"""The fixtures of every test of a store: one server for a worker's whole run, a database of its own for each test."""

from collections.abc import Iterator

import pytest

from beleg.ledger.store.embedded import Embedded
from beleg.ledger.store.store import Store
from support.stores import database
from support.stores import server as started


@pytest.fixture(scope="session")
def server() -> Iterator[Embedded]:
    with started() as running:
        yield running


@pytest.fixture
def addresses(server: Embedded) -> Iterator[tuple[str, str]]:
    """The owner's and the service's address of an empty store."""
    with database(server) as both:
        yield both


@pytest.fixture
def store(addresses: tuple[str, str]) -> Iterator[Store]:
    opened = Store(addresses[1])
    yield opened
    opened.close()
