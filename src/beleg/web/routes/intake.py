"""What comes in: facts by API key, webhooks by signature, EPCIS captures and staff events by API key."""

from collections.abc import Collection
from functools import cache, reduce
from operator import or_
from typing import Annotated

import msgspec
from msgspec import Meta, Struct
from starlette.responses import Response

from beleg.connect.errors import masked
from beleg.connect.intake import Quarantined
from beleg.connect.webhooks import ForgedError, Taken
from beleg.facts.base import Fact, OwnFact, table_of
from beleg.facts.kinds.access import Delivery
from beleg.facts.kinds.parcels import Scan
from beleg.facts.registry import fact_types
from beleg.gate.live.asking import digest, now_micros
from beleg.ledger.store.base import ContradictedError, Key, Written
from beleg.web import telemetry
from beleg.web.endpoints import Call, Endpoint, answered
from beleg.web.problems import ProblemError

# What no program may say, though a shop's own export can: what detectors found, and whom the shop shut out.
NOT_BY_KEY = ("findings", "finding_facts", "restrictions")
# What JSON of every kind holds exactly.
LONGEST, LARGEST = 10_000, (1 << 53) - 1


class Facts(Struct, frozen=True, forbid_unknown_fields=True):
    """Facts to be written, all or none. Each names its table in `fact`, and bears an id of the source's own."""

    facts: Annotated[tuple[msgspec.Raw, ...], Meta(min_length=1, max_length=1000)]


class Receipt(Struct, frozen=True):
    """What became of a delivery."""

    facts: int
    quarantined: int = 0
    replayed: bool = False


async def facts(call: Call) -> Response:
    """Write facts down."""
    said = msgspec.json.decode(call.body, type=Facts)
    now = now_micros()
    found = [_checked(raw, number, call, now) for number, raw in enumerate(said.facts)]
    key = Key(call.caller.client, call.idempotency_key, digest(call.body))
    written = await call.service.keeper.take(found, key, strict=True)
    return answered(Receipt(len(found), replayed=written.replayed), 202)


def _checked(raw: msgspec.Raw, number: int, call: Call, now: int) -> Fact:
    where = f"$.facts[{number}]"
    try:
        fact = _told().decode(raw)
    except msgspec.ValidationError as wrong:
        raise ProblemError("invalid", 422, "The body does not say what is needed", f"{where}: {wrong}") from wrong
    for name in fact.__struct_fields__:
        _plain(getattr(fact, name), f"{where}.{name}")
    if isinstance(fact, Scan) and fact.attested and "attest" not in call.caller.scopes:
        detail = f"{where}.attested: only a carrier's own feed may say so; this key has no scope 'attest'"
        raise ProblemError("forbidden", 403, "The key may not say this", detail)
    # a source is known by who spoke, so that two feeds of one client are never two witnesses by their names alone
    named = fact.source if fact.source.startswith(f"{call.caller.client}/") else f"{call.caller.client}/{fact.source}"
    return msgspec.structs.replace(fact, source=named, ingested_at=now, known_at=now)


def _plain(value: object, where: str) -> None:
    """Text that a database can hold, and numbers that every reader of JSON holds exactly."""
    if isinstance(value, str) and ("\0" in value or len(value) > LONGEST):
        raise _unfit(f"{where}: text without NUL, at most {LONGEST} long")
    if isinstance(value, int) and not -LARGEST <= value <= LARGEST:
        raise _unfit(f"{where}: a whole number within 2^53-1")


def _unfit(detail: str) -> ProblemError:
    return ProblemError("invalid", 422, "The body does not say what is needed", detail)


@cache
def _told() -> msgspec.json.Decoder[Fact]:
    allowed = [kind for name, kind in fact_types().items() if name not in NOT_BY_KEY and not issubclass(kind, OwnFact)]
    return msgspec.json.Decoder(reduce(or_, allowed))


async def webhook(call: Call) -> Response:
    """Take a delivery of a sender that signs."""
    feed = str(call.request.path_params["feed"])
    rule = call.service.feeds.rule(feed)
    if rule is None or rule.scheme == "key":
        raise ProblemError("not-found", 404, "There is no such feed", "see the reference for the feeds that there are")
    return await _deliver(call, feed)


