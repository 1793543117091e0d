"""The gate under load: closed and open loop, durable, with all rules and the log on; beside a bare durable insert and the disk.

Run: ``python -m bench.gate [orders] [rate] [workers] [history]``. With a history, so many other orders and their returns (eight
facts each) are in the embedded store beforehand. The service runs as ``beleg serve`` with its embedded store; this is the
generator. With workers, so many processes of the service share one PostgreSQL: the empty database that BELEG_DATABASE_URL names and
`beleg ledger migrate` brought up, else one from the wheel, started here. Its processor time is stated if it runs on this machine.
Processor time (user and system) of the service, its database and the generator is stated, since a shared machine's wall clock says
little: what one core would serve is a second of processor time divided by that of one answer.
"""

import asyncio
import gc
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import msgspec
import psycopg

from beleg.facts.registry import fact_types
from beleg.ledger.store.bulk import append
from beleg.ledger.store.embedded import Embedded
from beleg.ledger.store.migrate import migrate
from beleg.ledger.store.store import open_store

DAY = 86_400_000_000
PORT = 8471
CONNECTIONS, CROWD = 16, 600
# Claims come later than the facts they rest on: each process has so long for an order, in seconds, to see what came for it.
SETTLING = 0.0005
TICKS = os.sysconf("SC_CLK_TCK")


