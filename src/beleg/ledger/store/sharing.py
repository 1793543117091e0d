"""Processes of one host hand their units to one of them, which writes them together with its own.

What a group costs is nearly the same whatever is in it, so several processes that write for themselves cost several times as
much. Who writes for the others is whoever holds a lock in a folder that only this user can enter; the kernel lets go of it when
that process ends. Nothing rests on there being one writer: the head of the log is locked in the database as ever, and a unit whose
writer died, or does not answer, is written by the process that it came from, once, as it is known by its ids.
"""

import asyncio
import fcntl
import logging
import os
import socket
import stat
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import cast

import msgspec
from msgspec import Struct

from beleg.ledger.store.base import (
    Basis,
    ConflictError,
    ContradictedError,
    Key,
    Message,
    RefusedError,
    StaleError,
    Unit,
    Written,
)
from beleg.ledger.store.batch import Ready, Row
from beleg.ledger.store.changes import Changes
from beleg.ledger.store.queue import Queue, Waiting
from beleg.ledger.store.writing import function

# Seconds: a writer that does not answer for so long is stopped or overwhelmed; then for so long everybody writes for themselves.
# And how often one is looked for.
PATIENCE, REST, LOOK = 1.0, 5.0, 0.2

_SIZE = 4  # bytes that say how long a message is

_log = logging.getLogger("beleg.ledger")


class Handed(Struct, array_like=True, frozen=True):
    """A unit on its way: as it is written, without its facts."""

    rows: tuple[Row, ...]
    key: Key | None
    answer: bytes
    messages: tuple[Message, ...]
    strict: bool
    rests_on: Basis | None


class Asked(Struct, array_like=True, frozen=True):
    """Units to write; and where that changed, of which tables the sender follows the log (`Changes.watch`)."""

    number: int
    units: list[Handed]
    watching: tuple[frozenset[str], frozenset[str]] | None = None


class Told(Struct, array_like=True, frozen=True):
    """What became of a unit. Without places and a failure the sender has to write it itself."""

    places: tuple[int, ...] | None = None
    answer: bytes | None = None  # where it is not the unit's own
    failure: str = ""
    why: str = ""
    facts: tuple[tuple[str, str], ...] = ()


class Answered(Struct, array_like=True, frozen=True):
    """What became of the units of one message."""

    number: int
    units: list[Told]


_FAILURES: dict[str, Callable[[Told], Exception]] = {
    "conflict": lambda told: ConflictError(told.why),
    "stale": lambda told: StaleError(told.why),
    "contradicted": lambda told: ContradictedError(told.facts),
}
_RULE = "rule "
_asked, _answered = msgspec.msgpack.Decoder(Asked), msgspec.msgpack.Decoder(Answered)


def told(outcome: Written | BaseException | None) -> Told:
    """What became of a unit, for whoever handed it over; what is nobody's fault it tries itself."""
    if isinstance(outcome, Written):
        return Told(outcome.places, outcome.answer if outcome.replayed else None)
    if isinstance(outcome, RefusedError):
        return Told(failure=_RULE + outcome.rule, why=str(outcome))
    if isinstance(outcome, ContradictedError):
        return Told(failure="contradicted", facts=outcome.facts)
    if isinstance(outcome, ConflictError):
        return Told(failure="conflict", why=str(outcome))
    return Told(failure="stale", why=str(outcome)) if isinstance(outcome, StaleError) else Told()


def settle(one: Waiting, said: Told) -> bool:
    """Tell whoever waits for a unit what became of it; False if the unit is still to be written."""
    if one.answer.done():
        return True
    if said.places is not None:
        replayed = said.answer is not None
        one.answer.set_result(Written(said.places, said.answer or one.ready.unit.answer, replayed))
    elif said.failure.startswith(_RULE):
        one.fail(RefusedError(said.failure.removeprefix(_RULE), said.why))
    elif said.failure:
        one.fail(_FAILURES[said.failure](said))
    else:
        return False
    return True


