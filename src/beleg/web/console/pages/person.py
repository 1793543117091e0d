"""One person, a customer or a member of staff, under a pseudonym; the name behind it needs a reason and a second person."""

from urllib.parse import quote

from msgspec.structs import replace
from starlette.responses import Response

from beleg.audit.result import Subject, Sum
from beleg.facts.kinds.operators import RevealAnswer, RevealRequest
from beleg.report import people, view
from beleg.web.console.context import Context, TurnedAwayError
from beleg.web.console.desk import Who, envelope
from beleg.web.console.pages import ring

SHOWN_FOR = 8 * 3600 * 1_000_000  # microseconds that a granted name is shown


def asked(context: Context) -> tuple[Who, str, str]:
    """The person in the address: kind, the name in the facts, the pseudonym.

    Raises:
        TurnedAwayError: nobody of that pseudonym was met; or it is staff, and sections on staff are off.
    """
    shown: str = context.request.path_params["name"]
    found = context.desk.behind_name(shown)
    if found is None or (found[0] == "staff" and not context.site.settings.staff):
        raise TurnedAwayError(404, context.speech.say("There is nobody of that pseudonym here."))
    return (*found, shown)


async def show(context: Context) -> Response:
    """The page."""
    kind, name, shown = asked(context)
    found, cases = ring.findings(context, kind, name), context.desk.rows.of(kind, name)
    subject = ring.answered(context, kind, shown) or _plain(kind, shown)
    by_passkey = context.session is not None and not context.session.company
    raw = name if by_passkey and context.desk.directory.may_see(context.login, shown, context.now) else ""
    await ring.read(context, kind, shown, raw=bool(raw))
    mine = [one for one in context.desk.directory.reveals.values() if (one.actor, one.subject) == (context.login, shown)]
    return context.render(
        "subject.html.j2",
        kind=kind,
        page=people.page(replace(subject, rank=1)),
        who=people,
        raw=raw,
        findings=found,
        cases=cases,
        refunds=ring.refunds(cases),
        charts=await ring.over_time(context, cases),
        view=view,
        asking=[(one, context.desk.directory.answers.get(one.id)) for one in mine],
    )


def _plain(kind: str, shown: str) -> Subject:
    """Somebody of whom no audit says anything."""
    return Subject(
        rank=1, kind=kind, name=shown, bits=0.0, unsupported=Sum(), refunds=Sum(), first_at=None, last_at=None,
        reasons=(), rivals=(), next_steps=(), timeline=(),
    )  # fmt: skip


async def ask(context: Context) -> Response:
    """Ask to see the name, and say why."""
    kind, _, shown = asked(context)
    reason = context.field("reason", needed=True)[:2_000]
    await context.desk.append(RevealRequest(**envelope(), shown=kind, subject=shown, reason=reason, actor=context.login))
    return context.back(f"/person/{quote(shown, safe='')}", context.speech.say("Asked. A second person decides."))


async def answer(context: Context) -> Response:
    """A second person agrees, or does not; the first answer counts."""
    request = context.desk.directory.reveals.get(context.request.path_params["name"])
    if request is None:
        raise TurnedAwayError(404, context.speech.say("There is no such request."))
    if request.actor == context.login:
        raise TurnedAwayError(403, context.speech.say("You asked; another person answers."))
    if request.id in context.desk.directory.answers:
        raise TurnedAwayError(409, context.speech.say("Somebody was quicker: this request is answered."))
    granted = context.field("answer", needed=True) == "grant"
    until = context.now + SHOWN_FOR if granted else None
    fact = RevealAnswer(**envelope(), request_id=request.id, granted=granted, expires_at=until, actor=context.login)
    await context.desk.append(fact)
    if context.desk.directory.answers[request.id].id != fact.id:
        raise TurnedAwayError(409, context.speech.say("Somebody was quicker: this request is answered."))
    return context.back("/", context.speech.say("Answered."))
