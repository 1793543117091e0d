"""One refund: its proofs, the facts about it in time's order, and every decision with its arithmetic."""

import msgspec
from starlette.responses import Response

from beleg.audit.describe import describe
from beleg.audit.result import Moment, Ranked
from beleg.facts.base import Fact, table_of
from beleg.facts.kinds.gate import Decision
from beleg.facts.kinds.operators import PersonalRead
from beleg.facts.kinds.orders import Order
from beleg.gate.decision import Decision as Answered
from beleg.gate.live.written import Recorded
from beleg.gate.telling import retold
from beleg.report import view
from beleg.web.console.context import Context, TurnedAwayError
from beleg.web.console.desk import envelope, order_of
from beleg.web.console.pages import approval

NOT_SHOWN = frozenset(
    {"findings", "finding_facts", "decisions", "reservations", "reservation_ends", "approvals", "denied_attempts"}
)


async def show(context: Context) -> Response:
    """The page."""
    name: str = context.request.path_params["slice"]
    order = order_of(name)
    facts = await context.desk.ledger.facts_of(order)
    ranked = _ranked(context, name)
    decisions = context.desk.decisions.get(name, [])
    found = [one for kind in ("slice", "refund") for one in context.desk.findings.get((kind, name), ())]
    if not facts and ranked is None and not found:
        raise TurnedAwayError(404, context.speech.say("There is no such refund."))
    account = next((one.account_id for one in facts if isinstance(one, Order)), None)
    shown = context.desk.pseudonym("account", account)
    if shown and context.session:
        await context.desk.append(
            PersonalRead(**envelope(), login=context.login, session=context.session.name, shown="refund", subject=shown)
        )
    return context.render(
        "refund.html.j2",
        name=name,
        order=order,
        account=shown,
        ranked=ranked,
        card=view.card(ranked) if ranked else None,
        second=approval.of(context, decisions),
        decisions=[(one, arithmetic(one)) for one in reversed(decisions)],
        retold=retold,
        findings=sorted(found, key=lambda one: one.known_at or 0, reverse=True),
        cases=context.desk.rows.of("slice", name),
        moments=moments(context, facts),
    )


def _ranked(context: Context, name: str) -> Ranked | None:
    answer = context.site.answer
    return next((one for one in answer.ranked if one.slice_id == name), None) if answer else None


def moments(context: Context, facts: list[Fact]) -> list[Moment]:
    """What happened, the first thing first; things without a time last."""
    told = [_moment(context, fact) for fact in facts if table_of(type(fact)) not in NOT_SHOWN]
    return sorted(told, key=lambda one: (one.at is None, one.at or 0, one.fact_id))


def _moment(context: Context, fact: Fact) -> Moment:
    row, table = msgspec.structs.asdict(fact), table_of(type(fact))
    return Moment(fact.occurred_at, table, describe(table, row, context.desk.pseudonym), fact.id, fact.origin or "")


def arithmetic(decision: Decision) -> Answered | None:
    """What the gate wrote down of its reasons; nothing where it is of a form this version does not know."""
    try:
        return msgspec.json.decode(decision.arithmetic or "", type=Recorded).decision
    except msgspec.DecodeError:
        return None
