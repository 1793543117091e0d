"""A typed Python client of the gate: ask before a refund is paid, say what became of it, tell what happened."""

from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx
import msgspec

from beleg.facts.base import Fact
from beleg.gate.claim import Claim
from beleg.gate.live.written import Answer
from beleg.web.problems import TYPE, Problem
from beleg.web.routes.intake import Receipt

Kind = TypeVar("Kind")


class GateError(Exception):
    """The gate turned a request down; `problem` says why. Nothing may be paid on it."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(f"{problem.status} {problem.title}: {problem.detail}")
        self.problem = problem


class Client:
    """A client. Every call may be repeated: the same idempotency key gives the same answer.

    Args:
        url: where the gate listens, such as http://127.0.0.1:8400.
        key: an API key.
        timeout: seconds to wait; without an answer in time nothing may be paid.
        transport: how requests are sent, for tests.
    """

    def __init__(self, url: str, key: str, *, timeout: float = 3.0, transport: httpx.BaseTransport | None = None) -> None:
        headers = {"authorization": f"Bearer {key}"}
        self._http = httpx.Client(base_url=url, headers=headers, timeout=timeout, transport=transport)

    def ask(self, claim: Claim, idempotency_key: str) -> Answer:
        """Ask before a refund is paid.

        Raises:
            GateError: the gate did not understand, or forbids it.
            httpx.HTTPError: there was no answer.
        """
        return self._call("POST", "/v1/refund-decisions", claim, idempotency_key, Answer)

    def read(self, decision_id: str) -> Answer:
        """The answer as it stands now; a held one may have been released since."""
        return self._call("GET", f"/v1/refund-decisions/{decision_id}", None, None, Answer)

    def paid(self, reservation_id: str, refund_id: str | None = None) -> None:
        """Say that the money set aside was paid."""
        self._outcome(reservation_id, "paid", refund_id)

    def failed(self, reservation_id: str) -> None:
        """Say that paying failed, so that the money is free again."""
        self._outcome(reservation_id, "failed", None)

    def tell(self, facts: Sequence[Fact], idempotency_key: str) -> Receipt:
        """Say what happened."""
        return self._call("POST", "/v1/facts", {"facts": facts}, idempotency_key, Receipt)

    def _outcome(self, reservation_id: str, outcome: str, refund_id: str | None) -> None:
        body = {"outcome": outcome, "refund_id": refund_id}
        self._call("POST", f"/v1/reservations/{reservation_id}/outcome", body, f"{reservation_id}:{outcome}", dict[str, Any])

    def _call(self, method: str, path: str, body: object, key: str | None, kind: type[Kind]) -> Kind:
        headers = {"idempotency-key": key} if key else {}
        content = None if body is None else msgspec.json.encode(body)
        answer = self._http.request(method, path, content=content, headers=headers)
        if answer.is_success:
            return msgspec.json.decode(answer.content, type=kind)
        if answer.headers.get("content-type", "").startswith(TYPE):
            raise GateError(msgspec.json.decode(answer.content, type=Problem))
        raise GateError(Problem(type="about:blank", title=answer.reason_phrase, status=answer.status_code))

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()
