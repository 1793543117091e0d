"""Signing in and out with passkeys, and enrolling one with an invitation; the first administrator's is made at first start."""

from contextlib import suppress
from hashlib import sha256
from secrets import token_urlsafe
from typing import TypeVar

import msgspec
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from beleg.facts.kinds.gate import DeniedAttempt
from beleg.facts.kinds.operators import EnrolmentAnswer, Invitation, OperatorRole, OperatorSignIn, Passkey, Role
from beleg.web.console.context import Context, Site, TurnedAwayError
from beleg.web.console.desk import Desk, envelope, now
from beleg.web.console.enrolments import Way, code
from beleg.web.console.speech import speech_for
from beleg.web.passkeys import PasskeyError, RelyingParty, credential_of

GOOD_FOR = 24 * 3600 * 1_000_000  # microseconds that an invitation lasts
FIRST = "administrator"

Said = TypeVar("Said")


class Asked(Struct):
    """What a page asks with; the secret is that of its invitation."""

    secret: str = ""


class _Answer(Struct):
    answer: msgspec.Raw
    secret: str = ""


async def invite(desk: Desk, login: str, roles: list[Role], actor: str | None) -> str:
    """Invite somebody with these roles; the secret that is answered is shown once and kept nowhere."""
    secret = token_urlsafe(24)
    given = [OperatorRole(**envelope(), login=login, role=role, granted=True, actor=actor) for role in roles]
    invitation = Invitation(**envelope(), login=login, secret=digest(secret), expires_at=now() + GOOD_FOR, actor=actor)
    await desk.append(*given, invitation)
    return secret


async def first_secret(desk: Desk) -> str | None:
    """At first start, the secret that makes the first administrator; none once somebody can sign in."""
    await desk.refresh()
    return await invite(desk, FIRST, ["administrator"], None) if desk.directory.empty else None


def digest(secret: str) -> str:
    """What is kept of an invitation's secret."""
    return sha256(secret.encode()).hexdigest()


async def enrol_page(request: Request) -> Response:
    """The page an invitation leads to; once a passkey was made with it, it says what that waits for."""
    site: Site = request.app.state.site
    await site.desk.refresh()
    context = Context(site, request, None)
    secret, directory = request.query_params.get("secret", ""), site.desk.directory
    made = directory.enrolments.made_with(digest(secret))
    if made is not None:
        return context.render(
            "waiting.html.j2",
            login=made.login,
            code=code(made),
            due=directory.due(made, site.settings.wait),
            passkey=isinstance(made, Passkey),
        )
    invitation = directory.enrolments.invitation(digest(secret), now())
    if invitation is None:
        return context.render(
            "turned_away.html.j2", 404, status=404, why=context.speech.say("This invitation is used up or too old.")
        )
    alone = invitation.actor is None
    company = site.settings.company.name if site.settings.company and not alone else ""
    return context.render("enrol.html.j2", login=invitation.login, secret=secret, alone=alone, company=company)


async def ask_to_enrol(request: Request) -> Response:
    """The question for a new passkey."""
    site, said = await read(request, Asked)
    enrolments = site.desk.directory.enrolments
    invitation = enrolments.invitation(digest(said.secret), now())
    if invitation is None:
        return refused(request, 404, "This invitation is used up or too old.")
    response = Response(media_type="application/json")
    challenge = site.sessions.ask(response, "enrol")
    known = [one.credential for one in enrolments.of(invitation.login) if isinstance(one, Passkey)]
    return _with_body(response, RelyingParty(site.settings.origin).ask_to_enrol(invitation.login, challenge, known))


async def enrolled(request: Request) -> Response:
    """A new passkey; its owner is signed in with it if it counts already."""
    site, said = await read(request, _Answer)
    enrolments = site.desk.directory.enrolments
    invitation = enrolments.invitation(digest(said.secret), now())
    challenge = site.sessions.asked(request, "enrol")
    if invitation is None or challenge is None:
        return refused(request, 404, "This invitation is used up or too old.")
    try:
        made = RelyingParty(site.settings.origin).enrolled(bytes(said.answer).decode(), challenge)
    except PasskeyError as wrong:
        return refused(request, 400, str(wrong))
    if made.credential in enrolments.passkeys:
        return refused(request, 409, "This passkey is enrolled already.")
    key = Passkey(
        **envelope(), login=invitation.login, credential=made.credential, public_key=made.public_key, invitation=invitation.id
    )
    await site.desk.append(key)
    if not await counts(site, key):
        return JSONResponse({})
    return await _signed_in(site, invitation.login, made.credential, made.counter)


