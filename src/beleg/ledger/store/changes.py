"""What new facts are about, as far as a process has followed the log: so it knows which of what it remembers still holds."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from functools import cache
from types import MappingProxyType

from msgspec import Struct

from beleg.facts.schema import arrow_schemas
from beleg.ledger.store.base import About, Basis
from beleg.ledger.store.batch import Rows, Statement
from beleg.ledger.view import REACH

Ask = Callable[[Sequence[Statement]], Awaitable[Sequence[Rows]]]

# Whoever is further behind takes everything for changed; and so many changes are kept in mind.
MOST, KEPT = 10_000, 100_000

# What was erased may have been part of anything.
ERASED = "erasures"

# Facts that name the same parcel or unit speak of the same orders, whichever of them says which orders those are; so do documents
# that are one, by the file, what it pictures or its number.
_SHARED = (*(column for column, through in REACH if through != "orders"), "content", "picture", "number")

_TABLES = """
SELECT DISTINCT relation FROM beleg_log.entries WHERE place >= $1::bigint AND place < $2::bigint AND relation = ANY ($3::text[])"""


class Changed(Struct, frozen=True):
    """What came about: the last place of each order, account, ... that new facts are about, and the tables of those facts.

    With `everything` nobody knows what it was about.
    """

    about: Mapping[About, int] = MappingProxyType({})
    tables: frozenset[str] = frozenset()
    everything: bool = False


class Changes:
    """What the log's new facts are about, up to the place `size`."""

    def __init__(self) -> None:
        self.size = 0
        self._tables: frozenset[str] = frozenset()
        self._listed = "{}"
        self._beyond: frozenset[str] = frozenset()
        self._last: OrderedDict[About, int] = OrderedDict()
        self._forgotten = 0  # what changed before this place is not known any more
        self._end = 0  # so far, at least, the log goes with something that was not followed
        self._listeners: list[Callable[[Changed], None]] = []

    def watch(self, tables: Collection[str], beyond: Collection[str]) -> None:
        """Follow these tables of facts too; those `beyond` also say something of the other orders of an order's account."""
        watched = self._tables.union(tables, beyond, (ERASED,)), self._beyond.union(beyond)
        if watched != self.watching:
            self._tables, self._beyond = watched
            self._listed = f"{{{','.join(sorted(self._tables))}}}"
            self._forgotten = self.size

    def listen(self, listener: Callable[[Changed], None]) -> None:
        """Tell of whatever comes about; in the order in which they asked to be told."""
        self._listeners.append(listener)

    def stale(self, basis: Basis) -> bool:
        """Whether something came about, as far as the log was followed, of what this rests on."""
        return basis.size < self._forgotten or any(self._last.get(one, -1) >= basis.size for one in basis.about)

    @property
    def watching(self) -> tuple[frozenset[str], frozenset[str]]:
        """The tables that are followed, and those of them that say something beyond their orders."""
        return self._tables, self._beyond

    def watches(self, tables: frozenset[str], beyond: frozenset[str]) -> bool:
        """Whether all that somebody follows is followed here, and always will be: nothing is ever let go of."""
        return tables <= self._tables and beyond <= self._beyond

    @property
    def watched(self) -> str:
        """The tables that are followed, as PostgreSQL writes a list."""
        return self._listed

    @property
    def behind(self) -> bool:
        """Whether this process itself wrote of what it has not followed yet."""
        return self.size < self._end

    def passed(self, head: int) -> None:
        """Nothing that is watched stands in the log before this place and was not followed."""
        self.size = max(self.size, head)

    def wrote(self, head: int, tables: Sequence[str]) -> None:
        """This process wrote entries of these tables from `head` on: if none is watched, there is nothing to read there."""
        if not self._tables.isdisjoint(tables):
            self._end = head + len(tables)
        elif self.size == head:
            self.size += len(tables)

    async def catch_up(self, ask: Ask, end: int) -> None:
        """Follow the log up to this place, which is written.

        Args:
            ask: sends statements in one go and gives the rows of each.
            end: how many entries there are.
        """
        first = self.size
        if end <= first:
            return
        if end - first > MOST:
            self._note(Changed(everything=True), end)
            return
        (rows,) = await ask([(_TABLES, (first, end, sorted(self._tables)))])
        tables = sorted(str(table) for (table,) in rows)
        last: dict[About, int] = {}
        answers = await ask([(_lookup(table, beyond=table in self._beyond), (first, end)) for table in tables]) if tables else ()
        for kind, value, place in (row for rows in answers for row in rows):
            last[kind, value] = max(place, last.get((kind, value), -1))
        self._note(Changed(last, frozenset(tables), everything=ERASED in tables), end)

    def _note(self, changed: Changed, end: int) -> None:
        self.size = max(self.size, end)
        if changed.everything:
            self._last.clear()
            self._forgotten = self.size
        for about, place in changed.about.items():
            self._last[about] = max(place, self._last.get(about, -1))
            self._last.move_to_end(about)
        while len(self._last) > KEPT:
            _, place = self._last.popitem(last=False)
            self._forgotten = max(self._forgotten, place + 1)
        if changed.everything or changed.tables:
            for listener in self._listeners:
                listener(changed)


@cache
def _lookup(table: str, *, beyond: bool) -> str:
    """The statement that says what the facts of a table between two places are about: kind, value, last place."""
    names = arrow_schemas()[table].names
    read = [name for name in ("order_id", "account_id", "login", "subject", *_SHARED) if name in names]
    columns = "".join(f', r."{name}"' for name in read)
    parts = " UNION ALL ".join(_parts(read, beyond=beyond)) or "SELECT NULL, NULL, NULL WHERE false"
    return f"""
WITH new AS MATERIALIZED (
    SELECT e.place{columns} FROM beleg_log.entries e JOIN beleg_rows."{table}" r ON r.id = e.fact_id
    WHERE e.place >= $1::bigint AND e.place < $2::bigint AND e.relation = '{table}'
)
SELECT kind, value, max(place) FROM ({parts}) AS about(kind, value, place) WHERE value IS NOT NULL GROUP BY kind, value"""


def _parts(read: Collection[str], *, beyond: bool) -> Iterator[str]:
    for name in ("order_id", "login"):
        if name in read:
            yield f"SELECT '{name}', {name}, place FROM new"
    if "account_id" in read and (beyond or "order_id" not in read):
        yield "SELECT 'account_id', account_id, place FROM new"
    if beyond and "order_id" in read:
        yield "SELECT 'account_id', o.account_id, new.place FROM new JOIN beleg_rows.orders o USING (order_id)"
    if "subject" in read:
        yield "SELECT 'order_id', split_part(subject, '/', 1), place FROM new"
        yield "SELECT 'subject', subject, place FROM new"
    for column in _SHARED:
        if column in read:
            for other in _naming(column):
                yield f"SELECT 'order_id', o.order_id, new.place FROM new JOIN beleg_rows.{other} o USING ({column})"


def _naming(column: str) -> Iterator[str]:
    """The tables that say of which order a parcel or a unit is."""
    for table, schema in arrow_schemas().items():
        if column in schema.names and "order_id" in schema.names:
            yield table
