"""The console as one ASGI application: its addresses, its headers, its small files, and the pages for what goes wrong."""

from collections.abc import Sequence
from importlib.resources import files

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from beleg.cases.sampling import Sampling
from beleg.report.html import styles
from beleg.web.console import company, signing
from beleg.web.console.access import Permission
from beleg.web.console.checking import Checker
from beleg.web.console.context import Context, Handler, Site, TurnedAwayError, own, page
from beleg.web.console.desk import Desk
from beleg.web.console.ledger import Ledger
from beleg.web.console.pages import (
    approval,
    case,
    cases,
    enrolments,
    exports,
    log,
    operators,
    person,
    policies,
    programme,
    refund,
    ring,
    search,
    sources,
    today,
)
from beleg.web.console.session import Sessions
from beleg.web.console.settings import ConsoleSettings
from beleg.web.console.trials import Trials
from beleg.web.oidc import Company
from beleg.web.second import SecondPerson

HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "publickey-credentials-get=(self), publickey-credentials-create=(self)",
}
KINDS = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}


def console(
    ledger: Ledger,
    settings: ConsoleSettings,
    second: SecondPerson | None = None,
    checker: Checker | None = None,
    trials: Trials | None = None,
) -> Starlette:
    """The console over a ledger; `state.site` holds what its pages share.

    Args:
        ledger: the store.
        settings: how it is set up.
        second: asks second persons, where the gate runs beside the console.
        checker: checks the log, where the console may.
        trials: tries policies on history, where the console may.
    """
    app = Starlette(
        routes=routes(),
        middleware=[Middleware(_Headers)],
        exception_handlers={404: _missing, 405: _missing, TurnedAwayError: _turned_away, Exception: _broken},
    )
    desk = Desk(ledger, Sampling(settings.key, settings.second_readings), settings.pseudonyms, lambda _currency: 1.0)
    sessions = Sessions(settings.key, secure=settings.origin.startswith("https:"))
    elsewhere = Company(settings.company, settings.origin + company.ANSWER) if settings.company else None
    app.state.site = Site(desk, sessions, settings, second, checker, trials, elsewhere, settings.answer)
    return app


def routes() -> Sequence[BaseRoute]:
    """Every address of the console."""
    return [
        *_get("/", None, today.today),
        *_get("/cases", "cases", cases.listed),
        *_post("/views", "cases", cases.save_view),
        *_get("/cases.csv", "export", exports.csv),
        *_get("/cases.parquet", "export", exports.parquet),
        *_get("/case/{name}", "cases", case.show),
        *_post("/case/{name}/note", "work", case.note),
        *_post("/case/{name}/assign", "work", case.assign),
        *_post("/case/{name}/close", "close", case.close),
        *_post("/case/{name}/read", "reread", case.read_again),
        *_post("/case/{name}/merge", "close", case.merge),
        *_post("/case/{name}/split", "close", case.split),
        *_get("/refund/{slice:path}", "cases", refund.show),
        *_post("/request/{name}/second", "work", approval.ask),
        *_post("/approval/{name}/question", "approve", approval.question),
        *_post("/approval/{name}/answer", "approve", approval.answer),
        *_get("/ring/{name}", "cases", ring.show),
        *_get("/person/{name}", "people", person.show),
        *_post("/person/{name}/reveal", "ask_name", person.ask),
        *_post("/reveal/{name}", "grant_name", person.answer),
        *_get("/policies", "policies", policies.show),
        *_post("/policies/try", "try_policies", policies.begin),
        *_get("/sources", "sources", sources.show),
        *_get("/log", "log", log.show),
        *_post("/log/check", "log", log.check),
        *_get("/programme", "programme", programme.show),
        *_get("/search", "cases", search.show),
        *_get("/people", "operators", operators.show),
        *_post("/people/invite", "operators", operators.invite),
        *_post("/people/{name}/roles", "operators", operators.roles),
        *_post("/people/{name}/another", "operators", operators.another),
        *_post("/people/{name}/out", "operators", operators.shut_out),
        *_get("/enrolments", None, enrolments.show),
        *_post("/enrolments/{name}", None, enrolments.answer),
        *_post("/sign-out", None, signing.sign_out),
        Route("/enrol", signing.enrol_page),
        Route("/enrol/ask", signing.ask_to_enrol, methods=["POST"]),
        Route("/enrol/answer", signing.enrolled, methods=["POST"]),
        Route("/sign-in/ask", signing.ask_to_sign_in, methods=["POST"]),
        Route("/sign-in/answer", signing.sign_in, methods=["POST"]),
        Route("/sign-in/company", company.sign_in),
        Route("/enrol/company", company.enrol, methods=["POST"]),
        Route(company.ANSWER, company.answered),
        Route("/language/{name}", _language),
        Route("/static/{name}", _static),
    ]


def _get(path: str, permission: Permission | None, handler: Handler) -> list[Route]:
    return [Route(path, page(permission, handler))]


def _post(path: str, permission: Permission | None, handler: Handler) -> list[Route]:
    return [Route(path, page(permission, handler), methods=["POST"])]


async def _static(request: Request) -> Response:
    """A small file of the console's own, or the style sheet shared with the report."""
    name: str = request.path_params["name"]
    folder = files("beleg.web.console").joinpath("static")
    found = {one.name: one for one in folder.iterdir()}.get(name)
    if name == "beleg.css":
        body = styles()
    elif found is not None:
        body = found.read_text(encoding="utf-8")
    else:
        return PlainTextResponse("not found", 404)
    kind = KINDS[name[name.rindex(".") :]]
    return Response(body, media_type=kind, headers={"cache-control": "public, max-age=300"})


async def _language(request: Request) -> Response:
    """Another language from now on."""
    response = RedirectResponse(own(request.query_params.get("to", "/")), 303)
    response.set_cookie("language", request.path_params["name"][:5], max_age=365 * 86_400, samesite="lax")
    return response


async def _missing(request: Request, error: Exception) -> Response:
    del error
    context = Context(request.app.state.site, request, request.app.state.site.sessions.read(request))
    return context.render("turned_away.html.j2", 404, status=404, why=context.speech.say("There is no such page."))


async def _turned_away(request: Request, error: Exception) -> Response:
    del request
    status, why = (error.status, error.why) if isinstance(error, TurnedAwayError) else (500, "")
    return JSONResponse({"error": why}, status)


async def _broken(request: Request, error: Exception) -> Response:
    del error
    context = Context(request.app.state.site, request, None)
    why = context.speech.say(
        "Something of ours went wrong. Nothing you sent was lost by us on purpose: go back, and your text is still there."
    )
    return context.render("turned_away.html.j2", 500, status=500, why=why)


class _Headers:
    """Every answer tells the browser what it may do; pages are never kept in a shared cache."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                have = {name for name, _ in message["headers"]}
                extra = HEADERS if b"cache-control" in have else HEADERS | {"cache-control": "no-store"}
                message["headers"] = [*message["headers"], *((name.encode(), value.encode()) for name, value in extra.items())]
            await send(message)

        await self._app(scope, receive, told)
