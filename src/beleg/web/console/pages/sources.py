"""The sources: what the newest audit says of each one's days and misses, what was set aside, and the books."""

from starlette.responses import Response

from beleg.report import reading, view
from beleg.web.console.context import Context


async def show(context: Context) -> Response:
    """The page."""
    return context.render("sources.html.j2", answer=context.site.answer, view=view, r=reading)
