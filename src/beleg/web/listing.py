"""Lists by cursor: a page of facts, newest first, and where the next one begins."""

import asyncio
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from typing import Any, Generic, TypeVar

import ibis
import msgspec
from msgspec import Struct

from beleg.web.endpoints import Call
from beleg.web.problems import ProblemError

MOST, USUAL = 200, 50

Item = TypeVar("Item")


class Page(Struct, Generic[Item], frozen=True, kw_only=True):
    """A page. Ask for the next one with `next` as the cursor; there is none without it."""

    items: tuple[Item, ...]
    next: str | None = None


async def listed(call: Call, table: str, wanted: Mapping[str, str]) -> Page[dict[str, Any]]:
    """A page of the facts of a table that have these values.

    Raises:
        ProblemError: the cursor or the limit is none.
    """
    limit, after = _limit(call), _after(call)
    async with call.service.prover.engine_free():
        rows = await asyncio.to_thread(_rows, call, table, wanted, limit + 1, after)
    more = len(rows) > limit
    last = rows[limit - 1] if more else None
    cursor = urlsafe_b64encode(msgspec.json.encode((last["known_at"], last["id"]))).decode() if last else None
    return Page(items=tuple(rows[:limit]), next=cursor)


def _rows(call: Call, table: str, wanted: Mapping[str, str], limit: int, after: tuple[int, str] | None) -> list[dict[str, Any]]:
    engine = call.service.store.engine
    t = engine.table(table).filter(lambda t: t.known_at.notnull())
    for name, value in wanted.items():
        t = t.filter(t[name] == value)
    if after is not None:
        t = t.filter((t.known_at < after[0]) | ((t.known_at == after[0]) & (t.id < after[1])))
    return engine.rows(t.order_by([ibis.desc("known_at"), ibis.desc("id")]).limit(limit)).to_pylist()


def _limit(call: Call) -> int:
    said = call.request.query_params.get("limit", str(USUAL))
    if not said.isascii() or not said.isdigit() or not 1 <= int(said[:9]) <= MOST:
        raise ProblemError("limit", 400, "The limit is none", f"a number from 1 to {MOST}")
    return int(said)


def _after(call: Call) -> tuple[int, str] | None:
    said = call.request.query_params.get("cursor")
    if said is None:
        return None
    try:
        return msgspec.json.decode(urlsafe_b64decode(said.encode()), type=tuple[int, str])
    except (ValueError, msgspec.DecodeError) as wrong:
        raise ProblemError("cursor", 400, "The cursor is none", "use `next` of the page before") from wrong
