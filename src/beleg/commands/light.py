"""Keeps the start of a process light: what no command needs is neither loaded nor looked through."""

import gc
import sys
from collections.abc import Sequence
from types import ModuleType

import pyarrow as pa


def start_light() -> None:
    """Say to Python and to Arrow what is not worth their while; to be called before any array is made."""
    # expressions are a great many small objects that are kept; looking through all of them for cycles again and again finds none
    gc.set_threshold(100_000, 50, 50)
    if "pandas" not in sys.modules:
        _without_pandas()


def _without_pandas() -> None:
    """Arrow loads pandas before it makes its first array, lest it be given a frame; whoever asks for one gets it still."""
    absent = _Absent()
    sys.meta_path.insert(0, absent)
    try:
        pa.array([], pa.int64())
    finally:
        sys.meta_path.remove(absent)


class _Absent:
    """Finds no pandas."""

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> None:
        """Leave all other modules to those who find them.

        Raises:
            ModuleNotFoundError: for pandas.
        """
        del path, target
        if name == "pandas":
            raise ModuleNotFoundError(name=name)
