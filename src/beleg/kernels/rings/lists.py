"""Lists of links that grow and shrink one link at a time, laid out as the kernels read them."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from beleg.kernels.rings.compiled import compiled
from beleg.kernels.rings.group import Ints, Longs, Pairs

_FIRST = 4


@dataclass(slots=True)
class Lists:
    """One list per node in a common pool; a list that outgrows its room moves to the end of the pool."""

    start: Longs
    length: Ints
    room: Ints
    pool: Ints
    end: int = 0

    @classmethod
    def empty(cls) -> "Lists":
        """Begin with nothing."""
        return cls(np.zeros(1024, np.int64), np.zeros(1024, np.int32), np.zeros(1024, np.int32), np.empty(8192, np.int32))

    def add(self, node: int, value: int) -> bool:
        """Put a value at the end of a node's list; say whether the arrays had to be replaced."""
        moved = False
        while node >= len(self.length):
            self.start, self.length, self.room = _double(self.start), _double(self.length), _double(self.room)
            moved = True
        if self.length[node] == self.room[node]:
            moved = self._move(node) or moved
        self.pool[self.start[node] + self.length[node]] = value
        self.length[node] += 1
        return moved

    def remove(self, node: int, value: int) -> None:
        """Take a value out of a node's list, which must hold it."""
        take_out(self.pool, int(self.start[node]), int(self.length[node]), value)
        self.length[node] -= 1

    def pairs(self) -> Pairs:
        """Give every node with every value of its list."""
        ends = np.cumsum(self.length, dtype=np.int64)
        places = np.arange(ends[-1]) + np.repeat(self.start - ends + self.length, self.length)
        return np.repeat(np.arange(len(self.length)), self.length), self.pool[places]

    def _move(self, node: int) -> bool:
        size = int(self.length[node])
        room = max(2 * size, _FIRST)
        moved = False
        while self.end + room > len(self.pool):
            self.pool = _double(self.pool)
            moved = True
        begin = int(self.start[node])
        self.pool[self.end : self.end + size] = self.pool[begin : begin + size]
        self.start[node], self.room[node] = self.end, room
        self.end += room
        return moved


def _double(array: npt.NDArray[np.signedinteger]) -> npt.NDArray[np.signedinteger]:
    return np.concatenate([array, np.zeros(len(array), array.dtype)])


@compiled
def take_out(pool: Ints, begin: int, size: int, value: int) -> None:
    """Put the last value of a list in the place of this one."""
    for i in range(begin, begin + size):
        if pool[i] == value:
            pool[i] = pool[begin + size - 1]
            return
