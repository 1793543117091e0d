"""Running the service: is it there, is it ready, what does it count; keys; what could not be delivered; cleared sessions."""

from typing import Annotated

import msgspec
from msgspec import Meta, Struct
from starlette.responses import Response

from beleg.facts.kinds.staff import SessionClearance, StaffMember
from beleg.gate.claim import Name
from beleg.gate.envelope import by_gate
from beleg.gate.live.asking import now_micros
from beleg.ledger.store.base import StoreError
from beleg.web import telemetry
from beleg.web.access import Scope
from beleg.web.endpoints import Call, Endpoint, answered
from beleg.web.problems import ProblemError


class Health(Struct, frozen=True):
    """How the service is."""

    status: str
    policy: str = ""
    open_requests: int = 0


class NewKey(Struct, frozen=True, forbid_unknown_fields=True):
    """A key for a program. One client may have several, so that a new one can be put in place before the old one ends."""

    client: Name
    scopes: Annotated[tuple[Scope, ...], Meta(min_length=1)]
    expires_at: Annotated[int, Meta(ge=0, le=(1 << 53) - 1)] | None = None


class MadeKey(Struct, frozen=True):
    """The key; it is shown this once."""

    key: str


class Dead(Struct, frozen=True):
    """A message that nobody took."""

    id: int
    topic: str
    attempts: int
    error: str


class DeadLetters(Struct, frozen=True):
    """All of them."""

    items: tuple[Dead, ...]


class Clearance(Struct, frozen=True, forbid_unknown_fields=True):
    """Who looked at the session, and what they found."""

    actor: Name
    reason: Annotated[str, Meta(min_length=3, max_length=2000, pattern=r"^[^\x00]*\Z")]


async def alive(call: Call) -> Response:
    """The process answers."""
    del call
    return answered(Health("alive"))


async def ready(call: Call) -> Response:
    """The store answers as well."""
    try:
        await call.service.store.where("orders", "id", "")
    except StoreError as away:
        raise ProblemError("unavailable", 503, "The store does not answer", "", {"retry-after": "1"}) from away
    return answered(Health("ready", call.service.gate.policy.name, len(call.service.keeper.open)))


async def metrics(call: Call) -> Response:
    """Prometheus' text format."""
    del call
    return Response(telemetry.metrics(), media_type="text/plain; version=0.0.4")


async def make_key(call: Call) -> Response:
    """Make an API key."""
    said = msgspec.json.decode(call.body, type=NewKey)
    key = await call.service.door.make(said.client, frozenset(said.scopes), call.caller.client, said.expires_at)
    return answered(MadeKey(key), 201)


async def end_key(call: Call) -> Response:
    """Take an API key back, at once."""
    name = str(call.request.path_params["key_id"])
    if not await call.service.store.where("api_keys", "id", name):
        raise ProblemError("not-found", 404, "There is no such key", "the key's public part stands between its underscores")
    await call.service.door.take_back(name, call.caller.client)
    return Response(status_code=204)


async def dead_letters(call: Call) -> Response:
    """What was given up."""
    async with call.service.store.outbox() as outbox:
        found = await outbox.dead()
    return answered(DeadLetters(tuple(Dead(due.id, due.topic, due.attempts, error) for due, error in found)))


async def replay(call: Call) -> Response:
    """Send a message again that was given up."""
    name = str(call.request.path_params["message_id"])
    async with call.service.store.outbox() as outbox:
        if not (name.isascii() and name.isdigit() and await outbox.replay(int(name[:18]))):
            raise ProblemError("not-found", 404, "There is no such message", "see the list of dead letters")
    return Response(status_code=204)


async def clear_session(call: Call) -> Response:
    """A person looked at a session that shows a takeover and clears it: another person than its owner, by the roster."""
    said = msgspec.json.decode(call.body, type=Clearance)
    session = str(call.request.path_params["session"])
    owners = {login for login, of in call.service.prover.owners if of == session}
    persons = {one: await _persons(call, one) for one in {said.actor, *owners}}
    if not persons[said.actor] or any(persons[one] & persons[said.actor] or not persons[one] for one in owners):
        detail = "the actor must be on the staff roster, and another person than the session's owner"
        raise ProblemError("forbidden", 403, "This person may not clear the session", detail)
    now = now_micros()
    fact = SessionClearance(**by_gate(f"{session}:cleared:{now}", now), session=session, actor=said.actor, reason=said.reason)
    await call.service.keeper.take((fact,))
    return Response(status_code=204)


async def _persons(call: Call, login: str) -> set[str]:
    return {one.person for one in await call.service.store.where("staff", "login", login) if isinstance(one, StaffMember)}


ENDPOINTS = (
    Endpoint(method="GET", path="/healthz", name="alive", summary="Whether the process answers", handler=alive, gives=Health),
    Endpoint(
        method="GET", path="/readyz", name="ready", summary="Whether the store answers as well", handler=ready, gives=Health,
        errors=(503,),
    ),
    Endpoint(method="GET", path="/metrics", name="metrics", summary="Counts, in Prometheus' text format", handler=metrics),
    Endpoint(
        method="POST", path="/v1/api-keys", name="make_key", summary="Make an API key", handler=make_key, scope="admin",
        takes=NewKey, gives=MadeKey, status=201, errors=(422,),
    ),
    Endpoint(
        method="DELETE", path="/v1/api-keys/{key_id}", name="end_key", summary="Take an API key back", handler=end_key,
        scope="admin", status=204, errors=(404,),
    ),
    Endpoint(
        method="GET", path="/v1/dead-letters", name="dead_letters", summary="Messages that nobody took", handler=dead_letters,
        scope="admin", gives=DeadLetters,
    ),
    Endpoint(
        method="POST", path="/v1/dead-letters/{message_id}/replay", name="replay", summary="Send such a message again",
        handler=replay, scope="admin", status=204, errors=(404,),
    ),
    Endpoint(
        method="POST", path="/v1/staff-sessions/{session}/clearance", name="clear_session",
        summary="Clear a session that shows a takeover", handler=clear_session, scope="approvals", takes=Clearance, status=204,
        errors=(403, 422),
    ),
)  # fmt: skip
