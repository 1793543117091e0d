"""The log's tree as the database keeps it: leaves, and the roots of every 256 of them, of every 256 of those, and so on."""

import psycopg

from beleg.ledger.log.merkle import EMPTY, TILE, complete, consistency, inclusion, subtree

_LEVELS = 8  # a kept node stands this many levels above the ones below it: 2^8 = TILE
# So many are read at a time: the driver takes them in without letting any other thread work, and answers would wait.
_CHUNK = 8 * TILE


class Tree:
    """The tree over one connection.

    Raises (all methods):
        psycopg.Error: the database is away.
        LookupError: a node is asked for that the log does not have.
    """

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection

    def size(self) -> int:
        """How many entries the log has."""
        row = self._connection.execute("SELECT size FROM beleg_log.head").fetchone()
        return int(row[0]) if row else 0

    def grow(self, size: int) -> None:
        """Keep the nodes that a log of this size has complete; those that are there stay."""
        level, below = 1, size // TILE
        while below:
            row = self._connection.execute("SELECT count(*) FROM beleg_log.tiles WHERE level = %s", (level,)).fetchone()
            first = int(row[0]) if row else 0
            while first < below:
                last = min(below, first + _CHUNK // TILE)
                nodes = self._kept(level - 1, first * TILE, last * TILE)
                tiles = [complete(nodes[at : at + TILE]) for at in range(0, len(nodes), TILE)]
                self._connection.execute(
                    "INSERT INTO beleg_log.tiles (level, number, hash) "
                    "SELECT %s, n, h FROM unnest(%s::bigint[], %s::bytea[]) AS t(n, h) ON CONFLICT DO NOTHING",
                    (level, list(range(first, last)), tiles),
                )
                first = last
            level, below = level + 1, below // TILE

    def node(self, level: int, number: int) -> bytes:
        """The root of the complete subtree of 2^level leaves with this number."""
        kept, above = divmod(level, _LEVELS)
        return complete(self._kept(kept, number << above, (number + 1) << above))

    def root(self, size: int) -> bytes:
        """The root of the first so many entries."""
        return subtree(0, size, self.node) if size else EMPTY

    def inclusion(self, place: int, size: int) -> list[bytes]:
        """The proof that an entry is under the root of this size."""
        return inclusion(place, size, self.node)

    def consistency(self, old: int, size: int) -> list[bytes]:
        """The proof that the log of this size begins with the log of the old size."""
        return consistency(old, size, self.node)

    def _kept(self, level: int, first: int, end: int) -> list[bytes]:
        if level:
            rows = self._connection.execute(
                "SELECT hash FROM beleg_log.tiles WHERE level = %s AND number >= %s AND number < %s ORDER BY number",
                (level, first, end),
            ).fetchall()
        else:
            rows = self._connection.execute(
                "SELECT leaf FROM beleg_log.entries WHERE place >= %s AND place < %s ORDER BY place", (first, end)
            ).fetchall()
        if len(rows) != end - first:
            raise LookupError(f"the log's level {level} lacks {end - first - len(rows)} of its nodes {first} to {end - 1}")
        return [row[0] for row in rows]
