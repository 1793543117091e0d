"""Messages that were written with a unit and wait to be told: claimed, sent or put off, and at last set aside for a person."""

from msgspec import Struct
from psycopg import AsyncConnection

# Between attempts, in seconds; after the last one the message is set aside.
BACK_OFF = (5, 30, 120, 600, 3_600, 3_600 * 6, 3_600 * 24)

_CLAIM = """
UPDATE beleg_log.outbox SET attempts = attempts + 1, next_at = clock_timestamp() + interval '2 minutes'
WHERE id IN (
  SELECT id FROM beleg_log.outbox WHERE sent_at IS NULL AND dead_at IS NULL AND next_at <= clock_timestamp()
  ORDER BY next_at LIMIT $1 FOR UPDATE SKIP LOCKED)
RETURNING id, topic, body, attempts"""


class Due(Struct, frozen=True):
    """A message to send now. Its id is the same on every attempt, so that the receiver can tell."""

    id: int
    topic: str
    body: bytes
    attempts: int


class Outbox:
    """What is asked of the messages, over one connection in autocommit; several processes may share the work."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def claim(self, most: int = 50) -> list[Due]:
        """Messages to send now; nobody else gets them for two minutes."""
        cursor = await self._connection.execute(_CLAIM.encode(), (most,))
        return [Due(*row) for row in await cursor.fetchall()]

    async def sent(self, due: Due) -> None:
        """It was received."""
        await self._connection.execute(
            b"UPDATE beleg_log.outbox SET sent_at = clock_timestamp(), error = NULL WHERE id = $1", (due.id,)
        )

    async def failed(self, due: Due, error: str) -> bool:
        """It was not; returns whether it will be tried again."""
        again = due.attempts <= len(BACK_OFF)
        if again:
            text = "UPDATE beleg_log.outbox SET next_at = clock_timestamp() + make_interval(secs => $2), error = $3 WHERE id = $1"
            await self._connection.execute(text.encode(), (due.id, BACK_OFF[due.attempts - 1], error))
        else:
            text = "UPDATE beleg_log.outbox SET dead_at = clock_timestamp(), error = $2 WHERE id = $1"
            await self._connection.execute(text.encode(), (due.id, error))
        return again

    async def dead(self) -> list[tuple[Due, str]]:
        """What was set aside, with its last error."""
        text = "SELECT id, topic, body, attempts, coalesce(error, '') FROM beleg_log.outbox WHERE dead_at IS NOT NULL ORDER BY id"
        cursor = await self._connection.execute(text.encode())
        return [(Due(*row[:4]), row[4]) for row in await cursor.fetchall()]

    async def replay(self, message: int) -> bool:
        """Try a message that was set aside once more; returns whether there was one."""
        text = (
            "UPDATE beleg_log.outbox SET dead_at = NULL, attempts = 0, next_at = clock_timestamp() "
            "WHERE id = $1 AND dead_at IS NOT NULL RETURNING id"
        )
        cursor = await self._connection.execute(text.encode(), (message,))
        return await cursor.fetchone() is not None
