"""Signed checkpoints at intervals: the tree is brought up to date, its root signed, kept, and sent off the host."""

import asyncio
import hashlib
import logging
from collections.abc import Sequence

import psycopg

from beleg.ledger.log.note import Signer, opened
from beleg.ledger.log.proof import EntryProof
from beleg.ledger.store.base import StoreError
from beleg.ledger.store.sinks import sink
from beleg.ledger.store.tables import SALT, written
from beleg.ledger.store.tree import Tree

_log = logging.getLogger("beleg.ledger")


class Checkpoints:
    """The log's checkpoints.

    Args:
        address: the database, as the service's role.
        signer: the log's key.
        sinks: where they go, see `sinks.sink`.
    """

    def __init__(self, address: str, signer: Signer, sinks: Sequence[str] = ()) -> None:
        self._address = address
        self._signer = signer
        self._sinks = {_named(one): sink(one) for one in sinks}

    def make(self) -> str:
        """Sign how the log stands now, keep that, and send what has not been sent; returns the newest checkpoint.

        Raises:
            StoreError: the log does not begin with what was signed last. Then nothing is signed: look with `beleg verify`.
        """
        with psycopg.connect(self._address) as connection:
            note = self._made(connection)
        self._send()
        return note

    def _made(self, connection: psycopg.Connection) -> str:
        tree = Tree(connection)
        size = tree.size()
        last = newest(connection)
        if last is not None:
            before = opened(last, self._signer.verifier)
            if before.size == size:
                return last
            if before.size > size:
                raise StoreError(f"the log has {size} entries, and {before.size} were signed: some are gone; see beleg verify")
        tree.grow(size)
        if last is not None and tree.root(before.size) != before.root:
            raise StoreError(f"the first {before.size} entries are not those that were signed; see beleg verify")
        note = self._signer.sign(size, tree.root(size))
        connection.execute("INSERT INTO beleg_log.checkpoints (size, note) VALUES (%s, %s) ON CONFLICT DO NOTHING", (size, note))
        return note

    def _send(self) -> None:
        """Each place gets the newest checkpoint that it has not got; one that does not answer gets it next time."""
        for name, send in self._sinks.items():
            with psycopg.connect(self._address) as connection:
                row = connection.execute("SELECT value FROM beleg_log.cursors WHERE name = %s", (name,)).fetchone()
                note = newest(connection)
                if note is None or (row and row[0] == note):
                    continue
                try:
                    send(note)
                except OSError as failed:
                    _log.warning("checkpoint not sent to %s: %s", name, failed)
                    continue
                connection.execute(
                    "INSERT INTO beleg_log.cursors (name, value) VALUES (%s, %s) "
                    "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                    (name, note),
                )

    async def keep(self, every: float) -> None:
        """Make one every so many seconds, for ever; what goes wrong is logged and tried again."""
        while True:
            try:
                await asyncio.to_thread(self.make)
            except (psycopg.Error, StoreError, LookupError) as failed:
                _log.error("no checkpoint: %s", failed)
            await asyncio.sleep(every)

    def prove(self, table: str, fact_id: str) -> EntryProof:
        """The proof of one fact to take away, under a checkpoint made now if none covers it.

        Raises:
            StoreError: there is no such fact, or it was erased.
        """
        with psycopg.connect(self._address) as connection:
            text = f'SELECT place, {SALT}, {written(table)} FROM beleg_rows."{table}" r WHERE id = %s'
            row = connection.execute(text.encode(), (fact_id,)).fetchone()
            if row is None or row[1] is None:
                raise StoreError(f"{table} {fact_id!r}: " + ("there is no such fact" if row is None else "it was erased"))
            note = newest(connection)
            if note is None or opened(note, self._signer.verifier).size <= row[0]:
                note = self._made(connection)
            path = Tree(connection).inclusion(row[0], opened(note, self._signer.verifier).size)
        return EntryProof(row[1], row[2].encode(), row[0], tuple(path), note)


def kept(address: str) -> str | None:
    """The newest kept checkpoint of the store at this address."""
    with psycopg.connect(address) as connection:
        return newest(connection)


def newest(connection: psycopg.Connection) -> str | None:
    """The newest kept checkpoint."""
    row = connection.execute("SELECT note FROM beleg_log.checkpoints ORDER BY size DESC LIMIT 1").fetchone()
    return str(row[0]) if row else None


def _named(address: str) -> str:
    """A sink's name: its address may hold a password."""
    return "checkpoint sink " + hashlib.sha256(address.encode()).hexdigest()[:16]
