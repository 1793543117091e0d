"""Kills a writing process and its database at random moments, and then holds the store against what was acknowledged."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from beleg.facts.schema import arrow_schemas
from beleg.ledger.log.note import Signer
from beleg.ledger.store.checkpoints import Checkpoints
from beleg.ledger.store.store import open_store
from beleg.ledger.store.verify import verify

TESTS = Path(__file__).parents[1]


class Writer:
    """A process that writes until it is killed; `acknowledged` grows while it does."""

    def __init__(self, folder: Path, run: str) -> None:
        command = [sys.executable, "-W", "ignore", "-m", "support.crash_writer", str(folder), run]
        self._process = subprocess.Popen(command, cwd=TESTS, stdout=subprocess.PIPE, text=True)
        self.acknowledged: list[str] = []
        self._listener = threading.Thread(target=self._listen)
        self._listener.start()
        self.wait_for(1)

    def _listen(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            if line.endswith("\n"):  # a kill may cut the last one
                self.acknowledged.append(line.strip())

    def wait_for(self, more: int) -> None:
        """Wait until so many more lines came."""
        goal, end = len(self.acknowledged) + more, time.monotonic() + 120
        while len(self.acknowledged) < goal:
            assert self._process.poll() is None, "the writer ended by itself"
            assert time.monotonic() < end, "the writer stands still"
            time.sleep(0.01)

    def kill(self) -> None:
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()
        self._listener.join()
        assert self._process.stdout
        self._process.stdout.close()


@contextmanager
def _writing(folder: Path, run: str) -> Iterator[Writer]:
    writer = Writer(folder, run)
    try:
        yield writer
    finally:
        writer.kill()


def kill_at_random(folder: Path, kills: int, seed: int) -> str:
    """Kill so many times, the process or its database; then check. Returns what was done, for people."""
    chance = random.Random(seed)
    heard: list[str] = []
    done = Counter[str]()
    restarts = []
    while sum(done.values()) < kills:
        began = time.monotonic()
        with _writing(folder, f"run{sum(done.values())}") as writer:
            restarts.append(time.monotonic() - began)
            for _ in range(chance.randint(1, 3)):
                writer.wait_for(chance.randint(20, 120))
                time.sleep(chance.random() * 0.05)
                if chance.random() < 0.5:
                    break
                os.kill(int((folder / "pg" / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
                done["database"] += 1
            writer.wait_for(1)
        done["process"] += 1
        heard += writer.acknowledged
    _hold(folder, [line for line in heard if line != "running"])
    slowest = f"a start took {sorted(restarts)[len(restarts) // 2]:.1f} s in the middle, {max(restarts):.1f} s at most"
    return f"seed {seed}: {dict(done)} kills, {len(heard)} facts acknowledged; {slowest}"


def _hold(folder: Path, acknowledged: list[str]) -> None:
    """Every acknowledged fact is there, none twice, and the log verifies."""
    store = open_store(folder)
    try:
        signer = Signer.kept("crash/log", folder / "log.key")
        note = Checkpoints(store.service, signer).make()
        found = verify(store.service, signer.verifier, note)
        assert found.whole, found.problems
        with psycopg.connect(store.service) as connection:
            tables = " UNION ALL ".join(f'SELECT id FROM beleg_rows."{table}"' for table in arrow_schemas())
            there = Counter(row[0] for row in connection.execute(tables))
            entries = connection.execute("SELECT count(*), count(DISTINCT (relation, fact_id)) FROM beleg_log.entries").fetchone()
            messages = connection.execute(
                "SELECT body, count(*) FROM beleg_log.outbox GROUP BY body HAVING count(*) > 2"
            ).fetchall()
    finally:
        store.close()
    assert acknowledged
    assert [fact for fact in acknowledged if there[fact] != 1] == []
    assert entries == (len(there), len(there))
    assert messages == []  # an order's two units tell once each, however often they were sent
