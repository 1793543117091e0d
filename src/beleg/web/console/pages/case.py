"""One case: what it rests on, what happened to it, and the forms that work on it."""

from datetime import datetime, time
from secrets import token_hex
from typing import get_args
from urllib.parse import quote
from zoneinfo import ZoneInfo

from starlette.responses import Response

from beleg.cases.case import Case, Event
from beleg.facts.kinds.cases import MOST_MINUTES, CaseAssignment, CaseMerge, CaseNote, CaseOutcome, CaseSplit, Outcome
from beleg.web.console.context import Context, TurnedAwayError
from beleg.web.console.desk import envelope

OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
LONGEST = 20_000  # characters of a note
MOST = 50  # rows that are open at once


def asked(context: Context) -> Case:
    """The case in the address.

    Raises:
        TurnedAwayError: there is none of that name.
    """
    found = context.desk.book.get(context.request.path_params["name"])
    if found is None:
        raise TurnedAwayError(404, context.speech.say("There is no such case."))
    return found


def link(kind: str, name: str, context: Context) -> str:
    """Where a subject's page is."""
    if kind == "ring":
        return f"/ring/{quote(name, safe='')}"
    if kind in {"account", "staff"}:
        return f"/person/{quote(context.desk.pseudonym(kind, name), safe='')}"
    return f"/refund/{quote(name)}"


async def show(context: Context) -> Response:
    """The page."""
    case = asked(context)
    if case.id != context.request.path_params["name"]:
        return context.back(f"/case/{case.id}", context.speech.say("That case was merged into this one."))
    hidden = case.state == "second_reading" and "reread" in context.may and case.outcomes[-1].actor != context.login
    return context.render(
        "case.html.j2",
        case=case,
        events=[one for one in reversed(case.events) if not (hidden and one.what == "first_reading")],
        hidden=hidden,
        items=sorted(case.items.values(), key=lambda item: (not item.live, -item.amount, item.id)),
        subjects=[(kind, context.desk.pseudonym(kind, name), link(kind, name, context)) for kind, name in case.subjects],
        link=lambda kind, name: link(kind, name, context),
        refunds=sum(kind in {"slice", "refund"} for kind, _ in case.subjects),
        most=MOST,
        outcomes=OUTCOMES,
        most_minutes=MOST_MINUTES,
        may_reread=hidden,
        may_close=case.state in {"open", "reopened"} and "close" in context.may,
        people=sorted(one.login for one in context.desk.directory.operators.values() if one.roles),
        by_itself=_by_itself,
    )


def _by_itself(event: Event) -> bool:
    return not event.actor and event.what in {"withdrawn", "cleared", "reopened", "joined"}


async def note(context: Context) -> Response:
    """Another note; none is ever changed."""
    case, text = asked(context), context.field("text", needed=True)
    if len(text) > LONGEST:
        raise TurnedAwayError(
            422, context.speech.say("A note has at most %(most)s characters.", most=context.speech.number(LONGEST))
        )
    await context.desk.append(CaseNote(**envelope(), case_id=case.id, text=text, actor=context.login))
    return context.back(f"/case/{case.id}#notes", context.speech.say("Noted."))


async def assign(context: Context) -> Response:
    """Somebody's, perhaps by a day."""
    case, who = asked(context), context.field("assignee")
    operator = context.desk.directory.operators.get(who)
    if who and (operator is None or not operator.roles):
        raise TurnedAwayError(422, context.speech.say("There is nobody of that name."))
    due = _day(context)
    await context.desk.append(CaseAssignment(**envelope(), case_id=case.id, assignee=who or None, due_at=due, actor=context.login))
    return context.back(f"/case/{case.id}", context.speech.say("Assigned."))


def _day(context: Context) -> int | None:
    """The end of a day in the reader's zone."""
    said = context.field("due")
    if not said:
        return None
    try:
        end = datetime.combine(datetime.fromisoformat(said).date(), time(23, 59), ZoneInfo(context.speech.zone_name))
    except ValueError as wrong:
        raise TurnedAwayError(422, context.speech.say("That is no day.")) from wrong
    return int(end.timestamp()) * 1_000_000


def _outcome(context: Context) -> Outcome:
    said = context.field("outcome", needed=True)
    found = next((one for one in OUTCOMES if one == said), None)
    if found is None:
        raise TurnedAwayError(422, context.speech.say("Please choose an outcome."))
    return found


def _minutes(context: Context) -> int | None:
    """How long somebody says they worked on it; nothing where they do not say."""
    said = context.field("minutes")
    if not said:
        return None
    if not (said.isascii() and said.isdigit() and len(said) < 9 and int(said) <= MOST_MINUTES):
        most = context.speech.number(MOST_MINUTES)
        raise TurnedAwayError(422, context.speech.say("Minutes are a whole number, at most %(most)s, or nothing.", most=most))
    return int(said)


async def close(context: Context) -> Response:
    """An outcome, with its reason."""
    case = asked(context)
    if case.state not in {"open", "reopened"}:
        raise TurnedAwayError(409, context.speech.say("This case is not open any more."))
    outcome, why, minutes = _outcome(context), context.field("why", needed=True), _minutes(context)
    fact = CaseOutcome(**envelope(), case_id=case.id, outcome=outcome, why=why, minutes=minutes, actor=context.login)
    await context.desk.append(fact)
    drawn = case.state == "second_reading"
    said = context.speech.say("Closed. It was drawn for a second reading.") if drawn else context.speech.say("Closed.")
    return context.back(f"/case/{case.id}", said)


async def read_again(context: Context) -> Response:
    """A second reading, by somebody else."""
    case = asked(context)
    if case.state != "second_reading":
        raise TurnedAwayError(409, context.speech.say("Somebody was quicker: this case has had its second reading."))
    if case.outcomes[-1].actor == context.login:
        raise TurnedAwayError(403, context.speech.say("You read this case first; another person reads it now."))
    outcome, why, minutes = _outcome(context), context.field("why", needed=True), _minutes(context)
    fact = CaseOutcome(
        **envelope(), case_id=case.id, outcome=outcome, why=why, reading="second", minutes=minutes, actor=context.login
    )
    await context.desk.append(fact)
    if case.outcomes[-1].id != fact.id:
        raise TurnedAwayError(409, context.speech.say("Somebody was quicker: this case has had its second reading."))
    return context.back(f"/case/{case.id}", context.speech.say("Second reading kept."))


async def merge(context: Context) -> Response:
    """This case goes into another."""
    case, into = asked(context), context.desk.book.get(context.field("into", needed=True))
    if into is None or into is case:
        raise TurnedAwayError(422, context.speech.say("There is no other case of that name."))
    why = context.field("why", needed=True)
    await context.desk.append(CaseMerge(**envelope(), case_id=case.id, into=into.id, why=why, actor=context.login))
    return context.back(f"/case/{into.id}", context.speech.say("Merged."))


async def split(context: Context) -> Response:
    """One finding or decision into a case of its own."""
    case, item, why = asked(context), context.field("item", needed=True), context.field("why", needed=True)
    if item not in case.items:
        raise TurnedAwayError(422, context.speech.say("That is not part of this case."))
    into = f"case-{token_hex(6)}"
    await context.desk.append(CaseSplit(**envelope(), case_id=case.id, item_id=item, into=into, why=why, actor=context.login))
    return context.back(f"/case/{into}", context.speech.say("Split."))
