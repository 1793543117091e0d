"""The ledger's rates on one embedded store: bulk append, releases in shared transactions, a checkpoint, verification.

Run: ``python -m bench.ledger [facts]``. Each line has the wall clock and, as a machine may be shared, the processor time of this
process and of the database's; both work at the same time, so the slower of the two is the limit on two free cores.
"""

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pyarrow.parquet as pq

from beleg.facts.base import Fact
from beleg.facts.kinds.gate import Decision, Reservation
from beleg.facts.kinds.orders import Order
from beleg.facts.registry import fact_types
from beleg.ledger.log.note import Signer
from beleg.ledger.store.base import Key, Message, Unit
from beleg.ledger.store.bulk import append
from beleg.ledger.store.checkpoints import Checkpoints
from beleg.ledger.store.embedded import SERVICE
from beleg.ledger.store.store import Store, open_store
from beleg.ledger.store.verify import verify
from beleg.world import WorldParameters, write_world

SEED, ORDERS, RELEASES, CLIENTS = 7, 2_000, 6_000, 64


def main() -> None:
    """Print one line per rate."""
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 300_000
    print(f"seed {SEED}, {wanted:,} facts")
    with tempfile.TemporaryDirectory(prefix="beleg-bench-") as made:
        facts = _world(Path(made) / "world")
        store = open_store(Path(made) / "store")
        try:
            _run(store, facts, wanted, Path(made) / "log.key")
        finally:
            store.close()


def _run(store: Store, facts: list[Fact], wanted: int, key: Path) -> None:
    backends = _Backends()
    with _measured("bulk append", wanted, backends):
        append(store.service, _many(facts, wanted), lambda _done: backends.look())
    with _measured("releases, 64 clients", RELEASES, backends):
        asyncio.run(_release(store, backends))
    signer = Signer.kept("bench/log", key)
    with _measured("checkpoint, tree from nothing", wanted, backends):
        note = Checkpoints(store.service, signer).make()
    with _measured("verify", wanted, backends):
        found = verify(store.service, signer.verifier, note, lambda _step, _share: backends.look())
    print(f"verified {found.entries:,} entries, whole: {found.whole}")


def _world(folder: Path) -> list[Fact]:
    write_world(folder, WorldParameters(seed=SEED, orders=ORDERS))
    kinds = fact_types()
    return [kinds[path.stem](**row) for path in sorted(folder.glob("*.parquet")) for row in pq.read_table(path).to_pylist()]


def _many(facts: list[Fact], wanted: int) -> Iterator[Fact]:
    for number in range(wanted):
        again, at = divmod(number, len(facts))
        yield msgspec.structs.replace(facts[at], id=f"{again}:{facts[at].id}")


async def _release(store: Store, backends: "_Backends") -> None:
    limit = asyncio.Semaphore(CLIENTS)

    async def one(number: int) -> None:
        async with limit:
            await store.commit(_unit(number))
            if number % 500 == 0:
                backends.look()

    async with store.running():
        paid = [Order(id=f"order {n}", source="bench", order_id=f"B{n}", currency="EUR", paid=1000) for n in range(RELEASES)]
        await store.commit(Unit(facts=tuple(paid)))
        await asyncio.gather(*(one(number) for number in range(RELEASES)))


def _unit(number: int) -> Unit:
    order, name = f"B{number}", f"release {number}"
    decision = Decision(
        id=name, source="gate", request_id=name, slice_id=f"{order}//R", order_id=order, amount=900, currency="EUR",
        outcome="release", policy="bench", policy_version="1", reason="all proofs are there",
    )  # fmt: skip
    reservation = Reservation(
        id=f"{name} money", source="gate", decision_id=name, slice_id=f"{order}//R", order_id=order, amount=900, currency="EUR",
        expires_at=1 << 52,
    )  # fmt: skip
    return Unit(facts=(decision, reservation), key=Key("bench", name, b"body"), answer=b"{}", messages=(Message("shop", b"{}"),))


class _Backends:
    """Processor seconds of the database's processes that serve us, as they were last seen."""

    def __init__(self) -> None:
        self._seen: dict[str, float] = {}

    def look(self) -> None:
        """Look now: a process is gone once its connection is closed."""
        for process in Path("/proc").glob("[0-9]*"):
            try:
                if SERVICE.encode() in (process / "cmdline").read_bytes():
                    cells = (process / "stat").read_text().rpartition(")")[2].split()
                    self._seen[process.name] = (int(cells[11]) + int(cells[12])) / os.sysconf("SC_CLK_TCK")
            except OSError:
                continue

    def seconds(self) -> float:
        """All that was seen."""
        return sum(self._seen.values())


@contextmanager
def _measured(what: str, many: int, backends: _Backends) -> Iterator[None]:
    wall, mine, theirs = time.perf_counter(), time.process_time(), backends.seconds()
    yield
    wall, mine, theirs = time.perf_counter() - wall, time.process_time() - mine, backends.seconds() - theirs
    rate = many / max(mine, theirs)
    each = f"{mine / many * 1e6:6.1f} us here, {theirs / many * 1e6:6.1f} us in the database each"
    print(f"{what:30} {many / wall:10,.0f}/s wall; {each}: {rate:10,.0f}/s of processor time")


if __name__ == "__main__":
    main()
