"""A console over a real store, with a small story in it: a ring of three, a held request, an insider, a customer."""

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response

from beleg.audit.result import AuditResult
from beleg.facts.base import Fact
from beleg.facts.kinds.accounts import Identifier
from beleg.facts.kinds.findings import Finding, FindingFact
from beleg.facts.kinds.gate import Decision
from beleg.facts.kinds.money import Refund
from beleg.facts.kinds.operators import EnrolmentAnswer, Invitation, OperatorRole, Passkey
from beleg.facts.kinds.orders import Order
from beleg.ledger.log.note import Signer
from beleg.ledger.store.base import Unit
from beleg.ledger.store.store import Store
from beleg.web.console import signing
from beleg.web.console.app import console
from beleg.web.console.checking import Checker
from beleg.web.console.desk import Desk, now
from beleg.web.console.session import COOKIE
from beleg.web.console.settings import ConsoleSettings
from beleg.web.console.trials import Trials

KEY, PSEUDONYMS = b"k" * 32, b"p" * 32
DAY = 86_400_000_000
STAFF = {
    "ana": ("analyst",), "ivo": ("investigator",), "apo": ("approver",), "pol": ("policy_author",), "cora": ("counsel",),
    "ada": ("auditor",), "root": ("administrator",), "ben": ("approver", "investigator"), "nobody": (),
}  # fmt: skip
EVIL = "<script>alert(1)</script>\u202eevil 📦👩‍🚒 {{ 7*7 }} " + "A" * 10_000


def story(start: int) -> tuple[Fact, ...]:
    """Three customers who share a device and a card, refunds without proofs, one request on hold, one clerk."""
    said = {"source": "test", "known_at": start, "ingested_at": start}
    orders = [
        Order(id=f"order-{n}", **said, occurred_at=start - 30 * DAY, order_id=f"O{n}", account_id=f"customer-{n}", currency="EUR")
        for n in range(1, 6)
    ]
    seen = [
        Identifier(
            id=f"seen-{n}-{kind}", **said, occurred_at=start - n * DAY, account_id=f"customer-{n}", kind=kind, value=f"{kind}-one"
        )
        for n in (1, 2, 3)
        for kind in ("device", "payment")
    ]  # fmt: skip
    found = [
        Finding(
            id=f"found-{n}", **said, detector="receipt_without_arrival", version="1", subject_kind="slice", subject=f"O{n}/1/R{n}",
            family="journey", amount=10_000 * n, currency="EUR",
        )
        for n in (1, 2, 3, 5)
    ]  # fmt: skip
    ring = Finding(
        id="found-ring", **said, detector="shared_ring", version="1", subject_kind="ring", subject="ring-a", family="ties",
        amount=60_000, currency="EUR",
    )  # fmt: skip
    clerk = Finding(
        id="found-clerk", **said, detector="receipts_without_proof", version="1", subject_kind="staff", subject="clerk-7",
        family="proofs", amount=60_000, currency="EUR",
    )  # fmt: skip
    rests = [FindingFact(id=f"rests-{one.id}", **said, finding_id="found-ring", fact_id=one.id, role=one.kind) for one in seen]
    held = Decision(
        id="held-1", **said, request_id="R-4", slice_id="O4/1/R4", order_id="O4", account_id="customer-4", amount=4_900,
        currency="EUR", outcome="hold", reason="the carrier has not scanned the parcel", deadline=start + DAY // 2,
        default="release", policy="standard", policy_version="1",
    )  # fmt: skip
    paid = [
        Refund(
            id=f"paid-{n}", **said, occurred_at=start - 31 * n * DAY, refund_id=f"R{n}", order_id=f"O{n}", amount=10_000 * n,
            currency="EUR",
        )
        for n in (1, 2, 3)
    ]  # fmt: skip
    return (*orders, *seen, *paid, *found, ring, clerk, *rests, held)


