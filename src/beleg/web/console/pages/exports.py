"""The list of cases to take away: CSV that no spreadsheet runs, and Parquet."""

import csv as formats
from io import BytesIO, StringIO
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from starlette.responses import Response

from beleg.web.console.context import Context
from beleg.web.console.pages import cases
from beleg.web.console.rows import FAR

_TEXT, _WHOLE = pa.string(), pa.int64()
_COLUMNS: dict[str, pa.DataType] = {
    "case": _TEXT, "state": _TEXT, "outcome": _TEXT, "assignee": _TEXT, "opened_at": _WHOLE, "due_at": _WHOLE,
    "currency": _TEXT, "at_stake": _WHOLE, "items": _WHOLE, "subjects": _TEXT,
}  # fmt: skip
SCHEMA = pa.schema(_COLUMNS)
RUNS = ("=", "+", "-", "@", "\t", "\r")  # what makes a spreadsheet take a cell for a formula


def table(context: Context) -> list[dict[str, Any]]:
    """A row per case and currency, with the list's filters; people under pseudonyms, moments in microseconds UTC."""
    found = []
    for row in cases.rows(context, cases.asked(context)):
        case = row.case
        subjects = " ".join(context.desk.pseudonym(kind, name) for kind, name in case.subjects)
        said = {
            "case": case.id,
            "state": case.state,
            "outcome": case.outcome,
            "assignee": case.assignee,
            "opened_at": case.opened_at,
        }
        said |= {"due_at": None if row.due_at == FAR else row.due_at, "items": len(case.items), "subjects": subjects}
        found += [{**said, "currency": code, "at_stake": amount} for code, amount in (case.at_stake() or {"": 0}).items()]
    return found


async def csv(context: Context) -> Response:
    """As CSV."""
    text = StringIO()
    writer = formats.DictWriter(text, SCHEMA.names, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows({name: _inert(value) for name, value in row.items()} for row in table(context))
    return _file(text.getvalue().encode("utf-8-sig"), "text/csv; charset=utf-8", "cases.csv")


async def parquet(context: Context) -> Response:
    """As Parquet."""
    raw = BytesIO()
    pq.write_table(pa.Table.from_pylist(table(context), schema=SCHEMA), raw)
    return _file(raw.getvalue(), "application/vnd.apache.parquet", "cases.parquet")


def _inert(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(RUNS) else value


def _file(body: bytes, kind: str, name: str) -> Response:
    return Response(body, media_type=kind, headers={"content-disposition": f'attachment; filename="{name}"'})
