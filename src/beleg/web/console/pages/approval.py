"""A second person for a held request: asked from its page, chosen by the system, answered by one touch of a passkey."""

from collections.abc import Sequence
from urllib.parse import quote

import msgspec
from msgspec import Struct
from starlette.responses import JSONResponse, Response

from beleg.cases.items import WAITING
from beleg.facts.kinds.gate import Decision
from beleg.ledger.store.base import StoreError
from beleg.web import problems
from beleg.web.console.context import Context, TurnedAwayError
from beleg.web.pending import Pending, Wanted
from beleg.web.problems import ProblemError
from beleg.web.second import SecondPerson

WAITS = 24 * 3600.0  # seconds that a question asked from a page waits; the request's own deadline goes on meanwhile


class Question(Struct, frozen=True):
    """One question to a second person, as a page shows it."""

    name: str
    pending: Pending

    @property
    def decision(self) -> Decision:
        """The answer it is about."""
        return self.pending.decision


class Second(Struct, frozen=True):
    """What a refund's page shows of second persons: the request that waits, the questions to this reader, who else was asked."""

    request_id: str
    mine: tuple[Question, ...]
    asked: tuple[Pending, ...]


def mine(context: Context) -> list[Question]:
    """The questions that wait for this reader, about answers that still stand."""
    second = context.site.second
    if second is None or "approve" not in context.may:
        return []
    return [Question(name, one) for name, one in second.approvals.of(context.login).items() if _stands(context, one.decision)]


def of(context: Context, decisions: Sequence[Decision]) -> Second | None:
    """What there is to say about a second person for a refund's newest answer; nothing where none is waited for."""
    second = context.site.second
    if second is None or not decisions or decisions[-1].outcome not in WAITING:
        return None
    request = decisions[-1].request_id
    own = tuple(one for one in mine(context) if one.decision.request_id == request)
    others = {
        (one.asker, one.bound.approver): one for one in second.approvals.about(request) if one.bound.approver != context.login
    }
    return Second(request, own, tuple(others.values()))


def _stands(context: Context, decision: Decision) -> bool:
    newest = [one for one in context.desk.decisions.get(decision.slice_id, ()) if one.request_id == decision.request_id]
    return not newest or newest[-1].id == decision.id


async def ask(context: Context) -> Response:
    """Ask a second person; whom, the system chooses."""
    said = {"verdict": context.field("verdict", needed=True), "reason": context.field("reason", needed=True)}
    try:
        wanted = msgspec.convert(said, Wanted)
    except msgspec.ValidationError as wrong:
        raise TurnedAwayError(422, str(wrong)) from wrong
    try:
        asked = await _second(context).ask(context.request.path_params["name"], wanted, asker=context.login, lasts=WAITS)
    except ProblemError as told:
        raise TurnedAwayError(told.problem.status, _said(context, told)) from told
    goal = f"/refund/{quote(asked.decision.slice_id)}"
    return context.back(goal, context.speech.say("%(who)s was asked.", who=asked.bound.approver))


async def question(context: Context) -> Response:
    """What the reader's passkey is asked once they chose to release or to refuse."""
    name, verdict = context.request.path_params["name"], context.field("verdict")
    pending = _second(context).approvals.of(context.login).get(name)
    if pending is None or verdict not in {"release", "refuse"}:
        return _told(context, 404, "This question was answered, or waited too long.")
    own = context.field("reason")
    if verdict != pending.wanted.verdict and len(own) < 3:
        return _told(context, 422, "Please say why you decide otherwise than you were asked to.")
    wanted = msgspec.convert({"verdict": verdict, "reason": own if len(own) >= 3 else pending.wanted.reason}, Wanted)
    turned = _second(context).turned(name, wanted)
    return Response(_second(context).question(turned), media_type="application/json")


async def answer(context: Context) -> Response:
    """What the passkey answered; the request is decided by it."""
    name, session = context.request.path_params["name"], context.session
    pending = _second(context).approvals.of(context.login).get(name)
    if pending is None:
        return _told(context, 404, "This question was answered, or waited too long.")
    try:
        given = await _second(context).answer(name, context.field("answer").encode(), session=session.name if session else None)
    except (ProblemError, StoreError) as failure:
        told = problems.told(failure)
        return _told(context, told.problem.status, _said(context, told))
    goal = f"/refund/{quote(given.slice_id)}"
    response = JSONResponse({"goal": goal})
    said = "Released. The money is set aside." if given.decision == "release" else "Refused."
    context.remember(response, context.speech.say(said))
    return response


def _second(context: Context) -> SecondPerson:
    if context.site.second is None:
        raise TurnedAwayError(404, context.speech.say("The gate does not run beside this console."))
    return context.site.second


def _said(context: Context, told: ProblemError) -> str:
    """A problem as a person reads it."""
    if told.problem.type.endswith(":settled"):
        return context.speech.say("Somebody was quicker: this is decided already.")
    if told.problem.type.endswith(":no-second-person"):
        return context.speech.say(
            "Nobody of another team has a passkey that may approve this. It stays as it is until its deadline."
        )
    return f"{told.problem.title}: {told.problem.detail}"


def _told(context: Context, status: int, why: str) -> JSONResponse:
    return JSONResponse({"error": context.speech.say(why)}, status)
