"""The facts of one chunk on their way to the files: taken in by theme, put in order of time, numbered."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from beleg.facts.schema import arrow_schemas
from beleg.world.columns import NULL, Column, Flags, Ints, Key, Word, arrow_column

_PREFIX = {
    "accounts": "acc", "identifiers": "idf", "sign_ins": "sin", "orders": "ord", "order_lines": "lin", "packed_serials": "psn",
    "cancellations": "can", "parcels": "par", "scans": "scn", "dock_arrivals": "dck", "return_authorisations": "rma",
    "receipts": "rcp", "inspections": "ins", "dispositions": "dsp", "stock_counts": "cnt", "resales": "rsl", "activations": "act",
    "status_claims": "stc", "refunds": "ref", "replacements": "rpl", "disputes": "dis", "claims": "clm", "claim_documents": "doc",
    "staff": "stf", "staff_sign_ins": "ssi", "staff_actions": "sac", "support_contacts": "sup",
    "restrictions": "rst", "posts": "pst", "reviews": "rev",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Stamp:
    """The envelope of one fact per row: when it happened, who says so, when they wrote it down, and which rows there are.

    Times are microseconds UTC. Without `recorded` the source does not say; without `where` every row is a fact.
    """

    when: Ints
    source: str | Word
    recorded: Ints | None = None
    where: Flags | None = None
    offset: Ints | None = None

    def noted(self) -> Ints:
        """When the source wrote it down, NULL where it does not say."""
        return np.full(len(self.when), NULL) if self.recorded is None else self.recorded

    def rows(self, end: int) -> Ints:
        """The places of the rows that happen and become known before the end."""
        inside = (self.when < end) & (self.noted() < end)
        return np.flatnonzero(inside if self.where is None else inside & self.where)


class Book:
    """Collects the facts of a chunk; nothing that happens or becomes known at or after the window's end gets in."""

    def __init__(self, end: int) -> None:
        self._end = end
        self._schemas = {table: schema for table, schema in arrow_schemas().items() if table in _PREFIX}
        self._pages: dict[str, list[pa.Table]] = {}
        self._written: dict[str, int] = {}

    @property
    def schemas(self) -> dict[str, pa.Schema]:
        """The Arrow schema of every table that a world writes."""
        return self._schemas

    def add(self, table: str, stamp: Stamp, **columns: Column) -> None:
        """Take in one fact per row of the stamp; columns that are not named stay empty.

        Raises KeyError for a column that the fact does not have.
        """
        noted, rows = stamp.noted(), stamp.rows(self._end)
        schema = self._schemas[table]
        if unknown := set(columns) - set(schema.names):
            raise KeyError(f"{table} has no column {sorted(unknown)}")
        given: dict[str, Column] = {
            "id": "", "source": stamp.source, "occurred_at": stamp.when, "source_recorded_at": noted,
            "occurred_offset": stamp.offset, "known_at": np.where(noted == NULL, stamp.when, noted), **columns,
        }  # fmt: skip
        arrays = [arrow_column(given.get(field.name), field.type, rows) for field in schema]
        self._pages.setdefault(table, []).append(pa.Table.from_arrays(arrays, schema=schema))

    def flush(self) -> dict[str, pa.Table]:
        """Hand over what was collected, each table in order of time and with its fact ids, and begin afresh."""
        ready = {table: self._ordered(table, pa.concat_tables(pages)) for table, pages in sorted(self._pages.items())}
        self._pages = {}
        return ready

    def _ordered(self, table: str, facts: pa.Table) -> pa.Table:
        # Ordered by time alone: which theme wrote a row must not show in its place or its id.
        times = facts.column("occurred_at").to_numpy()
        facts = facts.take(np.argsort(times, kind="stable"))
        first = self._written.get(table, 0)
        self._written[table] = first + len(facts)
        number = np.arange(first, first + len(facts), dtype=np.int64)
        ids = Key(f"{_PREFIX[table]}-", number, width=9, plain=True).arrow(np.arange(len(facts)))
        return facts.set_column(0, facts.schema.field("id"), ids)
