"""Check a whole store against its log, and the log against what was signed: what was edited, taken away, put in or cut off."""

import hashlib
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from mmap import mmap
from typing import Literal

import psycopg
from msgspec import Struct

from beleg.facts.schema import arrow_schemas
from beleg.ledger.log.merkle import EMPTY, TILE, Frontier, complete
from beleg.ledger.log.note import Checkpoint, NoteError, Verifier, opened
from beleg.ledger.store.tables import SALT, written

Kind = Literal["edited", "missing", "unlogged", "rewritten", "truncated", "gap", "forged", "tile", "erased"]
Progress = Callable[[str, float], None]

_LEAF = 32
_CHUNK = 256 * TILE
_LEVEL = TILE.bit_length() - 1

# So many problems of a kind are named; the rest is counted.
_NAMED = 100


class Problem(Struct, frozen=True):
    """One thing that is not as it was written: of which kind, where in the log, which fact, and what to make of it."""

    kind: Kind
    why: str
    place: int | None = None
    relation: str = ""
    fact_id: str = ""
    leaf: str = ""


class Verified(Struct, frozen=True, kw_only=True):
    """What was checked and found. `checkpoints` are those that were signed and hold; `erased` facts that an erasure speaks of."""

    entries: int
    facts: int
    root: str
    checkpoints: int
    outside: int | None
    erased: int
    problems: tuple[Problem, ...]
    counts: dict[str, int]
    seconds: float

    @property
    def whole(self) -> bool:
        """Whether nothing was found."""
        return not self.counts


class _Found:
    """Problems, named up to a number and counted beyond."""

    def __init__(self) -> None:
        self.named: list[Problem] = []
        self.counts: dict[str, int] = {}

    def add(self, problem: Problem) -> None:
        self.counts[problem.kind] = self.counts.get(problem.kind, 0) + 1
        if self.counts[problem.kind] <= _NAMED:
            self.named.append(problem)


def verify(address: str, trusted: Verifier, outside: str | None = None, told: Progress = lambda _step, _share: None) -> Verified:
    """Check the whole store, as one snapshot.

    Args:
        address: the database; any role that may read.
        trusted: the log's public key.
        outside: a checkpoint that was kept off the host. Without one, whoever has the key and the database may have rewritten both.
        told: hears how far it is.

    Raises:
        NoteError: the outside checkpoint is not of this log, or not signed by its key.
    """
    began = time.monotonic()
    found = _Found()
    held = opened(outside, trusted) if outside is not None else None
    with psycopg.connect(address) as connection, _leaves() as leaves:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        marks = _signed(connection, trusted, found)
        if held is not None:
            marks.append(held)
        root = _Log(connection, leaves, found, told).check(marks, held)
        facts, erased = _Facts(connection, leaves, found, told).check()
    return Verified(
        entries=leaves.size, facts=facts, root=root.hex(), checkpoints=len(marks) - (held is not None),
        outside=held.size if held else None, erased=erased, problems=tuple(found.named), counts=found.counts,
        seconds=time.monotonic() - began,
    )  # fmt: skip


def last_note(text: str) -> str:
    """The last note in a file that checkpoints were appended to."""
    last: list[str] = []
    for line in text.rstrip("\n").split("\n"):
        if last and last[-1].startswith("\u2014 ") and not line.startswith("\u2014 "):
            last = []
        if last or line:
            last.append(line)
    return "\n".join(last) + "\n"


class _Leaves:
    """All leaves in a temporary file, so that memory does not grow with the log."""

    def __init__(self, file: "tempfile._TemporaryFileWrapper[bytes]") -> None:
        self._file = file
        self.size = 0
        self.bytes: bytes | mmap = b""

    def add(self, blob: bytes) -> None:
        self._file.write(blob)
        self.size += len(blob) // _LEAF

    def ready(self) -> None:
        self._file.flush()
        self.bytes = mmap(self._file.fileno(), 0) if self.size else b""


