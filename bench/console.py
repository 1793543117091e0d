"""How long the console's pages take, over a store with many refunds and cases.

Run: ``python -m bench.console --refunds 1000000 --cases 10000``; with a million, filling the store takes most of the time.
"""

import argparse
import asyncio
import secrets
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
from starlette.responses import Response

from beleg.facts.base import Fact
from beleg.facts.kinds.findings import Finding
from beleg.facts.kinds.money import Refund
from beleg.facts.kinds.operators import OperatorRole
from beleg.facts.kinds.orders import Order, OrderLine
from beleg.ledger.store.bulk import append
from beleg.ledger.store.store import open_store
from beleg.web.console.app import console
from beleg.web.console.desk import now
from beleg.web.console.session import COOKIE
from beleg.web.console.settings import ConsoleSettings

ORIGIN = "http://localhost"
RUNS = 40


def made(refunds: int, cases: int) -> Iterator[Fact]:
    """So many orders, all refunded, a finding on each of the first ones, three to a customer, and one person who may look."""
    start = now()
    said: dict[str, Any] = {"source": "bench", "known_at": start, "ingested_at": start}
    yield OperatorRole(id="role", **said, login="ivo", role="investigator", granted=True)
    for number in range(refunds):
        name, customer = f"O{number}", f"C{number // 3}"
        of = said | {"occurred_at": start, "order_id": name, "account_id": customer, "currency": "EUR"}
        yield Order(id=f"order {number}", **of, paid=9_900)
        yield OrderLine(id=f"line {number}", **of, line_id="1", article="kettle", quantity=1, paid=9_900)
        yield Refund(id=f"refund {number}", **of, line_id="1", refund_id=f"R{number}", amount=1_000 + number % 8_900)
        if number < 3 * cases:
            yield Finding(
                id=f"finding {number}", **said, detector="receipt_without_arrival", version="1", subject_kind="slice",
                subject=f"{name}/1/R{number}", family="journey", amount=1_000 + number % 8_900, currency="EUR",
            )  # fmt: skip


async def measured(folder: Path, refunds: int, cases: int) -> None:
    """Fill a store, open the console on it, and ask for its pages."""
    store = open_store(folder)
    try:
        began = time.monotonic()
        append(store.service, made(refunds, cases))
        sys.stdout.write(f"{refunds:,} refunds, {cases:,} cases written in {time.monotonic() - began:.1f} s\n")
        async with store.running():
            app = console(store, ConsoleSettings(origin=ORIGIN, key=secrets.token_bytes(32), pseudonyms=secrets.token_bytes(32)))
            desk = app.state.site.desk
            began, used = time.monotonic(), time.process_time()
            await desk.refresh()
            folded = f"{time.monotonic() - began:.1f} s, {time.process_time() - used:.1f} s of processor"
            sys.stdout.write(f"folded into {len(desk.rows):,} cases in {folded}\n")
            response = Response()
            app.state.site.sessions.begin(response, "ivo", now())
            value = response.headers["set-cookie"].partition(";")[0].partition("=")[2]
            transport = httpx.ASGITransport(app=app)
            async with httpx.AsyncClient(transport=transport, base_url=ORIGIN, cookies={COOKIE: value}, timeout=60) as http:
                await _pages(http, next(iter(desk.rows)).id)
    finally:
        store.close()


async def _pages(http: httpx.AsyncClient, case: str) -> None:
    sys.stdout.write("| page | median | p95 | processor | bytes |\n|---|---|---|---|---|\n")
    for page in (
        "/",
        "/cases",
        "/cases?state=all&order=money&page=20",
        f"/case/{case}",
        "/refund/O7/1/R7",
        "/search?q=O77",
        "/programme",
    ):
        taken, used, size = [], [], 0
        for _ in range(RUNS):
            began, spent = time.perf_counter(), time.process_time()
            answer = await http.get(page)
            taken.append(1_000 * (time.perf_counter() - began))
            used.append(1_000 * (time.process_time() - spent))
            size = len(answer.content)
            if answer.status_code not in {200, 303}:
                raise RuntimeError(f"{page}: got {answer.status_code}")
        late = sorted(taken)[int(0.95 * RUNS)]
        cells = f"{statistics.median(taken):.0f} ms | {late:.0f} ms | {statistics.median(used):.0f} ms | {size:,}"
        sys.stdout.write(f"| `{page if case not in page else '/case/…'}` | {cells} |\n")


def main() -> None:
    """Run it."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--refunds", type=int, default=100_000)
    asked.add_argument("--cases", type=int, default=10_000)
    given = asked.parse_args()
    with tempfile.TemporaryDirectory(prefix="beleg-bench-") as folder:
        Path(folder).chmod(0o755)
        asyncio.run(measured(Path(folder) / "store", given.refunds, given.cases))


if __name__ == "__main__":
    main()
