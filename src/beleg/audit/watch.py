"""Audits what a ledger holds and appends what changed among its findings; also a process of its own, that gives way to the gate."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pyarrow as pa

from beleg.audit.pipeline import Audit
from beleg.audit.result import AuditResult
from beleg.audit.settings import AuditSettings
from beleg.audit.trial import NICE
from beleg.detect.judged import CLOSED
from beleg.facts.told import ToldError
from beleg.ledger.engines.base import EngineError
from beleg.ledger.store.base import StoreError
from beleg.ledger.store.bulk import append_tables
from beleg.ledger.store.turn import one_at_a_time

COMMAND = (sys.executable, "-m", "beleg.audit.watch")

# Two audits of one ledger at a time would both append what is new.
TURN = "beleg findings"

Progress = Callable[[str, float], None]


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """What to do: the ledger's address, the moment to speak of in microseconds, and what an audit is asked.

    `work` is a folder for files on the way, facts in the clear among them; it is the parent's. The audit's answer is written there.
    `closed` has the rows of what closed cases came to (`audit.closed`).
    """

    store: str
    key: bytes
    moment: int = 0
    work: str = ""
    staff: bool = False
    budget: int = 200
    weights: str = ""
    closed: tuple[dict[str, str | int | None], ...] = ()


class Seen(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of what comes out: a step and the share done, or how it ended.

    `answer` is the file of the audit's answer; `fresh` counts the facts on findings that are new, `busy` says that another process
    is at it, `failed` why there is no answer.
    """

    step: str = ""
    share: float = 0.0
    answer: str = ""
    fresh: int = 0
    busy: bool = False
    failed: str = ""


def watch(settings: AuditSettings, out: Path, progress: Progress) -> tuple[AuditResult, int] | None:
    """Audit the ledger that `settings.store` names, and append what changed among its findings.

    Args:
        settings: what the audit is asked; `as_of` is now.
        out: where findings are written on the way.
        progress: hears each step and the share done.

    Returns:
        The answer, and how many facts on findings are new; None if another process is at it.

    Raises:
        EngineError: an engine cannot be opened.
        StoreError: the store refuses what is to be appended.
    """
    with one_at_a_time(settings.store, TURN) as mine:
        if not mine:
            return None
        result = Audit(settings, progress).run(out)
        tables = {name: (out / f"{name}.parquet",) for name in ("findings", "finding_facts")}
        appended = append_tables(settings.store, tables, lambda share: progress("appending", share))
    return result, appended.fresh


def main() -> None:
    """Read, look, tell."""
    os.nice(NICE)
    look = msgspec.json.decode(sys.stdin.buffer.read(), type=Look)
    work = Path(look.work)
    settings = AuditSettings(
        store=look.store,
        as_of=look.moment,
        work=work / "audit",
        key=look.key,
        staff=look.staff,
        budget=look.budget,
        weights=look.weights,
        closed=pa.Table.from_pylist(list(look.closed), schema=CLOSED),
    )
    try:
        seen = watch(settings, work / "found", lambda step, share: _say(Seen(step=step, share=share)))
        if seen is None:
            return _say(Seen(busy=True))
        answer = work / "result.json"
        answer.write_bytes(msgspec.json.encode(seen[0]))
        return _say(Seen(answer=str(answer), fresh=seen[1]))
    except (ToldError, EngineError, StoreError, OSError) as refused:
        return _say(Seen(failed=str(refused)))


def _say(seen: Seen) -> None:
    """Whoever asked may be gone; then writing fails and the work ends."""
    sys.stdout.buffer.write(msgspec.json.encode(seen) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
