"""Whether a file's quotes are so tidy that the fast reader sees just what the careful one would: in pairs, around whole fields."""

import numpy as np
import numpy.typing as npt

_OUTSIDE = np.isin(np.arange(256), np.frombuffer(b',;\t|\r\n"', dtype=np.uint8))
_QUOTE = 34


class QuoteCheck:
    """Fed with a file's bytes chunk by chunk; says whether every quote opens or closes a whole field on one line."""

    def __init__(self) -> None:
        """Nothing seen, nothing amiss."""
        self._rest = b""
        self.tidy = True

    def feed(self, chunk: bytes) -> None:
        """Check the whole lines of this chunk and keep the rest for the next."""
        if not self.tidy:
            return
        cut = chunk.rfind(b"\n") + 1
        if not cut:
            self._rest += chunk
            self.tidy = len(self._rest) < 1 << 24
            return
        self._check(self._rest + chunk[:cut])
        self._rest = chunk[cut:]

    def finish(self) -> bool:
        """Check the last line and answer."""
        self._check(self._rest + b"\n")
        return self.tidy

    def _check(self, lines: bytes) -> None:
        if _QUOTE not in lines:
            return
        marks = np.frombuffer(lines, dtype=np.uint8)
        quotes = marks == _QUOTE
        parity = np.cumsum(quotes, dtype=np.uint8) & 1
        in_pairs = not parity[marks == 10].any()
        self.tidy = self.tidy and in_pairs and _around_fields(marks, np.flatnonzero(quotes))


def _around_fields(marks: npt.NDArray[np.uint8], places: npt.NDArray[np.int64]) -> bool:
    opening, closing = places[0::2], places[1::2]
    before = marks[opening[opening > 0] - 1]
    return bool(_OUTSIDE[before].all() and _OUTSIDE[marks[closing + 1]].all())
