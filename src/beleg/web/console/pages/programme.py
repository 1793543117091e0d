"""What the programme found, stopped and cost: outcomes, money, time to decide, second readings, who works on how much."""

from collections import Counter
from statistics import median

from starlette.responses import Response

from beleg.cases.effort import effort
from beleg.cases.sampling import overturned
from beleg.web.console import requests
from beleg.web.console.context import Context
from beleg.web.console.pages.today import waiting


async def show(context: Context) -> Response:
    """The page."""
    cases = [row.case for row in context.desk.rows]
    closed = [case for case in cases if case.state == "closed"]
    money: dict[str, dict[str, int]] = {}
    for case in closed:
        sums = money.setdefault(case.outcome, {})
        for currency, amount in case.at_stake().items():
            sums[currency] = sums.get(currency, 0) + amount
    outcomes = Counter(case.outcome for case in closed).most_common()
    taken = [_taken(case.opened_at, case.outcomes[0].known_at) for case in closed]
    released, refused = context.desk.requests.ended("release"), context.desk.requests.ended("refuse")
    return context.render(
        "programme.html.j2",
        outcomes=outcomes,
        money=money,
        effort=effort(closed),
        efforts={name: effort(case for case in closed if case.outcome == name) for name, _ in outcomes},
        closed=len(closed),
        cleared=sum(case.state == "cleared" for case in cases),
        open_cases=len(context.desk.rows.listed("open")),
        days=median(one for one in taken if one is not None) if any(one is not None for one in taken) else None,
        overturned=overturned(cases),
        waiting=waiting(context.desk),
        released=(len(released), requests.money(released), requests.waited(released)),
        refused=(len(refused), requests.money(refused), requests.waited(refused)),
        load=Counter(row.assignee for row in context.desk.rows.listed("open")).most_common(50),
    )


def _taken(opened: int | None, ended: int | None) -> float | None:
    """Days from one moment to another."""
    return None if opened is None or ended is None else (ended - opened) / 86_400_000_000
