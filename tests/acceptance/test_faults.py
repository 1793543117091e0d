"""The database killed under load, away, out of space: the service says when to come again, loses nothing, and recovers."""

import itertools
import os
import shutil
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import httpx
import psycopg
import pytest

from beleg.ledger.store.embedded import Embedded, running
from support.services import Worker, workers
from support.stores import database, folder
from support.stores import server as started

CLIENTS = 8
PATIENCE = 120.0  # seconds until the service has to work again


class Load:
    """Clients that write facts without end, send again what was refused, and remember what was acknowledged."""

    def __init__(self, worker: Worker, padding: int = 0) -> None:
        self._worker, self._padding = worker, padding
        self._stop = threading.Event()
        self.acknowledged: list[str] = []
        self.seen: Counter[int] = Counter()
        self.wrong: list[str] = []
        self._threads = [threading.Thread(target=self._run, args=(number,)) for number in range(CLIENTS)]
        for one in self._threads:
            one.start()

    def _run(self, number: int) -> None:
        with closing(self._worker.client()) as client:
            for step in itertools.count():
                name = f"{number}-{step}"
                while not self._stop.is_set():
                    if self._sent(client, name):
                        self.acknowledged.append(name)
                        break
                if self._stop.is_set():
                    return

    def _sent(self, client: httpx.Client, name: str) -> bool:
        fact = {"fact": "staff_actions", "id": name, "source": "load", "login": "l", "action": "view" + "x" * self._padding}
        told = client.post("/v1/facts", json={"facts": [fact]}, headers={"idempotency-key": name})
        self.seen[told.status_code] += 1
        if told.status_code == 503:
            if not told.headers.get("retry-after"):
                self.wrong.append("a 503 without Retry-After")
            self._stop.wait(0.2)
        elif told.status_code != 202:
            self.wrong.append(f"{told.status_code} {told.text[:300]}")
        return told.status_code == 202

    def until(self, status: int, more: int = 20) -> None:
        """Wait until so many more answers bear this status."""
        goal, end = self.seen[status] + more, time.monotonic() + PATIENCE
        while self.seen[status] < goal:
            assert time.monotonic() < end, f"no more {status} came: {self.seen} {self.wrong[:3]}"
            time.sleep(0.05)

    def stop(self) -> None:
        self._stop.set()
        for one in self._threads:
            one.join()


@contextmanager
def loaded(worker: Worker, padding: int = 0) -> Iterator[Load]:
    load = Load(worker, padding)
    try:
        yield load
    finally:
        load.stop()


def hold(load: Load, address: str) -> str:
    """Every acknowledged fact is there, none twice, and no answer was anything but yes or come again."""
    assert load.wrong == [], load.wrong[:3]
    with psycopg.connect(address) as connection:
        there = Counter(row[0] for row in connection.execute("SELECT id FROM beleg_rows.staff_actions"))
        entries = connection.execute("SELECT fact_id FROM beleg_log.entries WHERE relation = 'staff_actions'").fetchall()
    assert [name for name in load.acknowledged if there[name] != 1] == []
    assert Counter(row[0] for row in entries) == there
    return f"{len(load.acknowledged)} facts acknowledged and there, answers {dict(load.seen)}"


def postmaster(data: Path) -> int:
    return int((data / "postmaster.pid").read_text().split()[0])


def test_the_embedded_database_killed_under_load_comes_back_by_itself() -> None:
    with folder() as made, workers(1, {"BELEG_STORE": str(made / "store")}) as (worker,):
        with loaded(worker) as load:
            for _ in range(4):
                load.until(202)
                os.kill(postmaster(made / "store" / "pg"), signal.SIGKILL)
            load.until(202, 200)
        address = running(made / "store")
        assert address
        print("killed 4 times:", hold(load, address))


def test_a_database_away_for_a_minute() -> None:
    """A server of its own is stopped as an administrator would, and started again after a minute."""
    with started() as server, database(server) as (_, address), workers(1, {"BELEG_DATABASE_URL": address}) as (worker,):
        with loaded(worker) as load:
            load.until(202)
            os.kill(postmaster(server.folder / "pg"), signal.SIGINT)  # a fast shutdown
            load.until(503)
            away(server, 60)
            load.until(202, 200)
        print("away for a minute:", hold(load, address))


def test_the_process_that_writes_for_the_others_stands_still_and_is_killed() -> None:
    """Two others are sent the same facts all the while, so that each fact is written for, and by, whoever comes first."""
    with started() as server, database(server) as (_, address):
        environment = {"BELEG_DATABASE_URL": address}
        with workers(3, environment) as every:
            with loaded(every[1]) as one, loaded(every[2]) as other:

                def go_on() -> None:
                    for load in (one, other):
                        load.until(202, 100)

                go_on()
                writer = every[0].process.pid
                os.kill(writer, signal.SIGSTOP)
                go_on()
                os.kill(writer, signal.SIGCONT)
                go_on()
                every[0].kill()
                every[0] = Worker(environment, every[1].key)
                go_on()
            every[0].client().close()
            print("the writer stopped and killed:", hold(one, address), "and", hold(other, address))


def away(server: Embedded, seconds: float) -> None:
    time.sleep(seconds)
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        with suppress(OSError):
            return server.ensure_running()
        time.sleep(0.5)
    raise AssertionError("the database does not start")


@pytest.fixture
def small() -> Iterator[Path]:
    """A file system of its own that is soon full."""
    with folder() as made:
        place = made / "small"
        place.mkdir()
        mounted = shutil.which("mount") and subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=200m,mode=755", "tmpfs", str(place)], capture_output=True, check=False
        )
        if not mounted or mounted.returncode != 0:
            pytest.skip("a small file system needs the right to mount one")
        try:
            yield place
        finally:
            subprocess.run(["umount", "-l", str(place)], check=True)


def fill(file: Path) -> None:
    """Take what room there is."""
    with file.open("wb", buffering=0) as rest, suppress(OSError):
        while True:
            rest.write(bytes(1 << 14))


def test_a_full_disk_refuses_and_works_again_once_there_is_room(small: Path) -> None:
    with workers(1, {"BELEG_STORE": str(small / "store")}) as (worker,):
        with loaded(worker, padding=9_000) as load:
            load.until(202)
            fill(small / "other people's files")
            load.until(503)
            with closing(worker.client()) as client:
                assert client.get("/healthz").status_code == 200
            (small / "other people's files").unlink()
            load.until(202, 200)
        address = running(small / "store")
        assert address
        print("a full disk:", hold(load, address))
    assert running(small / "store") is None, "told to stop, the service stops its database"