class _Framed(asyncio.Protocol, ABC):
    """Whole messages over a stream."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # which uvloop's are not by name

    def data_received(self, data: bytes) -> None:
        self._rest += data
        while len(self._rest) >= _SIZE and len(self._rest) >= (end := _SIZE + int.from_bytes(self._rest[:_SIZE])):
            message = bytes(self._rest[_SIZE:end])
            del self._rest[:end]
            self.heard(message)

    @abstractmethod
    def heard(self, message: bytes) -> None:
        """A message came."""

    def say(self, message: Struct) -> None:
        """Send a message, unless nobody is there any more."""
        if self._transport is not None and not self._transport.is_closing():
            text = msgspec.msgpack.encode(message)
            self._transport.write(len(text).to_bytes(_SIZE) + text)

    def hang_up(self) -> None:
        """End the connection."""
        if self._transport is not None:
            self._transport.abort()


class _Writing(_Framed):
    """The writer's end: what comes in waits with the writer's own units."""

    def __init__(self, queue: Queue, changes: Changes, lines: "set[_Writing]") -> None:
        super().__init__()
        self._queue, self._changes, self._lines = queue, changes, lines
        lines.add(self)
        self._watching: tuple[frozenset[str], frozenset[str]] = frozenset(), frozenset()
        self._working: set[asyncio.Task[None]] = set()

    def heard(self, message: bytes) -> None:
        asked = _asked.decode(message)
        self._watching = asked.watching or self._watching
        # whether something changed of what a unit rests on only says who follows at least what its sender does
        able = self._changes.watches(*self._watching)
        written = [self._queue.put(_ready(one)) if able or one.rests_on is None else None for one in asked.units]
        task = asyncio.create_task(self._answer(asked.number, written))
        self._working.add(task)
        task.add_done_callback(self._working.discard)

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._lines.discard(self)

    async def _answer(self, number: int, written: Sequence["asyncio.Future[Written] | None"]) -> None:
        await asyncio.wait([one for one in written if one is not None] or [_nothing()])
        self.say(Answered(number, [told(None if one is None else one.exception() or one.result()) for one in written]))


def _ready(one: Handed) -> Ready:
    unit = Unit(facts=(), key=one.key, answer=one.answer, messages=one.messages, strict=one.strict, rests_on=one.rests_on)
    return Ready(unit, one.rows)


def _nothing() -> "asyncio.Future[None]":
    done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    done.set_result(None)
    return done


class _Line(_Framed):
    """The sender's end: units that were handed over, until they are told of; if it breaks, they go back."""

    def __init__(self, back: Callable[[Sequence[Waiting]], None]) -> None:
        super().__init__()
        self._back = back
        self._handed: dict[int, tuple[float, list[Waiting]]] = {}
        self._number = 0
        self._watching: tuple[frozenset[str], frozenset[str]] | None = None
        self.lost = asyncio.Event()

    def hand(self, batch: list[Waiting], watching: tuple[frozenset[str], frozenset[str]]) -> None:
        """Have units written."""
        self._number += 1
        self._handed[self._number] = time.monotonic(), batch
        changed = watching if watching != self._watching else None
        self._watching = watching
        self.say(Asked(self._number, [_handed(one.ready) for one in batch], changed))

    def heard(self, message: bytes) -> None:
        answered = _answered.decode(message)
        _, batch = self._handed.pop(answered.number)
        left = [one for one, said in zip(batch, answered.units, strict=True) if not settle(one, said)]
        for one in left:
            one.alone = True
        if left:
            self._back(left)

    @property
    def silent(self) -> float:
        """For how many seconds something that was handed over has not been told of."""
        return time.monotonic() - next(iter(self._handed.values()))[0] if self._handed else 0.0

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        left = [one for _, batch in self._handed.values() for one in batch]
        self._handed.clear()
        self.lost.set()
        if left:
            self._back(left)


def _handed(ready: Ready) -> Handed:
    unit = ready.unit
    return Handed(ready.rows, unit.key, unit.answer, unit.messages, unit.strict, unit.rests_on)


class Sharing:
    """This process's part among those of its host: it writes for them, or one of them for it, or each for itself.

    Args:
        address: the database; only processes that call it the same, and write alike, are of one kind.
        queue: this process's units.
        changes: what it follows of the log.
        folder: where they meet; by default one that only this user can enter.
    """

    def __init__(self, address: str, queue: Queue, changes: Changes, folder: Path | None = None) -> None:
        self._queue, self._changes = queue, changes
        self._folder = folder or _folder()
        self._name = sha256(f"{address}\x1f{function()}".encode()).hexdigest()[:32]
        self._line: _Line | None = None

    @property
    def handing(self) -> bool:
        """Whether another process writes for this one."""
        return self._line is not None and not self._line.lost.is_set()

    def hand(self, batch: list[Waiting]) -> bool:
        """Have another process write units; False if there is none that does."""
        if self._line is None or self._line.lost.is_set():
            return False
        self._line.hand(batch, self._changes.watching)
        return True

    async def run(self) -> None:
        """Be the one who writes, or find it, for ever."""
        while True:
            try:
                if (lock := self._locked()) is not None:
                    with os.fdopen(lock, "w"):
                        await self._write()
                await self._have_written()
            except OSError as failed:  # nobody listens yet, or any more; or the folder cannot be used
                _log.debug("each writes for itself: %s", failed)
            await asyncio.sleep(LOOK)

    def _locked(self) -> int | None:
        """The lock, if nobody else holds it."""
        _make(self._folder)
        path = self._folder / f"{self._name}.lock"
        lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.fstat(lock).st_ino == path.stat().st_ino:  # else whoever held it took it away when it ended
                return lock
        except OSError:
            os.close(lock)
            return None
        os.close(lock)
        return None

    async def _write(self) -> None:
        """Write for others until cancelled."""
        path = self._folder / f"{self._name}.sock"
        lines: set[_Writing] = set()
        with socket.socket(socket.AF_UNIX) as listening:
            path.unlink(missing_ok=True)
            listening.bind(str(path))
            server = await asyncio.get_running_loop().create_unix_server(
                lambda: _Writing(self._queue, self._changes, lines), sock=listening
            )
            try:
                await asyncio.Event().wait()
            finally:
                server.close()
                for one in [*lines]:
                    one.hang_up()
                for left in (path, path.with_suffix(".lock")):
                    left.unlink(missing_ok=True)

    async def _have_written(self) -> None:
        """Hand units over until the one who writes is gone, or does not answer."""
        path = str(self._folder / f"{self._name}.sock")
        _, line = await asyncio.get_running_loop().create_unix_connection(lambda: _Line(self._queue.back), path)
        self._line = line
        try:
            while not line.lost.is_set():
                with suppress(TimeoutError):
                    await asyncio.wait_for(line.lost.wait(), LOOK)
                if line.silent > PATIENCE:
                    _log.warning("the process that writes for this one does not answer")
                    self._line = None
                    line.hang_up()
                    await asyncio.sleep(REST)
        finally:
            self._line = None
            line.hang_up()


def _folder() -> Path:
    return Path(os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()) / f"beleg-{os.geteuid()}"


def _make(folder: Path) -> None:
    """Make the folder where processes meet.

    Raises:
        PermissionError: it is another user's, or others can enter it, who could then say that they had written something.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o077:
        raise PermissionError(f"{folder}: expected a folder of this user's that nobody else can enter")
