"""Stores for tests: one server for a test run's worker, a database of its own for each test, and facts to write into it."""

import itertools
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import psycopg

from beleg.facts.base import Fact
from beleg.facts.kinds.gate import Decision, Reservation
from beleg.facts.kinds.orders import Order, OrderLine
from beleg.ledger.store.base import Unit
from beleg.ledger.store.embedded import Embedded
from beleg.ledger.store.migrate import migrate

_numbers = itertools.count()

LATER = 2**52  # a moment beyond every test


@contextmanager
def database(server: Embedded, *, migrated: bool = True) -> Iterator[tuple[str, str]]:
    """An empty database on a server: the addresses of its owner and of the service. One that is migrated is a copy of the first."""
    name = f"test_{next(_numbers)}"
    like = _template(server) if migrated else "template1"
    with _admin(server) as connection:
        connection.execute(f"CREATE DATABASE {name} OWNER beleg_owner TEMPLATE {like}".encode())
    yield _of(server.owner, name), _of(server.service, name)
    with _admin(server) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@contextmanager
def copied(server: Embedded, pattern: str) -> Iterator[str]:
    """A copy of a database that nobody is connected to, both by the service's address."""
    name, of = f"copy_{next(_numbers)}", pattern.partition("?")[0].rpartition("/")[2]
    with _admin(server) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {of} OWNER beleg_owner".encode())
    yield _of(server.service, name)
    with _admin(server) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@cache
def _template(server: Embedded) -> str:
    with _admin(server) as connection:
        connection.execute(b"CREATE DATABASE migrated OWNER beleg_owner")
    migrate(_of(server.owner, "migrated"))
    return "migrated"


def _admin(server: Embedded) -> psycopg.Connection:
    return psycopg.connect(_of(server.owner.replace("beleg_owner", "postgres"), "postgres"), autocommit=True)


def superuser(server: Embedded, service: str) -> str:
    """The address, as the one whom no rule holds back, of the database that the service reaches by its own."""
    name = service.partition("?")[0].rpartition("/")[2]
    return _of(server.owner.replace("beleg_owner", "postgres"), name)


def _of(address: str, database: str) -> str:
    return address.replace("/beleg?", f"/{database}?")


@contextmanager
def folder() -> Iterator[Path]:
    """A folder that the database's own user can reach: pytest closes its temporary folders to everybody else."""
    with tempfile.TemporaryDirectory(prefix="beleg-test-") as made:
        yield Path(made)


@contextmanager
def server() -> Iterator[Embedded]:
    """A server of the tests' own."""
    with folder() as made, Embedded(made / "store") as running:
        yield running


def bought(order: str, *, paid: int = 1000, lines: int = 1, quantity: int = 1, beside: int = 0) -> tuple[Fact, ...]:
    """An order with so many lines of one price, and perhaps postage beside them."""
    head = Order(id=f"{order} order", source="shop", order_id=order, currency="EUR", paid=paid * lines + beside)
    return (head, *(_line(order, number, paid, quantity) for number in range(1, lines + 1)))


def _line(order: str, number: int, paid: int, quantity: int) -> OrderLine:
    return OrderLine(
        id=f"{order} line {number}", source="shop", order_id=order, line_id=str(number), article="kettle", quantity=quantity,
        paid=paid, currency="EUR",
    )  # fmt: skip


def decided(name: str, order: str, **cells: Any) -> Decision:
    """An answer of the gate."""
    usual: dict[str, Any] = {
        "id": f"{name} decision", "source": "gate", "request_id": f"{name} request", "slice_id": f"{order}/1/{name}",
        "order_id": order, "line_id": "1", "amount": 1000, "currency": "EUR", "outcome": "release", "policy": "test",
        "policy_version": "1",
    }  # fmt: skip
    return Decision(**usual | cells)


def reserved(name: str, order: str, **cells: Any) -> Reservation:
    """The money set aside for that answer."""
    usual: dict[str, Any] = {
        "id": f"{name} reservation", "source": "gate", "decision_id": f"{name} decision", "slice_id": f"{order}/1/{name}",
        "order_id": order, "line_id": "1", "amount": 1000, "currency": "EUR", "expires_at": LATER,
    }  # fmt: skip
    return Reservation(**usual | cells)


def release(name: str, order: str, **cells: Any) -> Unit:
    """A release with its reservation; cells that both have are the same in both."""
    return Unit(facts=(decided(name, order, **cells), reserved(name, order, **cells)))
