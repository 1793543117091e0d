"""What the shop is told: signed, by CloudEvents, until it is taken; what nobody takes waits for a person."""

import asyncio
import json
from datetime import UTC, datetime

import httpx
import pytest
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent as Known
from standardwebhooks.webhooks import Webhook

from beleg.ledger.store.outbox import BACK_OFF, Due
from beleg.web.outgoing import Outgoing
from beleg.web.settings import Receiver

SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="


class Waiting:
    """An outbox in memory, as the store's is asked."""

    def __init__(self, due: list[Due]) -> None:
        self.due, self.done, self.put_off = due, [], []

    def outbox(self):
        return self

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        return None

    async def claim(self):
        return self.due

    async def sent(self, due):
        self.done.append(due.id)

    async def failed(self, due, error):
        self.put_off.append((due.id, error))
        return due.attempts <= len(BACK_OFF)


def flushed(store, answer):
    seen = []

    def receive(request):
        seen.append(request)
        return answer(request)

    async def run():
        async with httpx.AsyncClient(transport=httpx.MockTransport(receive)) as client:
            return await Outgoing(store, [Receiver("https://shop.example.com/hook", SECRET)]).flush(client)

    return asyncio.run(run()), seen


def test_it_is_signed_and_a_cloud_event():
    store = Waiting([Due(7, "refund.decided", b'{"decision_id":"d1","decision":"release"}', 1)])
    count, (request,) = flushed(store, lambda _: httpx.Response(204))
    assert (count, store.done, store.put_off) == (1, [7], [])
    Webhook(SECRET).verify(request.content, dict(request.headers))
    event = JSONFormat().read(Known, request.content)
    assert (event.get_type(), event.get_id(), event.get_specversion()) == ("beleg.refund.decided", "7", "1.0")
    assert json.loads(request.content)["data"]["decision_id"] == "d1"
    stamp = int(request.headers["webhook-timestamp"])
    assert abs(stamp - datetime.now(UTC).timestamp()) < 60


def away(request):
    raise httpx.ConnectError("nobody there", request=request)


@pytest.mark.parametrize("answer", [lambda _: httpx.Response(500), lambda _: httpx.Response(410), away])
def test_what_is_not_taken_is_put_off(answer):
    store = Waiting([Due(7, "refund.decided", b"{}", 1)])
    count, _ = flushed(store, answer)
    assert (count, store.done) == (0, [])
    assert store.put_off[0][1].startswith("https://shop.example.com/hook: ")
