"""Today: what is due, what is new, the money held, the honest customers who wait, and what waits for this reader."""

from itertools import takewhile

from msgspec import Struct
from starlette.responses import Response

from beleg.web.console.context import Context
from beleg.web.console.desk import Desk
from beleg.web.console.pages import approval
from beleg.web.console.rows import Row

DAY = 86_400_000_000
SHOWN = 8
ELSEWHERE = (("operators", "/people"), ("policies", "/policies"), ("log", "/log"))


class Waiting(Struct, frozen=True):
    """Requests for money that are held: how many, how much, and since when the longest."""

    requests: int
    money: dict[str, int]
    since: int | None


def waiting(desk: Desk) -> Waiting:
    """All that is held, by the newest answer to each request."""
    held = [item for row in desk.rows.waiting() for item in row.case.live() if item.kind == "decision"]
    money: dict[str, int] = {}
    for item in held:
        money[item.currency] = money.get(item.currency, 0) + item.amount
    return Waiting(len(held), money, min((item.at for item in held if item.at is not None), default=None))


async def today(context: Context) -> Response:
    """The first page of the day; whoever works on no cases goes to the page that is theirs."""
    if "cases" not in context.may:
        return context.back(next((address for needs, address in ELSEWHERE if needs in context.may), "/people"))
    rows, until = context.desk.rows, context.now + DAY
    mine = rows.listed("open", "deadline", context.login)
    due = list(takewhile(lambda row: row.due_at <= until, rows.listed("open", "deadline")))
    new = list(takewhile(lambda row: row.opened_at >= context.now - DAY, rows.listed("open", "newest", "")))
    second = [row for row in rows.listed("second_reading", "deadline") if _for_me(context, row)]
    return context.render(
        "today.html.j2",
        groups=[
            ("due", context.speech.say("Due within a day"), due),
            ("mine", context.speech.say("Yours"), mine),
            ("second", context.speech.say("For a second reading by you"), second),
            ("new", context.speech.say("New and nobody's"), new),
            ("dearest", context.speech.say("Most money"), rows.listed("open", "money")),
        ],
        shown=SHOWN,
        waiting=waiting(context.desk),
        reveals=_reveals(context),
        approvals=approval.mine(context),
        open_cases=len(rows.listed("open")),
    )


def _for_me(context: Context, row: Row) -> bool:
    return row.state == "second_reading" and "reread" in context.may and row.case.outcomes[-1].actor != context.login


def _reveals(context: Context) -> list[object]:
    if "grant_name" not in context.may:
        return []
    return [one for one in context.desk.directory.waiting() if one.actor != context.login]
