"""The API of second persons: ask one, whom the system chooses, and hand in what their passkey answers."""

import msgspec
from msgspec import Struct
from starlette.responses import Response

from beleg.gate.live.written import Answer
from beleg.web.endpoints import Call, Endpoint, answered
from beleg.web.pending import Wanted


class Asked(Struct, frozen=True):
    """Whom the system chose, and what their browser is asked (WebAuthn options)."""

    approval_id: str
    approver: str
    options: msgspec.Raw


async def request(call: Call) -> Response:
    """Ask a second person, whom the system chooses."""
    wanted = msgspec.json.decode(call.body, type=Wanted)
    asked = await call.service.second.ask(str(call.request.path_params["decision_id"]), wanted)
    options = call.service.second.question(asked)
    return answered(Asked(asked.bound.nonce, asked.bound.approver, msgspec.Raw(options.encode())), 201)


async def answer(call: Call) -> Response:
    """The approver's passkey answers: verified, written with the answer it makes, and worth nothing a second time."""
    return answered(await call.service.second.answer(str(call.request.path_params["approval_id"]), call.body))


ENDPOINTS = (
    Endpoint(
        method="POST", path="/v1/refund-decisions/{decision_id}/approval-requests", name="request_approval",
        summary="Ask a second person, whom the system chooses", handler=request, scope="approvals", takes=Wanted, gives=Asked,
        status=201, errors=(400, 404, 409, 422),
    ),
    Endpoint(
        method="POST", path="/v1/approval-requests/{approval_id}/assertion", name="approve",
        summary="The approver's passkey answers", handler=answer, scope="approvals", gives=Answer, errors=(403, 404, 409),
    ),
)  # fmt: skip