def staffed(start: int) -> tuple[Fact, ...]:
    """Somebody of every role, each with a passkey that nobody can use and that was agreed to."""
    said = {"source": "test", "known_at": start, "ingested_at": start}
    roles = [
        OperatorRole(id=f"role-{who}-{role}", **said, login=who, role=role, granted=True)
        for who, mine in STAFF.items()
        for role in mine
    ]
    invited = [Invitation(id=f"invited-{who}", **said, login=who, secret="none", expires_at=start) for who in STAFF]
    keys = [
        Passkey(id=f"key-{who}", **said, login=who, credential=f"cred-{who}", public_key="none", invitation=f"invited-{who}")
        for who in STAFF
    ]
    agreed = [EnrolmentAnswer(id=f"agreed-{who}", **said, enrolment_id=f"key-{who}", granted=True) for who in STAFF]
    return (*roles, *invited, *keys, *agreed)


def settings(origin: str, **other: Any) -> ConsoleSettings:
    return ConsoleSettings(
        **{"origin": origin, "key": KEY, "pseudonyms": PSEUDONYMS, "second_readings": 0.0, "staff": True} | other
    )


def cookie(app: Starlette, login: str, *, began: int | None = None) -> tuple[dict[str, str], str]:
    """The cookie of somebody signed in, and the token of their forms."""
    sessions, response = app.state.site.sessions, Response()
    session = sessions.begin(response, login, now() if began is None else began)
    value = response.headers["set-cookie"].partition(";")[0].partition("=")[2]
    return {COOKIE: value}, sessions.token(session)


class Running:
    """A console on a port, with its own event loop in a thread; `run` does something on that loop."""

    def __init__(self, store: Store, port: int, loop: asyncio.AbstractEventLoop, app: Starlette, invitation: str | None) -> None:
        self.store, self.port, self.loop, self.app, self.invitation = store, port, loop, app, invitation
        self.address = f"http://localhost:{port}"
        self.signer: Signer

    @property
    def desk(self) -> Desk:
        return self.app.state.site.desk

    def run(self, doing: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(doing, self.loop).result(30)

    def write(self, *facts: Fact) -> None:
        self.run(self.store.commit(Unit(facts=facts)))


@contextmanager
def serving(
    store: Store, facts: tuple[Fact, ...], *, answer: AuditResult | None = None, trials: Trials | None = None, **other: Any
) -> Iterator[Running]:
    """Serve a console over this store, with these facts in it, until the block ends."""
    ready, found, stop = threading.Event(), [], threading.Event()

    async def main() -> None:
        async with store.running():
            if facts:
                await store.commit(Unit(facts=facts))
            holder: list[Starlette] = []

            async def late(scope: Any, receive: Any, send: Any) -> None:
                await holder[0](scope, receive, send)

            server = uvicorn.Server(uvicorn.Config(late, host="127.0.0.1", port=0, log_level="critical", lifespan="off"))
            serving_ = asyncio.create_task(server.serve())
            while not server.started:
                await asyncio.sleep(0.01)
            port = server.servers[0].sockets[0].getsockname()[1]
            signer = Signer("test/log", Ed25519PrivateKey.generate())
            wanted = settings(f"http://localhost:{port}", answer=answer, **other)
            holder.append(console(store, wanted, checker=Checker(store.service, signer.verifier), trials=trials))
            secret = await signing.first_secret(holder[0].state.site.desk)
            found.append(Running(store, port, asyncio.get_running_loop(), holder[0], secret))
            found[0].signer = signer
            ready.set()
            while not stop.is_set():
                await asyncio.sleep(0.02)
            server.should_exit = True
            await serving_

    thread = threading.Thread(target=lambda: asyncio.run(main()), daemon=True)
    thread.start()
    assert ready.wait(30)
    try:
        yield found[0]
    finally:
        stop.set()
        thread.join(20)


def request_of(app: Starlette, cookies: dict[str, str]) -> Request:
    raw = "; ".join(f"{name}={value}" for name, value in cookies.items()).encode()
    return Request({"type": "http", "method": "GET", "path": "/", "headers": [(b"cookie", raw)], "query_string": b"", "app": app})


def wait(seconds: float) -> None:
    time.sleep(seconds)
