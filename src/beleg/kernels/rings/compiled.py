"""Runs kernels as machine code where that pays, and as the Python they are written in where it does not; the answer is the same.

Compiling takes some twenty seconds on a machine that has not done it yet; a few hundred thousand links take less as they stand.
"""

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from dis import get_instructions
from functools import cache, cached_property
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from threading import RLock
from types import FunctionType, ModuleType
from typing import Any, Generic, ParamSpec, TypeVar, cast

import numpy as np
import numpy.typing as npt

P = ParamSpec("P")
R = TypeVar("R")

# From so many links on compiling pays.
MANY_LINKS = 500_000

# More threads than this wait for memory rather than for a processor.
_MOST_WORKERS = 4

_as_written: ContextVar[bool] = ContextVar("as_written", default=False)
_compiling = RLock()


def compiled(function: Callable[P, R]) -> Callable[P, R]:
    """Mark a function as a kernel; it calls kernels only."""
    return Kernel(function)


@contextmanager
def suited_to(links: int) -> Iterator[None]:
    """Inside, run kernels as suits so many links."""
    before = _as_written.set(links < MANY_LINKS)
    try:
        yield
    finally:
        _as_written.reset(before)


def workers() -> int:
    """Say into how many parts work is to be cut: kernels as machine code let go of the interpreter's lock, others do not."""
    return 1 if as_written() else min(os.cpu_count() or 1, _MOST_WORKERS)


def as_written() -> bool:
    """Tell whether kernels run as the Python they are written in."""
    return _as_written.get() or _numba() is None


def side_by_side(work: Callable[..., R], *arguments: Iterable[Any]) -> list[R]:
    """Do the work for each of the arguments, as map does; at the same time, where that is any use."""
    several = workers()
    if several == 1:
        return list(map(work, *arguments))
    with ThreadPoolExecutor(several, thread_name_prefix="rings") as threads:
        return list(threads.map(work, *arguments))


def even(sizes: npt.NDArray[Any]) -> list[tuple[int, int]]:
    """Cut lists of these sizes into a span for each worker, of about as much."""
    several, ends = workers(), np.cumsum(sizes, dtype=np.int64)
    cuts = np.searchsorted(ends, ends[-1:].sum() * np.arange(1, several) // several).tolist()
    return list(zip([0, *cuts], [*cuts, len(sizes)], strict=True))


class Kernel(Generic[P, R]):
    """A function, and its machine code once it is wanted; without numba there is none."""

    def __init__(self, function: Callable[P, R]) -> None:
        self.function = function
        self.__doc__ = function.__doc__

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Run it."""
        run = self.function if _as_written.get() else self.machine
        return run(*args, **kwargs)

    @cached_property
    def machine(self) -> Callable[P, R]:
        """The same function, with the machine code of the kernels it calls."""
        with _compiling:
            return self._made()

    def _made(self) -> Callable[P, R]:
        numba, plain = _numba(), cast("FunctionType", self.function)
        if numba is None:
            return self.function
        read = {one.argval for one in get_instructions(plain.__code__) if one.opname == "LOAD_GLOBAL"}
        used = {name: plain.__globals__[name] for name in read & plain.__globals__.keys()}
        known = {name: value.machine if isinstance(value, Kernel) else value for name, value in used.items()}
        one = FunctionType(plain.__code__, plain.__globals__ | known, plain.__name__, plain.__defaults__)
        one.__module__, one.__qualname__ = plain.__module__, plain.__qualname__
        return cast("Callable[P, R]", numba.njit(cache=True, nogil=True)(one))


@cache
def _numba() -> ModuleType | None:
    """The compiler, told where to keep what it made; None where it is not installed."""
    if find_spec("numba") is None:
        return None
    numba = import_module("numba")
    numba.config.CACHE_DIR = numba.config.CACHE_DIR or _cache_folder()
    return numba


def _cache_folder() -> str:
    """Name a folder after the text of all kernels: numba looks at one file only and would keep code whose callee has changed."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return str(Path(base) / "beleg" / f"kernels-{digest.hexdigest()[:16]}")
