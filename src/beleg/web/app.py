"""The service as one ASGI application: the API's routes, its OpenAPI page, and whatever else is mounted beside it."""

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from beleg import __version__
from beleg.web import problems
from beleg.web.access import SCOPES
from beleg.web.console.signing import first_secret
from beleg.web.endpoints import Endpoint
from beleg.web.openapi import document
from beleg.web.problems import ProblemError
from beleg.web.routes import approvals, decisions, intake, operations
from beleg.web.service import Service

ENDPOINTS: tuple[Endpoint, ...] = (*decisions.ENDPOINTS, *approvals.ENDPOINTS, *intake.ENDPOINTS, *operations.ENDPOINTS)

# The first key's public part.
FIRST = "first"
HOT = "/v1/refund-decisions"

# No text that is kept holds this character, and PostgreSQL takes it for the end.
_NUL = ProblemError("nul", 400, "The address holds a NUL character", "leave %00 out")


def application(service: Service) -> ASGIApp:
    """The application over a service that runs; the one question that everything waits for goes straight to its handler."""
    app = _everything(service)
    hot = next(one for one in ENDPOINTS if one.name == "ask").served(service)

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and ("\0" in scope["path"] or b"%00" in scope["query_string"]):
            await problems.response(_NUL.problem)(scope, receive, send)
        elif scope["type"] == "http" and scope["method"] == "POST" and scope["path"] == HOT:
            await (await hot(Request(scope, receive)))(scope, receive, send)
        else:
            await app(scope, receive, send)

    return serve


def _everything(service: Service) -> FastAPI:
    app = FastAPI(title="Beleg", version=__version__, docs_url=None, redoc_url=None, openapi_url=None)
    app.add_exception_handler(HTTPException, _missing)
    app.add_exception_handler(Exception, problems.handle)
    app.router.routes.extend(one.route(service) for one in ENDPOINTS)
    page = document(ENDPOINTS)

    @app.get("/openapi.json", include_in_schema=False)
    def openapi() -> dict[str, object]:
        return page

    # whatever else is asked at the API's addresses is told as a problem
    for path, methods in _methods().items():
        app.router.routes.append(Route(path, _NotSo(methods)))
    app.router.routes.append(Route("/v1/{rest:path}", _NotSo(())))
    # what is none of the API's is the console's
    app.mount("/", service.console)
    return app


def _methods() -> dict[str, tuple[str, ...]]:
    """By which methods each address of the API answers."""
    found: dict[str, tuple[str, ...]] = {"/openapi.json": ("GET",)}
    for one in ENDPOINTS:
        found[one.path] = (*found.get(one.path, ()), one.method, *(("HEAD",) if one.method == "GET" else ()))
    return found


class _NotSo:
    """Answers a method that an address does not know; with no methods, an address that does not exist."""

    def __init__(self, methods: tuple[str, ...]) -> None:
        self._methods = methods

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        told = _problem(405, {"allow": ", ".join(sorted(self._methods))}) if self._methods else _problem(404, {})
        await told(scope, receive, send)


def _problem(status: int, headers: dict[str, str]) -> Response:
    kind = {404: "not-found", 405: "method"}.get(status, "http")
    told = ProblemError(kind, status, {404: "There is nothing here", 405: "Not by this method"}.get(status, "Not possible"))
    return problems.response(told.problem, headers)


async def _missing(request: Request, failure: Exception) -> Response:
    del request
    if isinstance(failure, HTTPException):
        return _problem(failure.status_code, dict(failure.headers or {}))
    return _problem(500, {})


async def first_key(service: Service) -> str | None:
    """A new store has no key, and nobody could make one: the first, which may do everything; None where there was one."""
    if await service.store.where("api_keys", "id", FIRST):
        return None
    return await service.door.make("first", frozenset(SCOPES), "first start", name=FIRST)


async def first_invitation(service: Service) -> str | None:
    """The secret that makes the console's first administrator; none once somebody can sign in."""
    return await first_secret(service.console.state.site.desk)
