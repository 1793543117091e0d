"""Erase the personal data of one fact, on record: the cells go, the salt goes, and what the log then says is that it was erased."""

from collections.abc import Sequence

import psycopg
from psycopg import RawCursor, sql

from beleg.facts.kinds.gate import Erasure
from beleg.facts.schema import arrow_schemas
from beleg.ledger.engines.base import INDEXED
from beleg.ledger.store.base import StoreError, Unit
from beleg.ledger.store.batch import Batch, Ready, rows_of
from beleg.ledger.store.tables import SALT

# What ties a fact to an order stays, as do the names of source and table; who it was about goes.
_STAYS = frozenset(INDEXED) - {"account_id", "login", "serial"} | {"source", "line_id"}


def personal(table: str) -> list[str]:
    """The columns of a table that an erasure empties unless told otherwise: text that may be empty and ties nothing together."""
    texts = [field.name for field in arrow_schemas()[table] if field.nullable and str(field.type) == "string"]
    return [name for name in texts if name not in _STAYS]


def erase(owner: str, erasure: Erasure, columns: Sequence[str] | None = None) -> None:
    """Empty columns of one fact and take its salt away, together with the fact that says so, in one transaction.

    Args:
        owner: the database, as its owner: the service may change nothing.
        erasure: which fact, and why.
        columns: what to empty; by default `personal`.

    Raises:
        StoreError: there is no such fact, or a column may not be empty.
    """
    table, fact_id = erasure.relation, erasure.fact_id
    schema = arrow_schemas().get(table)
    if schema is None:
        raise StoreError(f"table: got {table!r}, expected one of {', '.join(arrow_schemas())}")
    emptied = personal(table) if columns is None else list(columns)
    optional = {field.name for field in schema if field.nullable}
    if fixed := [name for name in emptied if name not in optional]:
        raise StoreError(f"{table}: {', '.join(fixed)} cannot be empty; these can: {', '.join(sorted(optional))}")
    batch = Batch([Ready(Unit(facts=(erasure,)), rows_of((erasure,)))])
    with psycopg.connect(owner, cursor_factory=RawCursor) as connection:
        batch.answered([connection.execute(text.encode(), values).fetchall() for text, values in batch.questions()])
        connection.execute(b"SET LOCAL beleg.erasing = 'on'")
        cells = sql.SQL(", ").join(sql.SQL("{} = NULL").format(sql.Identifier(name)) for name in [*emptied, SALT])
        update = sql.SQL("UPDATE beleg_rows.{} SET {} WHERE id = $1").format(sql.Identifier(table), cells)
        if not connection.execute(update, (fact_id,)).rowcount:
            raise StoreError(f"{table} {fact_id!r}: there is no such fact")
        if statement := batch.writing():
            batch.landed(connection.execute(statement[0].encode(), statement[1]).fetchall())
