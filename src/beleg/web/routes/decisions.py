"""Asking before money leaves, reading the answer again, and saying what became of the money set aside."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct
from starlette.responses import Response

from beleg.facts.kinds import gate as kinds
from beleg.facts.kinds.money import Refund
from beleg.gate.claim import Claim, Name
from beleg.gate.live.asking import Asked, digest, now_micros, with_index
from beleg.gate.live.written import Answer, answer_again, rfc3339
from beleg.ledger.store.base import Key
from beleg.web import telemetry
from beleg.web.endpoints import Call, Endpoint, answered
from beleg.web.listing import Page, listed
from beleg.web.problems import ProblemError

_claim = msgspec.json.Decoder(Claim)


class Outcome(Struct, frozen=True, forbid_unknown_fields=True):
    """What became of money that was set aside."""

    outcome: Literal["paid", "failed"]
    refund_id: Annotated[Name, Meta(description="the shop's own number for the refund, where it differs")] | None = None


class Row(Struct, frozen=True):
    """One answer in a list."""

    decision_id: str
    answer_id: str
    decision: str
    order_id: str
    refund_id: str | None
    amount: int
    currency: str
    reason: str | None
    deadline: str | None
    decided_at: str


async def ask(call: Call) -> Response:
    """Answer a claim."""
    key = Key(call.caller.client, call.idempotency_key, digest(call.body))
    asked = await call.service.keeper.ask(_asked(call.body), key)
    _count(asked)
    headers = {"idempotency-replayed": "true"} if asked.replayed else None
    return Response(asked.body, 200, headers, "application/json")


def _asked(body: bytes) -> Claim:
    """The claim in a body.

    Raises:
        ProblemError: it names no order.
        msgspec.MsgspecError: it is no claim.
    """
    try:
        return _claim.decode(body)
    except msgspec.ValidationError as wrong:
        if str(wrong) not in _NO_ORDER:
            raise
        detail = (
            "what may go back is what was paid for an order, so without `order_id` no money can be set aside: look the purchase up "
            "and name it; money that is paid without one becomes a finding (refund_without_asking)"
        )
        raise ProblemError("no-order", 422, "A refund without an order cannot be asked about", detail) from None


_NO_ORDER = ("Object missing required field `order_id`", "Expected `str`, got `null` - at `$.order_id`")


def _count(asked: Asked) -> None:
    if not asked.replayed:
        telemetry.DECISIONS.labels(asked.answer.decision, asked.answer.rule or "").inc()
        if asked.shadow is not None and asked.shadow != asked.answer.decision:
            telemetry.SHADOWED.labels(asked.answer.decision, asked.shadow).inc()


async def read(call: Call) -> Response:
    """The newest answer to a request."""
    name = str(call.request.path_params["decision_id"])
    newest = (await _answers(call, name))[-1:]
    if not newest:
        raise ProblemError("not-found", 404, "There is no such decision", "use the `decision_id` of an answer")
    held = await call.service.store.where("reservations", "decision_id", newest[0].id)
    answer = answer_again(newest[0], next((one for one in held if isinstance(one, kinds.Reservation)), None))
    return Response(with_index(msgspec.json.encode(answer), newest[0].log_size or 0), 200, media_type="application/json")


async def _answers(call: Call, request: str) -> list[kinds.Decision]:
    return [one for one in await call.service.store.where("decisions", "request_id", request) if isinstance(one, kinds.Decision)]


async def every(call: Call) -> Response:
    """Answers, newest first, a page at a time."""
    wanted = {name: value for name in ("order_id", "outcome") if (value := call.request.query_params.get(name))}
    page = await listed(call, "decisions", wanted)
    rows = tuple(_row(msgspec.convert(row, kinds.Decision)) for row in page.items)
    return answered(Page(items=rows, next=page.next))


def _row(fact: kinds.Decision) -> Row:
    return Row(
        fact.request_id, fact.id, fact.outcome, fact.order_id, fact.refund_id, fact.amount, fact.currency, fact.reason,
        rfc3339(fact.deadline) if fact.deadline is not None else None, rfc3339(fact.known_at or 0),
    )  # fmt: skip


async def outcome(call: Call) -> Response:
    """Money that was set aside was paid, or paying it failed: a fact of the shop's, which uses it up or frees it."""
    said = msgspec.json.decode(call.body, type=Outcome)
    name = str(call.request.path_params["reservation_id"])
    found = await call.service.store.where("reservations", "id", name)
    held = next((one for one in found if isinstance(one, kinds.Reservation)), None)
    if held is None:
        raise ProblemError("not-found", 404, "There is no such reservation", "use the `reservation.id` of a release")
    now = now_micros()
    fact = Refund(
        id=f"{held.id}:{said.outcome}",
        source=call.caller.client,
        occurred_at=now,
        ingested_at=now,
        known_at=now,
        refund_id=held.refund_id or held.id,
        order_id=held.order_id,
        line_id=held.line_id,
        amount=held.amount,
        currency=held.currency,
        instrument=held.instrument,
        status="settled" if said.outcome == "paid" else "failed",
        origin=said.refund_id,
    )
    key = Key(call.caller.client, call.idempotency_key, digest(call.body))
    await call.service.keeper.take((fact,), key)
    return answered({"reservation_id": held.id, "outcome": said.outcome})


ENDPOINTS = (
    Endpoint(
        method="POST", path="/v1/refund-decisions", name="ask", summary="Ask before a refund is paid", handler=ask,
        scope="decisions", takes=Claim, gives=Answer, keyed=True, errors=(400, 409, 413, 422, 503),
    ),
    Endpoint(
        method="GET", path="/v1/refund-decisions", name="decisions", summary="Answers, newest first", handler=every, scope="read",
        gives=Page[Row], queries=("cursor", "limit", "order_id", "outcome"),
        errors=(400,),
    ),
    Endpoint(
        method="GET", path="/v1/refund-decisions/{decision_id}", name="decision", summary="The answer as it stands now",
        handler=read, scope="decisions", gives=Answer, errors=(404,),
    ),
    Endpoint(
        method="POST", path="/v1/reservations/{reservation_id}/outcome", name="outcome",
        summary="Say what became of the money set aside", handler=outcome, scope="decisions", takes=Outcome, keyed=True,
        errors=(400, 404, 409, 422),
    ),
)  # fmt: skip
