"""Exports that say an order's facts on its first row only: blanks filled from above within the group, and rows numbered."""

from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from beleg.connect.columns import Column, none, pc
from beleg.connect.frame import Frame
from beleg.connect.mapping import SourceRule

Index = npt.NDArray[np.int64]


class Filling:
    """Fills and numbers rows of one file, batch after batch; a group's rows stand together."""

    def __init__(self, rule: SourceRule) -> None:
        """Begin a file."""
        self._rule = rule
        self._group: tuple[str | None, ...] | None = None
        self._count = 0
        self._last: dict[str, str | None] = {}

    def fill(self, frame: Frame) -> None:
        """Fill and number this batch, going on where the one before ended."""
        if not self._rule.group or not frame.size:
            return
        groups = list(zip(*(frame.text(name).to_pylist() for name in self._rule.group), strict=True))
        starts = np.array([True, *(above != below for above, below in pairwise(groups))], dtype=np.bool_)
        goes_on = groups[0] == self._group
        rows = np.arange(frame.size)
        start_of = np.maximum.accumulate(np.where(starts, rows, 0))
        frame.within = rows - start_of + 1
        if goes_on:
            frame.within = frame.within + np.where(start_of == 0, self._count, 0)
        for name in self._rule.fill_down:
            self._column(frame, name, start_of, goes_on=goes_on)
        self._group, self._count = groups[-1], int(frame.within[-1])

    def _column(self, frame: Frame, name: str, start_of: Index, *, goes_on: bool) -> None:
        text = frame.text(name)
        rows = np.arange(frame.size)
        filled = text.is_valid().to_numpy(zero_copy_only=False)
        latest = np.maximum.accumulate(np.where(filled, rows, -1))
        usable = latest >= start_of
        values: Column = pc.take(text, pa.array(latest, mask=~usable))
        carried = none(frame.size) if self._last.get(name) is None or not goes_on else ~usable & (start_of == 0)
        if carried.any():
            values = pc.if_else(pa.array(carried), self._last[name], values)
        frame.put(name, values)
        self._last[name] = values[-1].as_py()
