"""Keeps what detectors say of the ledger up to date: it is audited aside now and then, and what changed among findings appended."""

import asyncio
import logging
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
import pyarrow as pa
from msgspec.structs import replace

from beleg.audit.result import AuditResult
from beleg.audit.watch import COMMAND, Look, Seen
from beleg.web import telemetry
from beleg.web.aside import AsideError, aside

# The first look comes soon after a start, so that somebody who installs this in the morning need not wait.
SOON = 120.0
# One that takes longer is broken off.
LONGEST = 4 * 3_600.0

_log = logging.getLogger("beleg.web")


class Watcher:
    """Looks at the ledger every so often.

    Args:
        look: what each look is asked; its moment and folder are set anew each time.
        minutes: how often; never, if 0.
        closed: what closed cases came to by now, as an audit reads it (`audit.closed`).
        shown: told of each answer.
        command: the process that does it.
    """

    def __init__(
        self,
        look: Look,
        minutes: int,
        closed: Callable[[], Awaitable[pa.Table]],
        shown: Callable[[AuditResult], None],
        command: tuple[str, ...] = COMMAND,
    ) -> None:
        self._look, self._every, self._closed, self._shown, self._command = look, 60.0 * minutes, closed, shown, command

    async def run(self) -> None:
        """Look, for as long as the service runs."""
        if not self._every:
            return
        await asyncio.sleep(min(SOON, self._every))
        while True:
            try:
                seen = await asyncio.wait_for(self.look(), LONGEST)
            except TimeoutError:
                seen = Seen(failed=f"it took longer than {LONGEST / 3600:.0f} hours and was broken off")
            except Exception:
                _log.exception("the ledger could not be audited")
                seen = Seen(failed="an error of ours, which the log tells")
            _tell(seen)
            await asyncio.sleep(self._every)

    async def look(self) -> Seen:
        """One look: how it ended."""
        closed = tuple((await self._closed()).to_pylist())
        with tempfile.TemporaryDirectory(prefix="beleg-") as work:
            look, last = replace(self._look, moment=time.time_ns() // 1000, work=work, closed=closed), Seen()

            def heard(seen: Seen) -> None:
                nonlocal last
                last = seen

            try:
                await aside(self._command, look, Seen, heard)
            except AsideError as broken:
                return Seen(failed=str(broken))
            if last.answer:
                self._shown(await asyncio.to_thread(_read, Path(last.answer)))
            return last if last.answer or last.busy or last.failed else Seen(failed="its process ended without an answer")


def _read(answer: Path) -> AuditResult:
    return msgspec.json.decode(answer.read_bytes(), type=AuditResult)


def _tell(seen: Seen) -> None:
    telemetry.LOOKS.labels("busy" if seen.busy else "failed" if seen.failed else "answered").inc()
    if seen.failed:
        _log.error("the ledger was not audited: %s", seen.failed)
    elif seen.answer:
        _log.info("the ledger was audited; %d new facts on findings", seen.fresh)
