"""Compiles a kernel to machine code and lets it keep its Python type."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast

import numba

P = ParamSpec("P")
R = TypeVar("R")


def compiled(function: Callable[P, R]) -> Callable[P, R]:
    """Compile with numba on first use; the machine code is kept beside the source."""
    return cast("Callable[P, R]", numba.njit(cache=True)(function))
