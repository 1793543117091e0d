"""The log: checked from here, its newest checkpoint; who read what about whom, and what was tried and denied."""

from starlette.responses import Response

from beleg.facts.kinds.gate import DeniedAttempt
from beleg.facts.kinds.operators import LogCheck, PersonalRead
from beleg.ledger.log.note import NoteError
from beleg.ledger.store.verify import Verified
from beleg.web.console.context import Context, TurnedAwayError
from beleg.web.console.desk import envelope

SHOWN = 100
CHECKS = 10
LONGEST = 10_000  # characters of a checkpoint


async def show(context: Context) -> Response:
    """The page."""
    reads = [one for one in reversed(context.desk.reads) if isinstance(one, PersonalRead)]
    denied = [one for one in reversed(context.desk.reads) if isinstance(one, DeniedAttempt)]
    checker = context.site.checker
    return context.render(
        "log.html.j2", size=context.desk.size, reads=reads[:SHOWN], denied=denied[:SHOWN],
        reveals=[(one, context.desk.directory.answers.get(one.id)) for one in context.desk.directory.reveals.values()][-SHOWN:],
        checks=context.desk.directory.checks[: -CHECKS - 1 : -1], checkable=checker is not None,
        checkpoint=await checker.newest() if checker else "",
    )  # fmt: skip


async def check(context: Context) -> Response:
    """Check the whole log now, and write down what came of it."""
    checker, outside = context.site.checker, context.field("checkpoint")
    if checker is None:
        raise TurnedAwayError(404, context.speech.say("This console cannot check the log."))
    if checker.busy:
        raise TurnedAwayError(409, context.speech.say("A check is running already; its result will be on the page."))
    if len(outside) > LONGEST:
        raise TurnedAwayError(422, context.speech.say("That is no checkpoint of this log."))
    try:
        found = await checker.check(outside + "\n" if outside else "")
    except NoteError as wrong:
        raise TurnedAwayError(422, f"{context.speech.say('That is no checkpoint of this log.')} {wrong}") from wrong
    fact = LogCheck(
        **envelope(), login=context.login, entries=found.entries, outside=found.outside, whole=found.whole, found=_named(found)
    )
    await context.desk.append(fact)
    whole = context.speech.say("Everything is as it was written.")
    return context.back("/log", whole if found.whole else context.speech.say("Something is not as it was written."))


def _named(found: Verified) -> str | None:
    """The first problems, in words."""
    if found.whole:
        return None
    counts = ", ".join(f"{count} {kind}" for kind, count in sorted(found.counts.items()))
    first = "; ".join(f"{one.relation} {one.fact_id}: {one.why}".strip() for one in found.problems[:5])
    return f"{counts}. {first}"[:2000]
