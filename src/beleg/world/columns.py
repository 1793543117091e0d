"""How arrays of numbers become the columns of a fact: ids, digests and words, drawn late so that all work before is on integers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Ints: TypeAlias = npt.NDArray[np.int64]
Flags: TypeAlias = npt.NDArray[np.bool_]
Floats: TypeAlias = npt.NDArray[np.float64]
Hashes: TypeAlias = npt.NDArray[np.uint64]
Bytes: TypeAlias = npt.NDArray[np.uint8]
Arrow: TypeAlias = "pa.Array[Any]"

NULL = int(np.iinfo(np.int64).min)
"""An empty cell of an integer column."""

_HEX = np.frombuffer(b"0123456789abcdef", dtype=np.uint8)
# An odd multiplier that shares no factor with ten: digits are permuted, so a number tells nothing about what it counts.
_STRIDE, _MODULUS = 7_654_321_987, 10**10


@dataclass(frozen=True, slots=True)
class Key:
    """An id: a prefix and ten digits that are a permutation of the number behind it, or the number itself if `plain`."""

    prefix: str
    number: Ints
    width: int = 10
    plain: bool = False

    def arrow(self, rows: Ints) -> Arrow:
        """The ids of these rows; empty where the number is negative."""
        number = self.number[rows]
        shown = number if self.plain else number * _STRIDE % _MODULUS
        return _fixed(self.prefix, _digits(shown, self.width), number >= 0)


@dataclass(frozen=True, slots=True)
class Hex:
    """A keyed digest, shown as sixteen hexadecimal digits."""

    value: Hashes
    prefix: str = ""

    def arrow(self, rows: Ints) -> Arrow:
        """The digests of these rows; empty where the value is 0."""
        value = self.value[rows]
        octets = value.astype(">u8").view(np.uint8).reshape(-1, 8)
        nibbles = np.stack([octets >> 4, octets & 15], axis=2).reshape(-1, 16)
        return _fixed(self.prefix, _HEX[nibbles], value != 0)


@dataclass(frozen=True, slots=True)
class Word:
    """One of a few words, by its number."""

    words: Sequence[str]
    code: Ints

    def arrow(self, rows: Ints) -> Arrow:
        """The words of these rows; empty where the number is negative."""
        code = self.code[rows]
        words: Arrow = pa.array(self.words, pa.string())
        return words.take(pc.if_else(pa.array(code < 0), None, pa.array(code)))


@dataclass(frozen=True, slots=True)
class Either:
    """The first of several ids that is not empty."""

    keys: tuple[Key, ...]

    def arrow(self, rows: Ints) -> Arrow:
        """The ids of these rows."""
        found: Arrow = pc.coalesce(*(key.arrow(rows) for key in self.keys))
        return found


Column: TypeAlias = Key | Hex | Word | Either | Ints | Flags | str | int | bool | None


def arrow_column(column: Column, kind: pa.DataType, rows: Ints) -> Arrow:
    """The column at these rows as an Arrow array of this kind; a single value stands in every row."""
    if isinstance(column, Key | Hex | Word | Either):
        return column.arrow(rows)
    if not isinstance(column, np.ndarray):
        # One value, taken over and over: cheap, and the same for every type.
        single: Arrow = pa.array([column], kind)
        return single.take(np.zeros(len(rows), dtype=np.int64))
    part = column[rows]
    return pa.array(part, kind) if part.dtype == np.bool_ else pa.array(part, kind, mask=part == NULL)


def digest(seed: int, kind: str, *parts: Ints | Hashes | int) -> Hashes:
    """A keyed hash per row of the parts: the same parts give the same value, and 0 never comes out."""
    state = np.uint64(int.from_bytes(kind.encode()[-7:], "big") ^ (seed << 20) & (2**64 - 1))
    value: Hashes = np.atleast_1d(np.asarray(state, dtype=np.uint64))
    for part in parts:
        value = _mixed(value + np.asarray(part).astype(np.uint64))
    return value | np.uint64(1)


def share_of(hashes: Hashes) -> Floats:
    """The hashes as evenly spread numbers from 0 up to 1."""
    return (hashes >> np.uint64(11)).astype(np.float64) / float(2**53)


def _mixed(value: Hashes) -> Hashes:
    """The splitmix64 step: every bit of the input moves about half of the output's."""
    value = value + np.uint64(0x9E3779B97F4A7C15)
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))


def _digits(number: Ints, width: int) -> Bytes:
    out = np.empty((len(number), width), dtype=np.uint8)
    for place in range(width - 1, -1, -1):
        number, digit = np.divmod(number, 10)
        out[:, place] = digit + ord("0")
    return out


def _fixed(prefix: str, body: Bytes, valid: Flags) -> Arrow:
    """Text of one length per row, laid out straight in Arrow's own buffers."""
    rows, head = len(body), np.frombuffer(prefix.encode(), dtype=np.uint8)
    text = np.concatenate([np.broadcast_to(head, (rows, len(head))), body], axis=1)
    offsets = np.arange(rows + 1, dtype=np.int32) * np.int32(text.shape[1])
    mask = None if valid.all() else pa.py_buffer(np.packbits(valid, bitorder="little").tobytes())
    return pa.StringArray.from_buffers(rows, pa.py_buffer(offsets.tobytes()), pa.py_buffer(text.tobytes()), mask)
