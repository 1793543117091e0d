"""Which keys were delivered before: 16 bytes a key, kept sorted, so that tens of millions fit in memory."""

import hashlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Digests = npt.NDArray[np.bytes_]
_MERGE_AT = 1 << 18


def digests(texts: Sequence[str | None]) -> Digests:
    """A 16-byte digest of each text; the first byte is never zero, so that padding cannot be mistaken for it."""
    pieces = [
        b"\1" + hashlib.blake2b((text or "").encode(errors="surrogatepass"), digest_size=14).digest() + b"\1" for text in texts
    ]
    return np.array(pieces, dtype="S16")


class Seen:
    """Keys and the digest of what each came with."""

    def __init__(self) -> None:
        """Start with nothing seen."""
        self._keys = np.array([], dtype="S16")
        self._contents = np.array([], dtype="S16")
        self._recent: dict[bytes, bytes] = {}

    def before(self, keys: Digests) -> list[bytes | None]:
        """For each key: what it came with before, None for a new one."""
        places = np.searchsorted(self._keys, keys) if len(self._keys) else np.zeros(len(keys), dtype=np.int64)
        answers: list[bytes | None] = []
        for key, place in zip(keys.tolist(), places.tolist(), strict=True):
            if place < len(self._keys) and self._keys[place] == key:
                answers.append(bytes(self._contents[place]))
            else:
                answers.append(self._recent.get(key))
        return answers

    def add(self, key: bytes, content: bytes) -> None:
        """Remember a key."""
        self._recent[key] = content
        if len(self._recent) >= _MERGE_AT:
            self._merge()

    def _merge(self) -> None:
        keys = np.concatenate([self._keys, np.array(list(self._recent), dtype="S16")])
        contents = np.concatenate([self._contents, np.array(list(self._recent.values()), dtype="S16")])
        order = np.argsort(keys, kind="stable")
        self._keys, self._contents = keys[order], contents[order]
        self._recent.clear()
