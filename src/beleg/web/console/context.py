"""One request on its way to a page: who asks, what they may, how they are spoken to; and every way it can be turned away."""

from collections.abc import Awaitable, Callable
from functools import cache
from urllib.parse import urlsplit

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from msgspec import Struct
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from beleg.audit.result import AuditResult
from beleg.facts.kinds.gate import DeniedAttempt
from beleg.report import view, words
from beleg.web.console import access
from beleg.web.console.access import Permission
from beleg.web.console.checking import Checker
from beleg.web.console.desk import Desk, envelope, now
from beleg.web.console.session import Session, Sessions
from beleg.web.console.settings import ConsoleSettings
from beleg.web.console.speech import Speech, shown, speech_for, tame
from beleg.web.console.trials import Trials
from beleg.web.oidc import Company
from beleg.web.second import SecondPerson

MOST_BODY = 262_144  # bytes of a form


class TurnedAwayError(Exception):
    """A request that gets no page of its own: the status and what to say."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status
        self.why = why


class Site(Struct):
    """What all requests share.

    `second` asks second persons, where the gate runs beside the console; `checker` checks the log; `trials` tries policies on
    history; `company` is the provider that people of the company sign in at; `answer` is the newest audit's, and changes when
    a newer one is there.
    """

    desk: Desk
    sessions: Sessions
    settings: ConsoleSettings
    second: SecondPerson | None = None
    checker: Checker | None = None
    trials: Trials | None = None
    company: Company | None = None
    answer: AuditResult | None = None


class Context:
    """One request by one person."""

    def __init__(self, site: Site, request: Request, session: Session | None, form: FormData | None = None) -> None:
        self.site = site
        self.desk = site.desk
        self.request = request
        self.session = session
        self.speech: Speech = speech_for(request)
        self.now = now()
        self._form = form or FormData()
        operator = site.desk.directory.operators.get(session.login) if session else None
        self.roles = operator.roles if operator else ()
        every = access.permissions(self.roles)
        self.withheld = every & access.BY_PASSKEY if session and session.company else frozenset[Permission]()
        self.may = every - self.withheld
        self.wants_passkey = False

    @property
    def login(self) -> str:
        """Who asks."""
        return self.session.login if self.session else ""

    def field(self, name: str, *, needed: bool = False) -> str:
        """A field of the form, without blanks around it.

        Raises:
            TurnedAwayError: it is needed and not there.
        """
        value = self._form.get(name)
        text = value.replace("\r\n", "\n").strip() if isinstance(value, str) else ""
        if needed and not text:
            raise TurnedAwayError(422, self.speech.say("Please fill in: %(field)s.", field=name.replace("_", " ")))
        return text

    def need(self, permission: Permission) -> None:
        """Go on only if this person may.

        Raises:
            TurnedAwayError: they may not.
        """
        if permission in self.withheld:
            self.wants_passkey = True
            raise TurnedAwayError(403, self.speech.say("This needs your passkey. Sign out, and sign in with it."))
        if permission not in self.may:
            raise TurnedAwayError(403, self.speech.say("Your roles do not include this."))

    def render(self, template: str, http: int = 200, **values: object) -> HTMLResponse:
        """A page."""
        page = environment().get_template(template).render(self._common() | values)
        return HTMLResponse(page, http)

    def back(self, address: str, said: str = "") -> RedirectResponse:
        """After a form was taken: on to a page, with a word about what was done."""
        response = RedirectResponse(address, 303)
        if said:
            self.remember(response, said)
        return response

    def remember(self, response: Response, said: str) -> None:
        """Have the next page say what was done."""
        response.set_cookie("said", said.encode().hex(), max_age=60, httponly=True, samesite="lax")

    def _common(self) -> dict[str, object]:
        speech = self.speech
        return {
            "c": self,
            "s": speech,
            "_": speech.say,
            "may": self.may,
            "token": self.site.sessions.token(self.session) if self.session else "",
            "path": self.request.url.path,
            "enrolling": len(self.desk.directory.enrolments.waiting()),
            "said": _said(self.request.cookies.get("said", "")),
            "settings": self.site.settings,
        }


def _said(cookie: str) -> str:
    try:
        return bytes.fromhex(cookie).decode()
    except ValueError:
        return ""


Handler = Callable[[Context], Awaitable[Response]]


def page(permission: Permission | None, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    """A route that asks first: who is it, may they, did the form come from a page of theirs."""

    async def answer(request: Request) -> Response:
        site: Site = request.app.state.site
        await site.desk.refresh()
        session = _current(site, request)
        form = await _form(request) if request.method == "POST" else None
        context = Context(site, request, session, form)
        if session is None:
            return signed_out(context, form)
        try:
            if form is not None:
                _genuine(context, session)
            if permission is not None:
                context.need(permission)
            response = await handler(context)
        except TurnedAwayError as turned:
            if turned.status == 403:
                await _denied(context, turned)
            response = context.render("turned_away.html.j2", turned.status, why=turned.why, status=turned.status)
        if "said" in request.cookies and request.method == "GET":
            response.delete_cookie("said")
        return response

    return answer


def signed_out(context: Context, form: FormData | None) -> Response:
    """The page that asks to sign in; what was typed into a form is kept in it, and sent on after signing in."""
    if context.desk.directory.empty:
        return context.render("first.html.j2", 401 if form is not None else 200)
    kept = (
        [(name, value) for name, value in form.multi_items() if isinstance(value, str) and name != "token"]
        if form is not None
        else None
    )
    return context.render(
        "sign_in.html.j2", 401 if form is not None else 200, kept=kept, goal=context.request.url.path, here=_here(context, form)
    )


def own(address: str) -> str:
    """An address if it is one of this site's pages, else that of the first one: nobody is led elsewhere."""
    plain = address.isprintable() and "\\" not in address
    return address if plain and address.startswith("/") and not address.startswith("//") else "/"