@contextmanager
def _leaves() -> Iterator[_Leaves]:
    with tempfile.NamedTemporaryFile(prefix="beleg-verify-") as file:
        leaves = _Leaves(file)
        yield leaves
        if isinstance(leaves.bytes, mmap):
            leaves.bytes.close()


def _signed(connection: psycopg.Connection, trusted: Verifier, found: _Found) -> list[Checkpoint]:
    """The kept checkpoints that the key signed, smallest first."""
    marks = []
    for size, note in connection.execute("SELECT size, note FROM beleg_log.checkpoints ORDER BY size"):
        try:
            mark = opened(note, trusted)
        except NoteError as wrong:
            found.add(Problem("forged", f"the checkpoint kept for {size} entries: {wrong}", size))
            continue
        if mark.size != size:
            found.add(Problem("forged", f"the checkpoint kept for {size} entries is for {mark.size}", size))
        marks.append(mark)
    return marks


class _Log:
    """The log against its checkpoints and kept nodes."""

    def __init__(self, connection: psycopg.Connection, leaves: _Leaves, found: _Found, told: Progress) -> None:
        self._connection = connection
        self._leaves = leaves
        self._found = found
        self._told = told

    def check(self, marks: list[Checkpoint], held: Checkpoint | None) -> bytes:
        """Read every leaf once; returns the root."""
        self._read()
        size, blob = self._leaves.size, self._leaves.bytes
        goals = {mark.size for mark in marks if mark.size <= size} | {0, size}
        frontier, tiles, roots = Frontier(), self._tiles(), {0: EMPTY}
        for first in range(0, size, TILE):
            nodes = [bytes(blob[place * _LEAF : place * _LEAF + _LEAF]) for place in range(first, min(first + TILE, size))]
            for goal in goals.intersection(range(first + 1, first + len(nodes) + 1)):
                roots[goal] = frontier.root_with(nodes[: goal - first])
            if len(nodes) == TILE:
                tile = complete(nodes)
                frontier.add(tile, _LEVEL)
                self._compare(first // TILE, tile, tiles)
            if first % _CHUNK == 0:
                self._told("reading the log", first / size)
        self._hold(marks, held, roots)
        return roots[size]

    def _read(self) -> None:
        row = self._connection.execute("SELECT coalesce(max(place) + 1, 0), count(*) FROM beleg_log.entries").fetchone()
        last, many = row or (0, 0)
        if last != many:
            why = f"the log has {many} entries, but its places go up to {last - 1}: {last - many} were taken away"
            self._found.add(Problem("gap", why))
        for first in range(0, last, _CHUNK):
            blob = self._connection.execute(
                "SELECT string_agg(coalesce(e.leaf, %s), ''::bytea ORDER BY p) FROM generate_series(%s::bigint, %s) AS p "
                "LEFT JOIN beleg_log.entries e ON e.place = p",
                (bytes(_LEAF), first, min(first + _CHUNK, last) - 1), binary=True,
            ).fetchone()  # fmt: skip
            self._leaves.add(blob[0] if blob else b"")
        self._leaves.ready()

    def _tiles(self) -> dict[int, bytes]:
        rows = self._connection.execute("SELECT number, hash FROM beleg_log.tiles WHERE level = 1", binary=True)
        return {number: bytes(kept) for number, kept in rows}

    def _compare(self, number: int, tile: bytes, kept: dict[int, bytes]) -> None:
        if kept.get(number, tile) != tile:
            first = number * TILE
            why = f"an entry from {first} to {first + TILE - 1} was rewritten since their node was kept"
            self._found.add(Problem("tile", why, first))

    def _hold(self, marks: list[Checkpoint], held: Checkpoint | None, roots: dict[int, bytes]) -> None:
        good = 0
        for mark in sorted(marks, key=lambda one: one.size):
            whose = "the outside checkpoint" if mark is held else "a signed checkpoint"
            if mark.size not in roots:
                why = f"{whose} saw {mark.size} entries, the log has {self._leaves.size}: the last ones were cut off"
                self._found.add(Problem("truncated", why, self._leaves.size))
            elif roots[mark.size] == mark.root:
                good = mark.size
            else:
                why = f"{whose} for {mark.size} entries does not hold, the one for {good} does: an entry from {good} to "
                self._found.add(Problem("rewritten", f"{why}{mark.size - 1} was rewritten", good))
                return


class _Facts:
    """The facts against the log's leaves."""

    def __init__(self, connection: psycopg.Connection, leaves: _Leaves, found: _Found, told: Progress) -> None:
        self._connection = connection
        self._leaves = leaves
        self._found = found
        self._told = told
        self._seen = bytearray(leaves.size)

    def check(self) -> tuple[int, int]:
        """Read every fact once; returns how many there are, and how many were erased on record."""
        excused = {(row[0], row[1]) for row in self._connection.execute("SELECT relation, fact_id FROM beleg_rows.erasures")}
        facts = erased = 0
        for table in arrow_schemas():
            many, gone = self._table(table, excused)
            facts, erased = facts + many, erased + gone
            self._told("reading the facts", facts / max(1, self._leaves.size))
        if len(self._seen) != sum(self._seen):
            self._missing()
        return facts, erased

    def _table(self, table: str, excused: set[tuple[str, str]]) -> tuple[int, int]:
        sha256, leaves, seen, size = hashlib.sha256, self._leaves.bytes, self._seen, self._leaves.size
        many = erased = 0
        suspects = []
        copy = f'COPY (SELECT place, {SALT}, {written(table)}, id FROM beleg_rows."{table}" r) TO STDOUT (FORMAT BINARY)'
        with self._connection.cursor().copy(copy.encode()) as rows:
            rows.set_types(["int8", "bytea", "bytea", "text"])  # a text's bytes, not decoded and encoded again
            for place, salt, text, fact_id in rows.rows():
                many += 1
                if salt is None:
                    erased += self._erased(table, fact_id, place, excused)
                elif 0 <= place < size:
                    leaf = leaves[place * _LEAF : place * _LEAF + _LEAF]
                    if sha256(b"\0" + sha256(salt + text).digest()).digest() != leaf:
                        suspects.append((place, fact_id))
                        continue
                else:
                    self._found.add(Problem("unlogged", "this fact has no entry in the log", place, table, fact_id))
                    continue
                seen[place] = 1
        for place, fact_id in suspects:
            self._edited(table, fact_id, place)
        return many, erased

    def _erased(self, table: str, fact_id: str, place: int, excused: set[tuple[str, str]]) -> bool:
        if (table, fact_id) not in excused:
            why = "this fact's salt is gone, and no erasure on record says why"
            self._found.add(Problem("erased", why, place, table, fact_id))
        return (table, fact_id) in excused

    def _edited(self, table: str, fact_id: str, place: int) -> None:
        """A fact does not match the leaf at its place: it was edited, or claims the place of another."""
        relation, entry_id = self._entry(place)
        leaf = self._leaf(place)
        if (relation, entry_id) == (table, fact_id):
            self._seen[place] = 1
            why = "this fact is not what the log says was written"
            self._found.add(Problem("edited", why, place, table, fact_id, leaf))
        else:
            why = f"this fact claims the place of {relation} {entry_id}"
            self._found.add(Problem("unlogged", why, place, table, fact_id, leaf))

    def _missing(self) -> None:
        place = self._seen.find(0)
        while place >= 0:
            relation, fact_id = self._entry(place)
            why = "the log has this entry, and its fact is gone"
            self._found.add(Problem("missing", why, place, relation, fact_id, self._leaf(place)))
            place = self._seen.find(0, place + 1)

    def _leaf(self, place: int) -> str:
        return bytes(self._leaves.bytes[place * _LEAF : place * _LEAF + _LEAF]).hex()

    def _entry(self, place: int) -> tuple[str, str]:
        text = "SELECT relation, fact_id FROM beleg_log.entries WHERE place = %s"
        row = self._connection.execute(text, (place,)).fetchone()
        return (str(row[0]), str(row[1])) if row else ("", "")