async def capture(call: Call) -> Response:
    """Take an EPCIS document."""
    return await _deliver(call, "epcis")


async def staff_events(call: Call) -> Response:
    """Take OCSF events of staff."""
    return await _deliver(call, "ocsf")


async def _deliver(call: Call, feed: str) -> Response:
    now = now_micros()
    try:
        taken = call.service.feeds.take(feed, {name.lower(): value for name, value in call.request.headers.items()}, call.body, now)
    except ForgedError as forged:
        telemetry.WEBHOOKS.labels(feed, "forged").inc()
        raise ProblemError("forged", 401, "The delivery is not believed", str(forged)) from forged
    key = Key(f"webhook:{feed}", taken.delivery, digest(call.body)) if taken.delivery else None
    taken, written = await _written(call, taken, key, now)
    telemetry.WEBHOOKS.labels(feed, "replayed" if written.replayed else "quarantined" if taken.quarantined else "taken").inc()
    return answered(Receipt(len(taken.facts), len(taken.quarantined), written.replayed), 202)


async def _written(call: Call, taken: Taken, key: Key | None, now: int) -> tuple[Taken, Written]:
    """Write a delivery down. A fact whose id stands for something else already is set aside, and the rest is taken.

    A sender would only send again what is refused, and give up one day.
    """
    while True:
        kept = _kept(taken, call.body, now)
        try:
            return taken, await call.service.keeper.take((kept, *taken.facts), key, strict=True)
        except ContradictedError as other:
            ids = set(other.facts) - {("deliveries", kept.id)}
            if not ids:  # this very delivery was kept before, with what was set aside then
                return taken, await call.service.keeper.take((kept, *taken.facts), key)
            taken = _without(taken, ids)


def _without(taken: Taken, ids: Collection[tuple[str, str]]) -> Taken:
    facts = tuple(fact for fact in taken.facts if (table_of(type(fact)), fact.id) not in ids)
    aside = [
        Quarantined(
            file=taken.topic or taken.feed,
            row=number,
            field=f"{table}.id",
            got=f"{masked(name)}, which is there already with other content",
            expected="the same content, or an id of its own",
            mend="a fact is never changed: see why the sender says it differently, and send a correcting fact",
        )
        for number, (table, name) in enumerate(sorted(ids), 1)
    ]
    return msgspec.structs.replace(taken, facts=facts, quarantined=(*taken.quarantined, *aside))


def _kept(taken: Taken, body: bytes, now: int) -> Delivery:
    """The delivery itself: fields that no mapping reads today may be wanted tomorrow."""
    return Delivery(
        id=f"{taken.feed}:delivery:{taken.delivery or digest(body).hex()}"[:300],
        source=taken.feed,
        ingested_at=now,
        known_at=now,
        feed=taken.feed,
        topic=taken.topic[:200],
        delivery_id=taken.delivery[:200] or None,
        body=body.decode(errors="replace").replace("\0", "\ufffd"),
        quarantined=msgspec.json.encode(taken.quarantined).decode() if taken.quarantined else None,
    )


ENDPOINTS = (
    Endpoint(
        method="POST", path="/v1/facts", name="facts", summary="Say what happened", handler=facts, scope="facts", takes=Facts,
        gives=Receipt, status=202, keyed=True, errors=(400, 403, 409, 413, 422, 503),
    ),
    Endpoint(
        method="POST", path="/v1/webhooks/{feed}", name="webhook", summary="Deliver a webhook, signed as its sender signs",
        handler=webhook, gives=Receipt, status=202, errors=(401, 404, 409, 413, 503),
    ),
    Endpoint(
        method="POST", path="/v1/epcis/capture", name="capture", summary="Capture an EPCIS 2.0 document", handler=capture,
        scope="facts", gives=Receipt, status=202, errors=(413, 503),
    ),
    Endpoint(
        method="POST", path="/v1/staff-events", name="staff_events", summary="Deliver OCSF events of staff", handler=staff_events,
        scope="facts", gives=Receipt, status=202, errors=(413, 503),
    ),
)  # fmt: skip
