"""What the shop is told: Standard Webhooks with CloudEvents bodies, tried again and again, at last set aside for a person."""

import asyncio
import logging
from collections.abc import Sequence
from datetime import UTC, datetime

import httpx
import msgspec
from msgspec import Struct
from standardwebhooks.webhooks import Webhook

from beleg.ledger.store.outbox import Due
from beleg.ledger.store.store import Store
from beleg.web.settings import Receiver

PAUSE, TIMEOUT = 0.5, 5.0  # seconds
KIND = "application/cloudevents+json"

_log = logging.getLogger("beleg.web")


class CloudEvent(Struct, frozen=True, kw_only=True):
    """An event by CloudEvents 1.0. Its id is the same on every attempt."""

    specversion: str = "1.0"
    id: str
    source: str = "/beleg"
    type: str
    datacontenttype: str = "application/json"
    data: msgspec.Raw


class Outgoing:
    """Sends what waits.

    Args:
        store: the store, running.
        receivers: who is told; with none, messages wait.
    """

    def __init__(self, store: Store, receivers: Sequence[Receiver]) -> None:
        self._store, self._receivers = store, receivers

    async def run(self) -> None:
        """Send for ever."""
        if not self._receivers:
            return
        async with httpx.AsyncClient(timeout=TIMEOUT) as client:
            while True:
                try:
                    await self.flush(client)
                except Exception:
                    _log.exception("could not send")
                await asyncio.sleep(PAUSE)

    async def flush(self, client: httpx.AsyncClient) -> int:
        """Send what is due; how many were received."""
        received = 0
        async with self._store.outbox() as outbox:
            for due in await outbox.claim():
                problem = await self._send(client, due)
                if problem is None:
                    await outbox.sent(due)
                    received += 1
                elif not await outbox.failed(due, problem):
                    _log.error("message %s was given up after %s attempts", due.id, due.attempts)
        return received

    async def _send(self, client: httpx.AsyncClient, due: Due) -> str | None:
        """What went wrong with the first receiver that did not take it; nothing if all did."""
        event = CloudEvent(id=str(due.id), type=f"beleg.{due.topic}", data=msgspec.Raw(due.body))
        body = msgspec.json.encode(event)
        for receiver in self._receivers:
            try:
                answer = await client.post(receiver.url, content=body, headers=signed(receiver.secret, str(due.id), body))
            except httpx.HTTPError as failed:
                return f"{receiver.url}: {type(failed).__name__}"
            if not answer.is_success:
                return f"{receiver.url}: answered {answer.status_code}"
        return None


def signed(secret: str, name: str, body: bytes) -> dict[str, str]:
    """The headers of Standard Webhooks over a body."""
    now = datetime.now(UTC)
    signature = Webhook(secret).sign(f"msg_{name}", now, body.decode())
    stamp = str(int(now.timestamp()))
    return {"content-type": KIND, "webhook-id": f"msg_{name}", "webhook-timestamp": stamp, "webhook-signature": signature}
