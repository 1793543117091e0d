"""The demo's console: the audited year appended to a ledger of its own, and the console opened over it."""

import asyncio
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from beleg.audit.result import AuditResult
from beleg.audit.settings import pseudonym_key
from beleg.commands.console import listen
from beleg.commands.telling import bar
from beleg.connect import read
from beleg.facts.kinds.operators import Role
from beleg.ledger.store.bulk import append_tables
from beleg.ledger.store.settings import settings
from beleg.ledger.store.store import Store, open_store
from beleg.web.console import signing
from beleg.web.console.app import console as application
from beleg.web.console.checking import Checker
from beleg.web.console.settings import ConsoleSettings

PORT = 8401
# Everything in one pair of hands, as nobody here is real; a shop divides these.
ROLES: tuple[Role, ...] = ("administrator", "auditor", "investigator")


def open_console(folder: Path, result: AuditResult, key: bytes) -> None:
    """Fill a ledger with the year and its findings, then answer until Ctrl-C.

    Args:
        folder: the demo's; its exports lie in ``year``, the audit's findings in ``report``.
        result: the audit's answer.
        key: what the audit made its pseudonyms with.
    """
    chosen = settings(str(folder / "store"))
    with _opened(chosen.where) as store:
        for exports in (folder / "year", folder / "report" / "*.parquet"):
            _append(store, str(exports), key)
        wanted = ConsoleSettings(
            origin=f"http://localhost:{PORT}",
            key=pseudonym_key(folder / "console.key"),
            pseudonyms=key,
            answer=result,
            staff=True,
        )
        checker = Checker(store.service, chosen.signer().verifier)
        asyncio.run(_serve(store, wanted, checker))


@contextmanager
def _opened(where: str) -> Iterator[Store]:
    store = open_store(where)
    try:
        yield store
    finally:
        store.close()


def _append(store: Store, exports: str, key: bytes) -> None:
    with tempfile.TemporaryDirectory(prefix="beleg-") as work, bar() as (progress, task):
        intake = read(exports, None, Path(work), lambda step, _: progress.update(task, description=step), secret=key)
        append_tables(store.service, intake.tables, lambda share: progress.update(task, description="appending", completed=share))


async def _serve(store: Store, wanted: ConsoleSettings, checker: Checker) -> None:
    async with store.running():
        app = application(store, wanted, checker=checker)
        await app.state.site.desk.refresh()
        secret = await signing.invite(app.state.site.desk, "you", list(ROLES), None)
        said = Console(highlight=False, soft_wrap=True)
        said.print(f"The console, where its cases are worked on: {wanted.origin}/enrol?secret={secret}")
        await listen(app, PORT)
