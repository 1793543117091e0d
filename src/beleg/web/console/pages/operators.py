"""Who uses the console: invitations, roles, and who has which."""

from starlette.responses import Response

from beleg.facts.base import Fact
from beleg.facts.kinds.operators import CompanyAccountEnd, OperatorRole, OperatorSignIn, Passkey, PasskeyEnd
from beleg.web.console import access, signing
from beleg.web.console.context import Context, TurnedAwayError
from beleg.web.console.desk import envelope
from beleg.web.console.enrolments import Way


async def show(context: Context) -> Response:
    """Everybody with their roles."""
    return _page(context, "")


def _page(context: Context, link: str) -> Response:
    people = sorted(context.desk.directory.operators.values(), key=lambda one: one.login)
    enrolments = context.desk.directory.enrolments
    keys = {one.login: [enrolments.counts(way) for way in enrolments.of(one.login)] for one in people}
    companies = {one.login for one in enrolments.accounts.values() if enrolments.counts(one)}
    return context.render(
        "people.html.j2", people=people, keys=keys, companies=companies, roles=access.ROLES, grants=access.GRANTS, link=link
    )


async def invite(context: Context) -> Response:
    """A new person with roles; the link is shown this once, and what is made with it waits for a second administrator."""
    login = context.field("login", needed=True)[:80]
    wanted = [role for role in access.ROLES if context.field(role) == "yes"]
    if not wanted:
        raise TurnedAwayError(422, context.speech.say("Choose at least one role."))
    if login in context.desk.directory.operators:
        raise TurnedAwayError(409, context.speech.say("There is somebody of that name already."))
    secret = await signing.invite(context.desk, login, wanted, context.login)
    return _page(context, f"{context.site.settings.origin}/enrol?secret={secret}")


async def shut_out(context: Context) -> Response:
    """Somebody's ways to sign in are worth nothing any more, and their sessions are over; an invitation lets them in again."""
    name = context.request.path_params["name"]
    if name not in context.desk.directory.operators:
        raise TurnedAwayError(404, context.speech.say("There is nobody of that name."))
    if name == context.login:
        raise TurnedAwayError(403, context.speech.say("Another administrator does this for you."))
    ends = [_end(one, context.login) for one in context.desk.directory.enrolments.of(name)]
    await context.desk.append(*ends, OperatorSignIn(**envelope(), login=name, activity="logoff"))
    secret = await signing.invite(context.desk, name, [], context.login)
    return _page(context, f"{context.site.settings.origin}/enrol?secret={secret}")


def _end(one: Way, actor: str) -> Fact:
    if isinstance(one, Passkey):
        return PasskeyEnd(**envelope(), credential=one.credential, actor=actor)
    return CompanyAccountEnd(**envelope(), account=one.account, actor=actor)


async def another(context: Context) -> Response:
    """One more passkey for somebody who is there, such as for a second device."""
    name = context.request.path_params["name"]
    if name not in context.desk.directory.operators:
        raise TurnedAwayError(404, context.speech.say("There is nobody of that name."))
    secret = await signing.invite(context.desk, name, [], context.login)
    return _page(context, f"{context.site.settings.origin}/enrol?secret={secret}")


async def roles(context: Context) -> Response:
    """Give and take roles; nobody changes their own, and somebody always remains who can."""
    person = context.desk.directory.operators.get(context.request.path_params["name"])
    if person is None:
        raise TurnedAwayError(404, context.speech.say("There is nobody of that name."))
    if person.login == context.login:
        raise TurnedAwayError(403, context.speech.say("Another administrator changes your roles."))
    wanted = {role for role in access.ROLES if context.field(role) == "yes"}
    changed = wanted ^ set(person.roles)
    facts = [
        OperatorRole(**envelope(), login=person.login, role=role, granted=role in wanted, actor=context.login)
        for role in sorted(changed)
    ]
    if facts:
        await context.desk.append(*facts)
    return context.back("/people", context.speech.say("Roles changed."))
