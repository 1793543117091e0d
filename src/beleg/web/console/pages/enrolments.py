"""New ways to sign in that wait: everybody who signs in sees them and may object; another administrator agrees."""

from msgspec import Struct
from starlette.responses import Response

from beleg.facts.kinds.operators import EnrolmentAnswer, Passkey, Role
from beleg.facts.kinds.staff import StaffMember
from beleg.gate.approving import Roster
from beleg.web.console.context import Context, TurnedAwayError
from beleg.web.console.desk import envelope
from beleg.web.console.enrolments import Way, code

SHOWN = 50


class Waiting(Struct, frozen=True):
    """What waits: who invited its owner, the code to compare, when it counts by itself, whether this reader may agree."""

    way: Way
    passkey: bool
    inviter: str
    code: str
    roles: tuple[Role, ...]
    due: int | None
    mine: bool


async def show(context: Context) -> Response:
    """The page."""
    directory = context.desk.directory
    enrolments, wait = directory.enrolments, context.site.settings.wait
    waiting = [
        Waiting(
            way=one,
            passkey=isinstance(one, Passkey),
            inviter=enrolments.inviter(one),
            code=code(one),
            roles=directory.operators[one.login].roles if one.login in directory.operators else (),
            due=directory.due(one, wait),
            mine="operators" in context.may and context.login in directory.others(one),
        )
        for one in enrolments.waiting()
    ]
    answered = [(one, enrolments.inviter(one), answer) for one, answer in enrolments.answered()]
    return context.render("enrolments.html.j2", waiting=waiting, answered=answered[: -SHOWN - 1 : -1])


async def answer(context: Context) -> Response:
    """A second administrator agrees, or anybody objects, whatever roles were left to them; the first answer counts."""
    directory = context.desk.directory
    name = context.request.path_params["name"]
    key = next((one for one in directory.enrolments.waiting() if one.id == name), None)
    if key is None:
        raise TurnedAwayError(404, context.speech.say("This was answered, or is there no more."))
    granted = context.field("answer", needed=True) == "agree"
    if granted:
        await _second(context, key)
    fact = EnrolmentAnswer(**envelope(), enrolment_id=key.id, granted=granted, actor=context.login)
    await context.desk.append(fact)
    if directory.enrolments.answers[key.id].id != fact.id:
        raise TurnedAwayError(409, context.speech.say("Somebody was quicker: this is answered."))
    return context.back("/enrolments", context.speech.say("Answered."))


async def _second(context: Context, one: Way) -> None:
    """Go on only if the reader is an administrator and another person than the owner and whoever invited them."""
    context.need("operators")
    inviter = context.desk.directory.enrolments.inviter(one)
    mine = await _persons(context, context.login)
    for other in (one.login, inviter):
        if context.login == other or mine & await _persons(context, other):
            raise TurnedAwayError(
                403, context.speech.say("Another administrator agrees to this, who neither invited nor is invited.")
            )


async def _persons(context: Context, login: str) -> set[str]:
    """Whose login it is by the roster; nobody's, where it is not on it."""
    members = await context.desk.ledger.where("staff", "login", login)
    return Roster([one for one in members if isinstance(one, StaffMember)], context.now).persons(login)