async def ask_to_sign_in(request: Request) -> Response:
    """The question for a passkey that is enrolled."""
    site, _ = await read(request, Asked)
    response = Response(media_type="application/json")
    challenge = site.sessions.ask(response, "sign_in")
    return _with_body(response, RelyingParty(site.settings.origin).ask_to_sign(challenge))


async def sign_in(request: Request) -> Response:
    """Signed in, if the passkey is good and its owner still has a role."""
    site, said = await read(request, _Answer)
    text, directory = bytes(said.answer).decode(), site.desk.directory
    challenge = site.sessions.asked(request, "sign_in")
    key = directory.enrolments.passkeys.get(_claimed(text))
    good = None
    if key is not None and challenge is not None:
        with suppress(PasskeyError):
            good = RelyingParty(site.settings.origin).signed(text, challenge, key.public_key, directory.counter(key.credential))
    if key is None or good is None:
        await site.desk.append(OperatorSignIn(**envelope(), activity="failed"))
        return refused(request, 401, "This passkey is not known here, or the question was too long ago. Try again.")
    if not await counts(site, key):
        await too_early(site, key)
        return refused(
            request,
            403,
            "This passkey does not count yet: another administrator has to agree to it, or its waiting time has to pass.",
        )
    if not directory.operators[key.login].roles:
        return refused(request, 403, "You have no role here any more. Ask an administrator.")
    return await _signed_in(site, key.login, key.credential, good.counter)


async def counts(site: Site, key: Way) -> bool:
    """Whether a way to sign in counts; one that waited long enough, with nobody to agree, does from now on, and that is kept."""
    directory = site.desk.directory
    if directory.enrolments.counts(key):
        return True
    due = directory.due(key, site.settings.wait)
    if due is None or due > now():
        return False
    await site.desk.append(EnrolmentAnswer(**envelope(), enrolment_id=key.id, granted=True))
    return directory.enrolments.counts(key)


async def too_early(site: Site, one: Way) -> None:
    """Write down that somebody tried to sign in by what nobody agreed to yet."""
    tried = DeniedAttempt(**envelope(), attempted="sign in", why="nobody agreed to this way to sign in yet", login=one.login)
    failed = OperatorSignIn(
        **envelope(),
        login=one.login,
        activity="failed",
        credential=one.credential if isinstance(one, Passkey) else None,
        account=None if isinstance(one, Passkey) else one.account,
    )
    await site.desk.append(tried, failed)


def _claimed(answer: str) -> str:
    try:
        return credential_of(answer)
    except PasskeyError:
        return ""


async def sign_out(context: Context) -> Response:
    """Signed out, here or everywhere."""
    everywhere = context.field("everywhere") == "yes"
    name = context.session.name if context.session and not everywhere else None
    await context.desk.append(OperatorSignIn(**envelope(), login=context.login, activity="logoff", session=name))
    response = context.back("/")
    context.site.sessions.end(response)
    return response


async def _signed_in(site: Site, login: str, credential: str, counter: int) -> Response:
    response = Response(media_type="application/json")
    session = site.sessions.begin(response, login, now())
    await site.desk.append(
        OperatorSignIn(**envelope(), login=login, activity="logon", session=session.name, credential=credential, counter=counter)
    )
    return _with_body(response, msgspec.json.encode({"token": site.sessions.token(session)}).decode())


async def read(request: Request, kind: type[Said]) -> tuple[Site, Said]:
    """The site and a JSON body, from a page of ours only."""
    site: Site = request.app.state.site
    if request.headers.get("origin") != site.settings.origin:
        raise TurnedAwayError(403, "not from a page of this site")
    body = await request.body()
    try:
        said = msgspec.json.decode(body, type=kind)
    except msgspec.DecodeError as wrong:
        raise TurnedAwayError(400, str(wrong)) from wrong
    await site.desk.refresh()
    return site, said


def refused(request: Request, status: int, why: str) -> JSONResponse:
    """What a script of a page is told, in its reader's language."""
    return JSONResponse({"error": speech_for(request).say(why)}, status)


def _with_body(response: Response, text: str) -> Response:
    """Fill a response whose cookies are set already."""
    response.body = text.encode()
    response.headers["content-length"] = str(len(response.body))
    return response
