"""The log checked from the console: the same check as `beleg verify`, one at a time, and the newest checkpoint to take away."""

import asyncio

from beleg.ledger.log.note import Verifier
from beleg.ledger.store.checkpoints import kept
from beleg.ledger.store.verify import Verified, last_note, verify


class Checker:
    """Checks one store's log.

    Args:
        address: the database; any role that may read.
        trusted: the log's public key.
    """

    def __init__(self, address: str, trusted: Verifier) -> None:
        self._address = address
        self._trusted = trusted
        self._lock = asyncio.Lock()

    @property
    def busy(self) -> bool:
        """Whether a check is running."""
        return self._lock.locked()

    async def check(self, outside: str) -> Verified:
        """Check the whole store, against a checkpoint from elsewhere unless that is empty.

        Raises:
            NoteError: the checkpoint is none, is not of this log, or is not signed by its key.
        """
        async with self._lock:
            return await asyncio.to_thread(verify, self._address, self._trusted, last_note(outside) if outside else None)

    async def newest(self) -> str:
        """The newest checkpoint; empty where none was made yet."""
        return await asyncio.to_thread(kept, self._address) or ""
