"""One ring: who shares what as a graph and as tables, what it rests on, its money over time, its case."""

from collections.abc import Sequence

from markupsafe import Markup
from starlette.responses import Response

from beleg.audit.result import Subject, Sum, Tie
from beleg.cases.case import Case
from beleg.facts.kinds.findings import Finding
from beleg.facts.kinds.operators import PersonalRead, Shown
from beleg.report import people, view
from beleg.web.console import money
from beleg.web.console.context import Context, TurnedAwayError
from beleg.web.console.desk import envelope, order_of
from beleg.web.console.links import Link
from beleg.web.console.pages import refund


def answered(context: Context, kind: str, shown: str) -> Subject | None:
    """What the newest audit said of a subject."""
    answer = context.site.answer
    if answer is None:
        return None
    lists = {"ring": answer.subjects.rings, "account": answer.subjects.accounts, "staff": answer.subjects.staff or ()}
    found = next((one for one in lists[kind] if one.name == shown), None)
    return found if found is None or context.site.settings.staff else people.unnamed_staff(found)


def findings(context: Context, kind: str, name: str) -> list[Finding]:
    """The findings about a subject, the newest first."""
    return sorted(context.desk.findings.get((kind, name), ()), key=lambda one: one.known_at or 0, reverse=True)


async def show(context: Context) -> Response:
    """The page."""
    name: str = context.request.path_params["name"]
    said, found = answered(context, "ring", name), findings(context, "ring", name)
    if said is None and not found:
        raise TurnedAwayError(404, context.speech.say("There is no such ring."))
    tied = [] if said else [link for one in found for link in await context.desk.links(one.id)]
    subject = said or drawn(context, name, tied, found)
    await read(context, "ring", name)
    cases = context.desk.rows.of("ring", name)
    return context.render(
        "subject.html.j2",
        kind="ring",
        page=people.page(subject),
        who=people,
        raw="",
        findings=found,
        cases=cases,
        refunds=refunds(cases),
        charts=await over_time(context, cases),
        view=view,
        asking=None,
    )


def drawn(context: Context, name: str, links: Sequence[Link], found: Sequence[Finding]) -> Subject:
    """A ring as its facts alone show it: who has what in common; a thing that only one has ties nobody."""
    pairs = {(one.account, one.kind, one.entity) for one in links}
    holders: dict[tuple[str, str], set[str]] = {}
    for account, kind, value in pairs:
        holders.setdefault((kind, value), set()).add(account)
    shared = {thing for thing, accounts in holders.items() if len(accounts) > 1}
    ties = sorted((context.desk.pseudonym("account", who), kind, value) for who, kind, value in pairs if (kind, value) in shared)
    facts = {one.fact.id: one.fact for one in links}
    times = sorted(one.occurred_at for one in facts.values() if one.occurred_at is not None)
    return Subject(
        rank=1,
        kind="ring",
        name=name,
        bits=0.0,
        unsupported=Sum(0, max((one.amount for one in found), default=0)),
        refunds=Sum(),
        first_at=times[0] if times else None,
        last_at=times[-1] if times else None,
        reasons=(),
        rivals=(),
        next_steps=(),
        timeline=tuple(refund.moments(context, list(facts.values()))),
        members=tuple(sorted({context.desk.pseudonym("account", account) for account, _, _ in pairs})),
        ties=tuple(Tie(who, kind, value[:16], 0.0) for who, kind, value in ties),
    )


async def over_time(context: Context, cases: Sequence[Case]) -> list[Markup]:
    """What was refunded on the orders of these cases, month by month, a chart for each currency."""
    orders = sorted({order_of(slice_) for slice_, _, _, _ in refunds(cases)})
    sums = money.by_month(await context.desk.ledger.among("refunds", "order_id", orders), context.speech) if orders else {}
    drawn = [money.chart(months, currency, context.speech) for currency, months in sorted(sums.items())]
    return [one for one in drawn if one is not None]


def refunds(cases: Sequence[Case]) -> list[tuple[str, str, int, str]]:
    """The refunds of its cases: slice, what is said of it, amount, currency."""
    items = [item for case in cases for item in case.live() if item.subject_kind in {"slice", "refund"}]
    return sorted({(item.subject, item.says, item.amount, item.currency) for item in items}, key=lambda row: (-row[2], row))[:200]


async def read(context: Context, kind: Shown, shown: str, *, raw: bool = False) -> None:
    """Write down that this page about a person was looked at."""
    name = context.session.name if context.session else None
    await context.desk.append(PersonalRead(**envelope(), login=context.login, session=name, shown=kind, subject=shown, raw=raw))
