"""Small ledgers as rows: read from short notation, then shuffled, cut, blanked or renamed as a law wants it."""

import random
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, time
from itertools import count
from typing import Any

import msgspec
import pyarrow as pa

from beleg.facts.registry import fact_types
from beleg.facts.schema import arrow_schemas

Row = dict[str, Any]
Ledger = dict[str, list[Row]]

# What a row leaves out is as usual.
USUAL: Row = {
    "order_id": "O1", "line_id": "1", "account_id": "A1", "quantity": 1, "currency": "EUR", "carrier": "Swift", "site": "RC1",
}  # fmt: skip
_SOURCES = {
    "scans": "carrier", "receipts": "warehouse", "dock_arrivals": "warehouse", "inspections": "warehouse",
    "dispositions": "warehouse", "stock_counts": "warehouse", "refunds": "payments", "disputes": "payments", "staff": "roster",
}  # fmt: skip
_SHORT = {"at": "occurred_at", "recorded": "source_recorded_at"}

# Columns that hold pseudonyms: whose value means nothing but "the same one".
PSEUDONYMS = {
    "id", "account_id", "value", "device", "ip", "order_id", "line_id", "article", "payment", "serial", "rma_id", "claim_id",
    "refund_id", "replacement_id", "dispute_id", "instrument", "text", "content", "picture", "number", "parcel_id",
    "tracking_code", "signed_by", "lpn", "login", "person", "actor", "requester", "approver", "session", "site", "to_site",
    "station", "carrier", "manifest", "contact", "network", "manager", "location", "facility",
}  # fmt: skip


def micros(moment: datetime | date) -> int:
    """A moment as facts hold it; one without an offset is UTC, one without a time is midnight."""
    whole = moment if isinstance(moment, datetime) else datetime.combine(moment, time())
    aware = whole if whole.tzinfo else whole.replace(tzinfo=UTC)
    return int(aware.timestamp()) * 1_000_000


def read(tables: Mapping[str, Iterable[Row]], given: Row | None = None) -> Ledger:
    """Facts from short notation: a wrong table, field, word or type is an error.

    A row may say `at` and `recorded`; an empty text leaves a field out that would be as usual or as given; an id that is not
    given is the table's name and a number: the first receipt is ``receipt-1``. Order lines are as old as their order.
    """
    ledger: Ledger = {}
    for table, rows in tables.items():
        fact = fact_types()[table]
        ledger[table] = [_row(fact, table, number, {**USUAL, **(given or {})}, row) for number, row in enumerate(rows, 1)]
    placed = {row["order_id"]: row["occurred_at"] for row in ledger.get("orders", ())}
    for row in ledger.get("order_lines", ()):
        if row["occurred_at"] is None:
            row["occurred_at"] = row["known_at"] = placed.get(row["order_id"])
    return ledger


def _row(fact: type, table: str, number: int, usual: Row, written: Row) -> Row:
    names = fact.__struct_fields__
    cells = {name: value for name, value in usual.items() if name in names}
    cells |= {_SHORT.get(name, name): micros(value) if isinstance(value, date) else value for name, value in written.items()}
    cells = {name: value for name, value in cells.items() if value != ""}
    cells.setdefault("id", f"{table.removesuffix('s')}-{number}")
    cells.setdefault("source", _SOURCES.get(table, "shop"))
    cells.setdefault("known_at", cells.get("source_recorded_at", cells.get("occurred_at")))
    return msgspec.structs.asdict(msgspec.convert(cells, fact))


def joined(*ledgers: Ledger) -> Ledger:
    """All facts of several ledgers in one; an id that two of them use is an error."""
    tables = {table for ledger in ledgers for table in ledger}
    whole = {table: [row for ledger in ledgers for row in ledger.get(table, ())] for table in sorted(tables)}
    for table, rows in whole.items():
        if twice := [one for one, times in Counter(row["id"] for row in rows).items() if times > 1]:
            raise ValueError(f"{table}: two facts share the id {twice[0]!r}")
    return whole


def arrow(ledger: Ledger) -> dict[str, pa.Table]:
    """Every table of facts, empty where the ledger has none."""
    return {table: pa.Table.from_pylist(ledger.get(table, []), schema=schema) for table, schema in arrow_schemas().items()}


def changed(ledger: Ledger, change: Callable[[str, Row], Row]) -> Ledger:
    """Every row replaced by what `change` makes of it, given its table."""
    return {table: [change(table, row) for row in rows] for table, rows in ledger.items()}


def renamed(ledger: Ledger, name: Callable[[str], str]) -> Ledger:
    """All pseudonyms renamed."""

    def one(_: str, row: Row) -> Row:
        return {key: name(value) if key in PSEUDONYMS and isinstance(value, str) else value for key, value in row.items()}

    return changed(ledger, one)


def shuffled(ledger: Ledger, seed: int) -> Ledger:
    """The same rows in another order."""
    chance = random.Random(seed)
    return {table: chance.sample(rows, len(rows)) for table, rows in ledger.items()}


def cut(ledger: Ledger, moment: int) -> Ledger:
    """What was known by then; a fact whose time nobody knows was always there."""
    return {table: [row for row in rows if row["known_at"] is None or row["known_at"] <= moment] for table, rows in ledger.items()}


def blanked(ledger: Ledger, column: str) -> Ledger:
    """Without any value in this column, in every table that may leave it empty."""
    empty = {table for table, schema in arrow_schemas().items() if column in schema.names and schema.field(column).nullable}
    return changed(ledger, lambda table, row: row | {column: None} if table in empty else row)


def scattered(ledger: Ledger, column: str) -> Ledger:
    """With a value of its own in every place of this column that `blanked` would empty: nobody shares anything there."""
    numbers = count()
    empty = {table for table, schema in arrow_schemas().items() if column in schema.names and schema.field(column).nullable}
    return changed(
        ledger,
        lambda table, row: row | {column: f"nobody {next(numbers)}"} if table in empty and row[column] is not None else row,
    )


def ids(ledger: Ledger) -> set[str]:
    """The ids of all facts."""
    return {row["id"] for rows in ledger.values() for row in rows}