class Connection:
    """One kept-alive connection, with just enough HTTP to cost the machine little."""

    def __init__(self, key: str, port: int) -> None:
        self._port = port
        self._head = f"Host: gate\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\n"

    async def open(self) -> "Connection":
        """Connect."""
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        return self

    async def post(self, path: str, body: bytes, key: str) -> tuple[int, bytes]:
        """Send and wait for the answer: its status and body."""
        head = f"POST {path} HTTP/1.1\r\n{self._head}Idempotency-Key: {key}\r\nContent-Length: {len(body)}\r\n\r\n"
        self._writer.write(head.encode() + body)
        header = await self._reader.readuntil(b"\r\n\r\n")
        length = next(int(line[15:]) for line in header.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        return int(header[9:12]), await self._reader.readexactly(length)


def facts(order: str, at: int) -> list[dict[str, Any]]:
    """An order whose return came back as it should."""
    usual: dict[str, Any] = {"occurred_at": at, "source": "bench"}
    named = {"order_id": order, "line_id": "1"}
    parcel = {"parcel_id": f"{order}-P", "carrier": "Swift"}
    rows: list[tuple[str, dict[str, Any]]] = [
        ("orders", {"order_id": order, "account_id": f"A{hash(order) % 5000}", "currency": "EUR", "paid": 20000}),
        ("order_lines", named | {"article": "kettle", "quantity": 1, "paid": 20000, "currency": "EUR", "unit_weight": 1200}),
        ("return_authorisations", named | {"rma_id": f"{order}-M", "quantity": 1, "site": "RC1"}),
        ("parcels", parcel | {"order_id": order, "rma_id": f"{order}-M", "direction": "return", "to_postcode": "04109"}),
        ("scans", parcel | {"status": "accepted", "attested": True}),
        ("scans", parcel | {"status": "delivered", "postcode": "04109", "attested": True}),
        ("dock_arrivals", {"parcel_id": f"{order}-P", "site": "RC1", "actor": "dock"}),
        ("receipts", named | {"rma_id": f"{order}-M", "quantity": 1, "site": "RC1", "entry_mode": "scan", "actor": "receiver"}),
    ]
    return [usual | {"fact": table, "id": f"{order}-{number}"} | row for number, (table, row) in enumerate(rows)]


def claim(order: str) -> bytes:
    """What the shop asks."""
    said = {"refund_id": f"{order}-R", "order_id": order, "line_id": "1", "rma_id": f"{order}-M", "amount": 20000,
            "currency": "EUR", "trigger": "on_receipt", "channel": "web"}  # fmt: skip
    return json.dumps(said).encode()


Work = Callable[[Connection, int], Awaitable[None]]


async def closed(lines: Sequence[Connection], numbers: Iterator[int], work: Work) -> tuple[float, list[float]]:
    """Every connection asks as soon as it was answered: seconds, and each answer's latency."""
    took: list[float] = []

    async def one(line: Connection) -> None:
        for number in numbers:
            began = time.perf_counter()
            await work(line, number)
            took.append(time.perf_counter() - began)

    began = time.perf_counter()
    await asyncio.gather(*(one(line) for line in lines))
    return time.perf_counter() - began, took


async def opened(lines: Sequence[Connection], numbers: Sequence[int], rate: float, work: Work) -> list[float]:
    """Requests are due at fixed moments, whether or not those before were answered; latency counts from when each was due."""
    took: list[float] = []
    free: asyncio.Queue[Connection] = asyncio.Queue()
    for line in lines:
        free.put_nowait(line)

    async def one(number: int, due: float) -> None:
        line = await free.get()
        await work(line, number)
        free.put_nowait(line)
        took.append(time.perf_counter() - due)

    began = time.perf_counter()
    tasks = []
    for place, number in enumerate(numbers):
        due = began + place / rate
        if (wait := due - time.perf_counter()) > 0:
            await asyncio.sleep(wait)
        tasks.append(asyncio.create_task(one(number, due)))
    await asyncio.gather(*tasks)
    return took


def processor(pids: Sequence[int]) -> float:
    """Seconds of processor time these processes and those they started have used."""
    parents = {int(one.name): _stat(one.name) for one in Path("/proc").iterdir() if one.name.isdigit()}
    wanted = set(pids)
    grown = True
    while grown:
        more = {pid for pid, stat in parents.items() if stat and stat[0] in wanted} - wanted
        wanted, grown = wanted | more, bool(more)
    return sum(stat[1] for pid, stat in parents.items() if pid in wanted and stat)


def _stat(pid: str) -> tuple[int, float] | None:
    try:
        cells = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return int(cells[1]), (int(cells[11]) + int(cells[12]) + int(cells[13]) + int(cells[14])) / TICKS


def disk(folder: Path) -> float:
    """How often a second this disk makes a kilobyte durable."""
    with (folder / "disk").open("wb") as file:
        began = time.perf_counter()
        for _ in range(500):
            file.write(b"x" * 1024)
            file.flush()
            os.fdatasync(file.fileno())
        return 500 / (time.perf_counter() - began)


def shown(name: str, many: int, took: list[float], seconds: float, used: dict[str, float]) -> None:
    """One line of the table."""
    took.sort()
    p50, p99, worst = (took[min(len(took) - 1, int(len(took) * share))] * 1000 for share in (0.5, 0.99, 0.999))
    cost = ", ".join(f"{who} {1e6 * spent / many:,.0f}" for who, spent in used.items())
    serving = used["service"] + used["database"]
    print(f"{name:26} {many / seconds:8,.0f}/s   p50 {p50:6.1f}  p99 {p99:6.1f}  p99.9 {worst:6.1f} ms")
    print(f"{'':26} processor time an answer, us: {cost}; two cores of it: {2 * many / serving:,.0f}/s")


async def main() -> None:
    """Print the table."""
    orders = int(sys.argv[1]) if len(sys.argv) > 1 else 6_000
    rate = float(sys.argv[2]) if len(sys.argv) > 2 else 1_500
    workers = int(sys.argv[3]) if len(sys.argv) > 3 else 0
    history = int(sys.argv[4]) if len(sys.argv) > 4 else 0
    gc.disable()  # a pause of the generator is no latency of the gate
    with tempfile.TemporaryDirectory(prefix="beleg-bench-") as made:
        folder = Path(made)
        folder.chmod(0o755)
        how = f"{workers} workers on PostgreSQL" if workers else "embedded"
        print(f"{how}, {orders:,} orders, {CONNECTIONS} connections, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
        print(f"the disk: {disk(folder):,.0f} durable writes/s one by one")
        with ExitStack() as held:
            address = held.enter_context(database(folder)) if workers else ""
            if history:
                remember(folder, history)
            first, key = serve(folder, address, held)
            services = [first, *(serve(folder, address, held, number)[0] for number in range(1, workers))]
            pids = [postmaster(address)] if workers else [int((folder / "store" / "pg" / "postmaster.pid").read_text().split()[0])]
            await measure([one.pid for one in services], [pid for pid in pids if pid], key, orders, rate)


@contextmanager
def database(folder: Path) -> Iterator[str]:
    """The address of an empty database that is brought up, as the service's role."""
    if named := os.environ.get("BELEG_DATABASE_URL"):
        yield named
        return
    with Embedded(folder / "server") as server:
        migrate(server.owner)
        yield server.service


def remember(folder: Path, orders: int) -> None:
    """Put a year of other orders into the store that will be served."""
    store = open_store(folder / "store")
    year = 365 * DAY
    first, began = time.time_ns() // 1000 - year, time.perf_counter()
    rows = (row for number in range(orders) for row in facts(f"H{number}", first + number * year // orders))
    append(store.service, (msgspec.convert(row, fact_types()[row["fact"]]) for row in rows))
    store.close()
    print(f"a history of {8 * orders:,} facts written in {time.perf_counter() - began:.0f} s")


def postmaster(address: str) -> int | None:
    """The process that all of this database's belong to, if it runs on this machine."""
    with psycopg.connect(address) as connection:
        stat = _stat(str(connection.info.backend_pid))
    return stat[0] if stat else None


def serve(folder: Path, address: str, held: ExitStack, number: int = 0) -> tuple["subprocess.Popen[str]", str]:
    """A process of the service that is stopped with `held`, and the store's first key, which the first one tells."""
    command = [sys.executable, "-c", "from beleg.cli import main; main()", "serve", "--port", str(PORT + number)]
    command += [] if address else ["--folder", str(folder / "store")]
    environment = os.environ | {"BELEG_RATE": "1000000/second"} | ({"BELEG_DATABASE_URL": address} if address else {})
    service = subprocess.Popen(command, stderr=subprocess.DEVNULL if number else subprocess.PIPE, text=True, env=environment)
    held.callback(service.wait, 30)
    held.callback(service.terminate)
    for line in service.stderr or ():
        if "beleg_first_" in line:
            threading.Thread(target=deque, args=[service.stderr, 0], daemon=True).start()  # else its pipe fills up
            return service, line.rsplit(" ", 1)[1].strip()
    if number:
        return service, ""
    raise SystemExit("the service did not start, or its database is not empty")


async def measure(services: Sequence[int], databases: Sequence[int], key: str, orders: int, rate: float) -> None:
    """Fill the store, then every loop. The processes of the service and the database's first one are measured."""
    while True:
        try:
            lines = [await Connection(key, PORT + number % len(services)).open() for number in range(CONNECTIONS)]
            break
        except OSError:
            await asyncio.sleep(0.1)
    at = time.time_ns() // 1000 - 5 * DAY
    began = time.perf_counter()
    every = orders + orders // 2
    for first in range(0, every, 100):
        rows = [fact for number in range(first, min(first + 100, every)) for fact in facts(f"O{number}", at)]
        status, body = await lines[0].post("/v1/facts", json.dumps({"facts": rows}).encode(), f"fill {first}")
        assert status == 202, body
    print(f"filled with {8 * every:,} facts in {time.perf_counter() - began:.0f} s")
    await asyncio.sleep(SETTLING * every * len(services))
    said: Counter[str] = Counter()

    async def decide(line: Connection, number: int) -> None:
        status, body = await line.post("/v1/refund-decisions", claim(f"O{number}"), f"{number}.0")
        said[f"{status} {json.loads(body).get('decision')}"] += 1

    async def insert(line: Connection, number: int) -> None:
        fact = {"fact": "staff_actions", "id": f"bare {number}", "source": "bench", "login": "l", "action": "view"}
        status, _ = await line.post("/v1/facts", json.dumps({"facts": [fact]}).encode(), f"bare {number}")
        assert status == 202

    async def loop(name: str, many: int, run: Callable[[], Awaitable[list[float]]]) -> None:
        before = processor(services), processor(databases), time.process_time()
        began = time.perf_counter()
        took = await run()
        seconds = time.perf_counter() - began
        after = processor(services), processor(databases), time.process_time()
        used = dict(zip(("service", "database", "generator"), (b - a for a, b in zip(before, after, strict=True)), strict=True))
        shown(name, many, took, seconds, used)

    half = orders // 2

    async def closed_loop(numbers: range, work: Work) -> list[float]:
        return (await closed(lines, iter(numbers), work))[1]

    await loop("bare insert, closed", half, lambda: closed_loop(range(half), insert))
    began = time.perf_counter()
    await loop("decisions, closed", half, lambda: closed_loop(range(half), decide))
    most = half / (time.perf_counter() - began)
    await loop(f"decisions, open {rate:,.0f}/s", orders - half, lambda: opened(lines, range(half, orders), rate, decide))
    print("answers:", dict(said))
    await overloaded(key, len(services), range(orders, orders + half), 2 * most)


async def overloaded(key: str, services: int, numbers: range, rate: float) -> None:
    """What is answered, and how fast, when twice as much is asked as there is time for, by many who do not wait for each other."""
    lines = [await Connection(key, PORT + number % services).open() for number in range(CROWD)]
    took: dict[int, list[float]] = {}
    said: Counter[str] = Counter()

    async def ask(line: Connection, number: int) -> None:
        began = time.perf_counter()
        status, body = await line.post("/v1/refund-decisions", claim(f"O{number}"), f"{number}.0")
        took.setdefault(status, []).append(time.perf_counter() - began)
        said[f"{status} {json.loads(body).get('decision')}"] += 1

    began = time.perf_counter()
    await opened(lines, numbers, rate, ask)
    print(f"twice that, {rate:,.0f}/s from {CROWD} connections for {time.perf_counter() - began:.1f} s: {dict(said)}")
    for status, every in sorted(took.items()):
        every.sort()
        p50, p99 = (1000 * every[min(len(every) - 1, int(len(every) * share))] for share in (0.5, 0.99))
        print(f"{'':26} {status}: {len(every):,}, p50 {p50:.1f}  p99 {p99:.1f} ms")


if __name__ == "__main__":
    asyncio.run(main())
