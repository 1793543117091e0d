"""Signing in at the company's own provider, and accepting an invitation there; whatever goes wrong on the way has its page."""

import logging

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from beleg.facts.kinds.gate import DeniedAttempt
from beleg.facts.kinds.operators import CompanyAccount, OperatorSignIn
from beleg.web.console import signing
from beleg.web.console.context import Context, Site, own
from beleg.web.console.desk import envelope, now
from beleg.web.console.session import Journey
from beleg.web.oidc import AwayError, Company, OidcError

ANSWER = "/sign-in/company/answer"
# What a provider may say that went wrong (RFC 6749 4.1.2.1, OpenID Connect Core 3.1.2.6); nothing else of its words is shown.
KNOWN = frozenset(
    {
        "access_denied", "invalid_request", "unauthorized_client", "unsupported_response_type", "invalid_scope", "server_error",
        "temporarily_unavailable", "interaction_required", "login_required", "account_selection_required", "consent_required",
    }
)  # fmt: skip

_log = logging.getLogger("beleg.web")


class _TurnedBackError(Exception):
    """Somebody is not signed in: the page's status, what it says, and whether that is written down, about whom."""

    def __init__(self, status: int, why: str, *, login: str | None = None, kept: bool = True, **parts: str) -> None:
        super().__init__(why)
        self.status, self.why, self.login, self.kept, self.parts = status, why, login, kept, parts


async def sign_in(request: Request) -> Response:
    """On to the company's provider, and back to a page of ours."""
    site: Site = request.app.state.site
    try:
        journey = site.sessions.leave(own(request.query_params.get("goal", "/")))
        response = RedirectResponse(await _way(site, journey), 303)
    except _TurnedBackError as turned:
        return await _page(request, turned)
    site.sessions.remember(response, journey)
    return response


async def enrol(request: Request) -> Response:
    """Where to accept an invitation with a company account; asked by a page of ours only, so that nobody is led into it unasked."""
    site, said = await signing.read(request, signing.Asked)
    invitation = site.desk.directory.enrolments.invitation(signing.digest(said.secret), now())
    if invitation is None or invitation.actor is None:
        return signing.refused(request, 404, "This invitation is used up or too old.")
    journey = site.sessions.leave("/", said.secret)
    try:
        response = JSONResponse({"goal": await _way(site, journey)})
    except _TurnedBackError as turned:
        return signing.refused(request, turned.status, turned.why)
    site.sessions.remember(response, journey)
    return response


async def answered(request: Request) -> Response:
    """Back from the company's provider: signed in, or told why not."""
    site: Site = request.app.state.site
    await site.desk.refresh()
    try:
        journey, account = await _returned(site, request)
        response = await (_enrolled if journey.secret else _signed_in)(site, journey, account)
    except _TurnedBackError as turned:
        response = await _page(request, turned)
    site.sessions.forget(response)
    return response


def _company(site: Site) -> Company:
    if site.company is None:
        raise _TurnedBackError(404, "Nobody signs in here with a company account.", kept=False)
    return site.company


async def _way(site: Site, journey: Journey) -> str:
    company = _company(site)
    try:
        return await company.way(journey.state, site.sessions.derived(journey, "nonce"), site.sessions.derived(journey, "verifier"))
    except AwayError as away:
        raise _away(away) from away


async def _returned(site: Site, request: Request) -> tuple[Journey, str]:
    """The journey that ends here, and the hash of the account that the provider vouches for."""
    company, said = _company(site), request.query_params
    journey = site.sessions.returned(request, said.get("state", ""))
    if journey is None:
        why = "This does not belong to a sign-in that began in this browser a few minutes ago, or it was used before. Begin again."
        raise _TurnedBackError(400, why, kept=False)
    nonce, verifier = site.sessions.derived(journey, "nonce"), site.sessions.derived(journey, "verifier")
    try:
        if await company.mixed_up(said.get("iss")):
            raise _TurnedBackError(400, "Another provider answered than the one that was asked. Nobody was signed in.")
        if "error" in said:
            error = said["error"] if said["error"] in KNOWN else "unknown"
            raise _TurnedBackError(403, "Your company's provider did not sign you in (%(error)s).", error=error)
        subject = await company.subject(said.get("code", ""), nonce, verifier)
    except AwayError as away:
        raise _away(away) from away
    except OidcError as wrong:
        _log.warning("a company sign-in was refused: %s", wrong)
        why = "What your company's provider sent does not hold. Nobody was signed in."
        raise _TurnedBackError(401, why) from wrong
    return journey, site.sessions.account(company.provider.issuer, subject)


def _away(away: AwayError) -> _TurnedBackError:
    _log.warning("the company's provider is not there: %s", away)
    why = "Your company's provider does not answer as it should. Try again later, or sign in with your passkey."
    return _TurnedBackError(502, why, kept=False)


async def _signed_in(site: Site, journey: Journey, account: str) -> Response:
    directory = site.desk.directory
    bound = directory.enrolments.accounts.get(account)
    if bound is None:
        raise _TurnedBackError(403, "Your company account is not known here. An administrator has to invite you first.")
    if not await signing.counts(site, bound):
        await signing.too_early(site, bound)
        why = "Your company account does not count here yet: another administrator has to agree, or the waiting time has to pass."
        raise _TurnedBackError(403, why, kept=False)
    if not directory.operators[bound.login].roles:
        raise _TurnedBackError(403, "You have no role here any more. Ask an administrator.", login=bound.login)
    return await _begun(site, bound, journey.goal)


async def _enrolled(site: Site, journey: Journey, account: str) -> Response:
    """A company account bound to whom the invitation was for; signed in if that counts already."""
    enrolments = site.desk.directory.enrolments
    invitation = enrolments.invitation(signing.digest(journey.secret), now())
    if invitation is None or invitation.actor is None:
        raise _TurnedBackError(404, "This invitation is used up or too old.", kept=False)
    taken = _TurnedBackError(409, "This company account signs in somebody here already.", login=invitation.login)
    if account in enrolments.accounts:
        raise taken
    issuer = _company(site).provider.issuer
    bound = CompanyAccount(**envelope(), login=invitation.login, account=account, issuer=issuer, invitation=invitation.id)
    await site.desk.append(bound)
    if enrolments.accounts.get(account) != bound:
        raise taken
    if await signing.counts(site, bound):
        return await _begun(site, bound, "/")
    return RedirectResponse(f"/enrol?secret={journey.secret}", 303)


async def _begun(site: Site, bound: CompanyAccount, goal: str) -> Response:
    response = RedirectResponse(goal, 303)
    session = site.sessions.begin(response, bound.login, now(), company=True)
    fact = OperatorSignIn(**envelope(), login=bound.login, activity="logon", session=session.name, account=bound.account)
    await site.desk.append(fact)
    return response


async def _page(request: Request, turned: _TurnedBackError) -> Response:
    """The page that says why, once it is written down."""
    site: Site = request.app.state.site
    context = Context(site, request, None)
    if turned.kept:
        tried = DeniedAttempt(**envelope(), attempted="sign in with a company account", why=turned.why, login=turned.login)
        await site.desk.append(tried, OperatorSignIn(**envelope(), login=turned.login, activity="failed"))
    return context.render("turned_back.html.j2", turned.status, why=context.speech.say(turned.why, **turned.parts))
