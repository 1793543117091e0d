"""What ties the accounts of a ring, read back from the facts its finding rests on: the same ties that the detector counts."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Sequence

from msgspec import Struct

from beleg.detect.ties import SHOWN
from beleg.facts.base import Fact, table_of
from beleg.facts.kinds.accounts import Identifier
from beleg.facts.kinds.findings import FindingFact
from beleg.facts.kinds.orders import Order

Among = Callable[[str, str, Iterable[str]], Awaitable[list[Fact]]]


class Link(Struct, frozen=True):
    """An account showed a thing of some kind, in this fact."""

    account: str
    kind: str
    entity: str
    fact: Fact


async def links(among: Among, behind: Sequence[FindingFact]) -> list[Link]:
    """The ties behind a ring's finding.

    Args:
        among: asks for the facts of a table with one of these values in a column.
        behind: the facts the finding rests on, each with the kind of tie it shows as its role.
    """
    wanted: dict[str, list[str]] = defaultdict(list)
    for one in behind:
        for table in {"identifiers", *(table for table, _, kind in SHOWN if kind == one.role)}:
            wanted[table].append(one.fact_id)
    facts = [fact for table, ids in sorted(wanted.items()) for fact in await among(table, "id", ids)]
    orders = [order for fact in facts for order in [getattr(fact, "order_id", None)] if order and not _account(fact)]
    found = await among("orders", "order_id", orders) if orders else []
    owners = {one.order_id: one.account_id or "" for one in found if isinstance(one, Order)}
    ties = [
        Link(_account(fact) or owners.get(getattr(fact, "order_id", ""), ""), *thing, fact)
        for fact in facts
        for thing in _things(fact)
    ]
    return [tie for tie in ties if tie.account and tie.entity]


def _account(fact: Fact) -> str:
    return getattr(fact, "account_id", None) or ""


def _things(fact: Fact) -> list[tuple[str, str]]:
    if isinstance(fact, Identifier):
        return [(fact.kind, fact.value)]
    mine = table_of(type(fact))
    return [(kind, getattr(fact, column) or "") for table, column, kind in SHOWN if table == mine]
