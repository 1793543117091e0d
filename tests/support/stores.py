"""Stores for tests: one server for a test run's worker, a database of its own for each test, and facts to write into it."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
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

LATER = 2**50  # a moment beyond every test


@contextmanager
def database(server: Embedded, *, migrated: bool = True) -> Iterator[tuple[str, str]]:
    """An empty database on a server: the addresses of its owner and of the service."""
    name = f"test_{next(_numbers)}"
    admin = server.owner.replace("beleg_owner", "postgres").replace("/beleg?", "/postgres?")
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} OWNER beleg_owner".encode())
    owner, service = (address.replace("/beleg?", f"/{name}?") for address in (server.owner, server.service))
    if migrated:
        migrate(owner)
    yield owner, service
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@contextmanager
def copied(server: Embedded, pattern: str) -> Iterator[str]:
    """A copy of a database that nobody is connected to, both by the service's address."""
    name, of = f"copy_{next(_numbers)}", pattern.partition("?")[0].rpartition("/")[2]
    admin = server.owner.replace("beleg_owner", "postgres").replace("/beleg?", "/postgres?")
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {of} OWNER beleg_owner".encode())
    yield server.service.replace("/beleg?", f"/{name}?")
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@contextmanager
def server(folder: Path) -> Iterator[Embedded]:
    """A server in this folder."""
    with Embedded(folder) as running:
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
