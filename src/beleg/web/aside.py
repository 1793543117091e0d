"""Long work in a process of its own, that gives way to whoever asks the gate: told what to do as JSON, heard a line at a time."""

import asyncio
from asyncio.subprocess import Process
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TypeVar

import msgspec
from msgspec import Struct

_LINE = 1 << 20  # bytes of the answer

Said = TypeVar("Said", bound=Struct)


class AsideError(Exception):
    """The process could not be started, or what it said could not be read; the message says which."""


async def aside(command: Sequence[str], work: Struct, said: type[Said], heard: Callable[[Said], None]) -> None:
    """Have a process do this work; it is gone when this returns, whatever became of it.

    Args:
        command: the process.
        work: what to do, sent as JSON.
        said: the type of each line that comes out.
        heard: told of each.

    Raises:
        AsideError: it could not be started, or a line is none.
    """
    pipe = asyncio.subprocess.PIPE
    try:
        process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, limit=_LINE)
    except OSError as broken:
        raise AsideError(f"its process could not be started: {broken}") from broken
    try:
        await _listen(process, work, said, heard)
    except (OSError, ValueError) as broken:
        raise AsideError(f"what its process said could not be read: {broken}") from broken
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def _listen(process: Process, work: Struct, said: type[Said], heard: Callable[[Said], None]) -> None:
    if process.stdin is None or process.stdout is None:
        raise OSError("no pipes")
    process.stdin.write(msgspec.json.encode(work))
    process.stdin.close()
    async for line in process.stdout:
        heard(msgspec.json.decode(line, type=said))
