"""The log: how long it is, who read what about whom, and what was tried and denied."""

from starlette.responses import Response

from beleg.facts.kinds.gate import DeniedAttempt
from beleg.facts.kinds.operators import PersonalRead
from beleg.web.console.context import Context

SHOWN = 100


async def show(context: Context) -> Response:
    """The page."""
    reads = [one for one in reversed(context.desk.reads) if isinstance(one, PersonalRead)]
    denied = [one for one in reversed(context.desk.reads) if isinstance(one, DeniedAttempt)]
    return context.render(
        "log.html.j2", size=context.desk.size, reads=reads[:SHOWN], denied=denied[:SHOWN],
        reveals=[(one, context.desk.directory.answers.get(one.id)) for one in context.desk.directory.reveals.values()][-SHOWN:],
    )  # fmt: skip