def _here(context: Context, form: FormData | None) -> str:
    """The page to come back to after signing in elsewhere; for a form, the one it stood on."""
    url = context.request.url
    if form is None:
        return f"{url.path}?{url.query}" if url.query else url.path
    referer = urlsplit(context.request.headers.get("referer", ""))
    mine = f"{referer.scheme}://{referer.netloc}" == context.site.settings.origin
    return own(referer.path) if mine else "/"


def _current(site: Site, request: Request) -> Session | None:
    session = site.sessions.read(request)
    operator = site.desk.directory.operators.get(session.login) if session else None
    if session is None or operator is None or session.began < operator.signed_out_at:
        return None
    return session


async def _form(request: Request) -> FormData:
    if int(request.headers.get("content-length") or 0) > MOST_BODY:
        return FormData()
    return await request.form(max_files=0, max_fields=100)


def _genuine(context: Context, session: Session) -> None:
    origin = context.request.headers.get("origin")
    token = context.field("token")
    foreign = origin is not None and origin != context.site.settings.origin
    if foreign or not context.site.sessions.genuine(session, token):
        raise TurnedAwayError(
            403, context.speech.say("This form did not come from a page of yours. Open the page again and send it from there.")
        )


async def _denied(context: Context, turned: TurnedAwayError) -> None:
    tried = f"{context.request.method} {context.request.url.path}"[:200]
    name = context.session.name if context.session else None
    await context.desk.append(
        DeniedAttempt(**envelope(), attempted=tried, why=turned.why, login=context.login or None, session=name)
    )


@cache
def environment() -> Environment:
    """The templates."""
    made = Environment(
        loader=ChoiceLoader([PackageLoader("beleg.web.console"), PackageLoader("beleg.report")]),
        autoescape=True,
        finalize=tame,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"shown": shown, "words": words.words, "cap": words.title, "state": words.state_of}
    made.globals |= {"view": view, "STATES": words.STATES, "proof_name": words.proof_name}
    return made
