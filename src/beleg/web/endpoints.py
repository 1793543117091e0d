"""An endpoint of the API: where it is, who may use it, what it takes and gives; the routes and the OpenAPI page are read off it."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from msgspec import Struct
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from beleg.web import problems, telemetry
from beleg.web.access import Caller, Scope
from beleg.web.problems import ProblemError
from beleg.web.service import Service

LARGEST = 1 << 20  # bytes of a body
KEY_LENGTH = 200

_NOBODY = Caller("", "", frozenset())


class Call(Struct, frozen=True):
    """One request as a handler gets it: who calls, and the body as it came."""

    service: Service
    request: Request
    caller: Caller
    body: bytes

    @property
    def idempotency_key(self) -> str:
        """The caller's key for this question.

        Raises:
            ProblemError: there is none, or it is no key.
        """
        key = self.request.headers.get("idempotency-key", "")
        if not key or len(key) > KEY_LENGTH or not key.isprintable():
            detail = f"send a header Idempotency-Key of 1 to {KEY_LENGTH} characters, the same for every repeat of one question"
            raise ProblemError("idempotency-key", 400, "The idempotency key is missing", detail)
        return key


Handler = Callable[[Call], Awaitable[Response]]


class Endpoint(Struct, frozen=True, kw_only=True):
    """One endpoint. Without a scope anybody may use it."""

    method: str
    path: str
    name: str
    summary: str
    handler: Handler
    scope: Scope | None = None
    takes: Any = None
    gives: Any = None
    status: int = 200
    keyed: bool = False
    queries: tuple[str, ...] = ()
    errors: tuple[int, ...] = ()

    def route(self, service: Service) -> Route:
        """The endpoint for Starlette."""
        return Route(self.path, self.served(service), methods=[self.method], name=self.name)

    def served(self, service: Service) -> Callable[[Request], Awaitable[Response]]:
        """Answers a request: who calls is checked, the body is read, and what goes wrong is told as a problem."""

        async def serve(request: Request) -> Response:
            began = telemetry.clock()
            try:
                body = await _body(request)
                answer = await self._answered(service, request, body)
            except Exception as failure:
                told = problems.told(failure)
                if told.problem.status >= 500 and told is not failure:  # what refuses on purpose is no fault of ours
                    telemetry.failed(self.name, failure)
                answer = problems.response(told.problem, told.headers)
            telemetry.served(self.name, answer.status_code, began)
            return answer

        return serve

    async def _answered(self, service: Service, request: Request, body: bytes) -> Response:
        if self.scope is None:
            return await self.handler(Call(service, request, _NOBODY, body))
        with service.room():
            caller = await service.door.caller(request, self.scope)
            return await self.handler(Call(service, request, caller, body))


async def _body(request: Request) -> bytes:
    """The body, read no further than it may go.

    Raises:
        ProblemError: it is too large, or the sender broke off, which is no fault of ours.
    """
    parts: list[bytes] = []
    size = 0
    try:
        async for part in request.stream():
            size += len(part)
            if size > LARGEST:
                raise ProblemError("too-large", 413, "The body is too large", f"at most {LARGEST} bytes")
            parts.append(part)
    except ClientDisconnect as gone:
        raise ProblemError("broken-off", 400, "The body broke off", "send all of it, under the same key") from gone
    return b"".join(parts)


def answered(value: object, status: int = 200) -> Response:
    """A value as JSON."""
    return Response(msgspec.json.encode(value), status, media_type="application/json")
