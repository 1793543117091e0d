"""A gate whose answers the test sets, over real HTTP: for what a real gate does rarely, such as to be away in the middle."""

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx

SECRET = "whsec_" + base64.b64encode(b"a secret of thirty-two bytes....").decode()

Answer = Callable[[dict[str, Any]], dict[str, Any]]


def signed(body: bytes, ident: str, secret: str = SECRET) -> dict[str, str]:
    """The headers of Standard Webhooks for a body."""
    stamp = str(int(time.time()))
    key = base64.b64decode(secret.removeprefix("whsec_"))
    mac = hmac.new(key, f"{ident}.{stamp}.".encode() + body, hashlib.sha256).digest()
    return {
        "content-type": "application/json", "webhook-id": ident, "webhook-timestamp": stamp,
        "webhook-signature": "v1," + base64.b64encode(mac).decode(),
    }  # fmt: skip


def hold(claim: dict[str, Any], why: str = "no scan by a carrier") -> dict[str, Any]:
    """An answer that holds the claim."""
    return {
        "decision": "hold", "decision_id": f"dec_{claim['refund_id']}", "reservation": None, "reasons": [why],
        "would_release": ["delivered_at_site"], "deadline": "2026-12-06T00:00:00Z", "policy_version": "1",
    }  # fmt: skip


def release(claim: dict[str, Any]) -> dict[str, Any]:
    """An answer that releases the claim."""
    expires = (datetime.now(UTC) + timedelta(minutes=15)).isoformat()
    number = f"dec_{claim['refund_id']}"
    reservation = {"id": f"res_{number}", "amount": claim["amount"], "currency": claim["currency"], "expires_at": expires}
    return hold(claim) | {"decision": "release", "decision_id": number, "reservation": reservation, "reasons": [], "deadline": None}


class StandInGate:
    """Answers by `answer`; while that is None it is away. Keeps what it was asked and told."""

    def __init__(self, port: int) -> None:
        self.answer: Answer | None = hold
        self.claims: dict[str, dict[str, Any]] = {}
        self.asked: list[dict[str, Any]] = []
        self.outcomes: list[tuple[str, dict[str, Any]]] = []
        self.events: list[dict[str, Any]] = []
        gate = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                if self.path.startswith("/v1/webhooks/"):
                    gate.events.append(body)
                    return self.give({})
                if self.path.endswith("/outcome"):
                    gate.outcomes.append((self.path, body))
                    return self.give({})
                gate.asked.append({"key": self.headers["idempotency-key"], **body})
                gate.claims[f"dec_{body['refund_id']}"] = body
                return self.give(gate.answer(body) if gate.answer else None)

            def do_GET(self) -> None:
                claim = gate.claims[self.path.rsplit("/", 1)[1]]
                self.give(gate.answer(claim) if gate.answer else None)

            def give(self, what: dict[str, Any] | None) -> None:
                text = json.dumps(what).encode()
                self.send_response(503 if what is None else 200)
                self.send_header("content-length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
                """Be quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def tell(self, hook: str, refund_id: str, secret: str = SECRET) -> int:
        """Sends the shop a webhook about a request's decision; what the shop answers."""
        data = {"decision_id": f"dec_{refund_id}"}
        event = {"specversion": "1.0", "id": f"evt_{time.time_ns()}", "source": "beleg", "type": "decision.changed", "data": data}
        body = json.dumps(event).encode()
        return httpx.post(hook, content=body, headers=signed(body, event["id"], secret), timeout=60).status_code

    def stop(self) -> None:
        """Ends it."""
        self.server.shutdown()
        self.server.server_close()
