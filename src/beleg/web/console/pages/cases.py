"""The list of cases: by state, order and assignee; page by page; kept under a name."""

from urllib.parse import urlencode

from starlette.responses import Response

from beleg.facts.kinds.operators import SavedView
from beleg.web.console.context import Context, TurnedAwayError
from beleg.web.console.desk import envelope
from beleg.web.console.rows import ORDERS, STATES, Row

PAGE = 50


def asked(context: Context) -> dict[str, str]:
    """The filters in the address, each as one of those there are."""
    query = context.request.query_params
    state, order = query.get("state", "open"), query.get("order", "deadline")
    return {
        "state": state if state in STATES else "open",
        "order": order if order in ORDERS else "deadline",
        "who": query.get("who", "")[:200],
    }


def rows(context: Context, filters: dict[str, str]) -> list[Row]:
    """The rows that the filters leave."""
    who = {"": None, "me": context.login, "nobody": ""}.get(filters["who"], filters["who"])
    return context.desk.rows.listed(filters["state"], filters["order"], who)


async def listed(context: Context) -> Response:
    """One page of the list."""
    filters = asked(context)
    every = rows(context, filters)
    number = context.request.query_params.get("page", "1")
    last = max((len(every) - 1) // PAGE + 1, 1)
    page = min(max(int(number), 1), last) if number.isascii() and number.isdigit() and len(number) < 9 else 1
    views = {name: query for (login, name), query in context.desk.directory.views.items() if login == context.login}
    return context.render(
        "cases.html.j2",
        rows=every[(page - 1) * PAGE : page * PAGE],
        many=len(every),
        page=page,
        last=last,
        filters=filters,
        query=urlencode(filters),
        link=lambda **other: "/cases?" + urlencode(filters | {key: str(value) for key, value in other.items()}),
        views=views,
        states=STATES,
        orders=ORDERS,
        people=sorted(one.login for one in context.desk.directory.operators.values() if one.roles),
    )


async def save_view(context: Context) -> Response:
    """Keep the filters under a name, or let one go."""
    name = context.field("name", needed=True)[:80]
    query = context.field("query")[:500]
    if query and not query.startswith("state="):
        raise TurnedAwayError(422, context.speech.say("That is no list of cases."))
    gone = context.field("gone") == "yes"
    await context.desk.append(SavedView(**envelope(), login=context.login, name=name, query=None if gone else query))
    return context.back(f"/cases?{query}", context.speech.say("View removed.") if gone else context.speech.say("View saved."))
