"""Which orders a fact is about: by its own order, or by its parcel, its unit or its finding's slice."""

from collections.abc import Iterable

from beleg.facts.base import Fact
from beleg.ledger.store.store import Store
from beleg.ledger.view import REACH

# Facts about people and sources touch everything; they are taken up by the prover's next refresh.
EVERYWHERE = ("staff", "staff_sign_ins", "session_clearances")


class Touched:
    """Finds the orders of facts."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def orders(self, facts: Iterable[Fact]) -> set[str]:
        """The orders that these facts are about."""
        found: set[str] = set()
        for fact in facts:
            order = getattr(fact, "order_id", None)
            found |= {order} if order else await self._reached(fact)
        return found

    async def _reached(self, fact: Fact) -> set[str]:
        subject = getattr(fact, "subject", None)
        if isinstance(subject, str) and getattr(fact, "subject_kind", "") == "slice":
            return {subject.split("/", 1)[0]}
        for column, through in REACH[:3]:
            if value := getattr(fact, column, None):
                rows = await self._store.where(through, column, str(value))
                return {str(order) for row in rows if (order := getattr(row, "order_id", None))}
        return set()
