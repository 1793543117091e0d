"""Compiles a kernel to machine code and lets it keep its Python type."""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, cast

import numba

P = ParamSpec("P")
R = TypeVar("R")


def compiled(function: Callable[P, R]) -> Callable[P, R]:
    """Compile with numba on first use and keep the machine code for the next run."""
    return cast("Callable[P, R]", numba.njit(cache=True)(function))


def _cache_folder() -> str:
    """Name a folder after the text of all kernels: numba looks at one file only and would keep code whose callee has changed."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return str(Path(base) / "beleg" / f"kernels-{digest.hexdigest()[:16]}")


_config = cast("Any", numba.config)
if not _config.CACHE_DIR:
    _config.CACHE_DIR = _cache_folder()
