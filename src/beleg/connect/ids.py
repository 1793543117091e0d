"""Which ids of a table occur twice: vectorised hashes in buckets on disk, so that memory does not grow with the facts."""

import tempfile
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt

from beleg.connect.columns import Column

Hashes = npt.NDArray[np.uint64]
_BUCKETS = 64
_ODD = np.uint64(0x9E3779B97F4A7C15)
_MIX = np.uint64(0xBF58476D1CE4E5B9)


def hashes(array: Column) -> Hashes:
    """A 64-bit hash of each text; two equal texts always agree, two unequal ones hardly ever do."""
    text = array.fill_null("")
    buffers: list[Any] = text.buffers()
    _, offset_buffer, data_buffer = buffers
    if data_buffer is None or not len(text):
        return np.zeros(len(text), dtype=np.uint64)
    offsets = np.frombuffer(offset_buffer, dtype=np.int32)[text.offset : text.offset + len(text) + 1].astype(np.int64)
    data = np.frombuffer(data_buffer, dtype=np.uint8)[offsets[0] : offsets[-1]]
    return _mixed(_words(data, offsets - offsets[0]))


def _words(data: npt.NDArray[np.uint8], offsets: npt.NDArray[np.int64]) -> Hashes:
    """The texts side by side as 64-bit words, their length last."""
    lengths = np.diff(offsets)
    rows, width = len(lengths), int(-(-max(1, lengths.max()) // 8) * 8)
    if width > 256:
        return np.array([[hash(data[a:b].tobytes()) & (2**64 - 1)] for a, b in pairwise(offsets)], dtype=np.uint64)
    block = np.zeros((rows, width + 8), dtype=np.uint8)
    if (lengths == lengths[0]).all():
        block[:, : lengths[0]] = data.reshape(rows, lengths[0])
    else:
        shift = np.repeat(np.arange(rows) * (width + 8) - offsets[:-1], lengths)
        block.reshape(-1)[shift + np.arange(len(data))] = data
    words = block.view(np.uint64)
    words[:, -1] = lengths
    return words


def _mixed(words: Hashes) -> Hashes:
    mixed = np.zeros(len(words), dtype=np.uint64)
    for place in range(words.shape[1]):
        mixed = (mixed ^ words[:, place]) * _ODD
        mixed ^= mixed >> np.uint64(29)
        mixed *= _MIX
        mixed ^= mixed >> np.uint64(32)
    return mixed


class Twice:
    """Collects hashes and answers those that came more than once."""

    def __init__(self, into: Path) -> None:
        """Work in a folder of its own below this one."""
        self._folder = tempfile.TemporaryDirectory(prefix="_ids-", dir=into)
        self._files = [(Path(self._folder.name) / str(number)).open("wb") for number in range(_BUCKETS)]

    def __enter__(self) -> "Twice":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for file in self._files:
            file.close()
        self._folder.cleanup()

    def add(self, found: Hashes) -> None:
        """Take some hashes."""
        # bytes are sorted by counting, several times quicker than wider numbers
        bucket = (found >> np.uint64(58)).astype(np.uint8)
        order = np.argsort(bucket, kind="stable")
        ends = np.cumsum(np.bincount(bucket, minlength=_BUCKETS))
        for file, part in zip(self._files, np.split(found[order], ends[:-1]), strict=True):
            part.tofile(file)

    def repeated(self) -> Hashes:
        """The hashes seen more than once, in order."""
        parts = []
        for file in self._files:
            file.flush()
            found = np.fromfile(file.name, dtype=np.uint64)
            found.sort()
            parts.append(np.unique(found[1:][found[1:] == found[:-1]]))
        return np.concatenate(parts)
