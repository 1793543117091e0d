"""The service over a real store, asked over HTTP without a network between."""

import json
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest

from beleg.ledger.store.embedded import Embedded
from beleg.web.settings import Settings
from support.approvals import approvers
from support.authenticators import Authenticator
from support.golden import kept
from support.services import Running
from support.shops import back, dock, order, receipt, roster, scan
from support.stores import database
from support.stores import server as started

SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="


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


@pytest.fixture
def golden() -> Callable[[str, str], None]:
    """Compare a text with the one kept, or keep it when BELEG_UPDATE_GOLDEN=1."""
    return kept("web")
