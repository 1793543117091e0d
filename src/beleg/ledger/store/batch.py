"""Many units written in one transaction: what to ask once the log's head is taken, then what to insert; no database in here."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Any

import orjson
from msgspec import Struct

from beleg.facts.base import Fact, table_of
from beleg.facts.schema import arrow_schemas
from beleg.ledger.log.canonical import LEAF_BYTES, canonical, leaf, salts
from beleg.ledger.store.base import Basis, ConflictError, ContradictedError, Key, StaleError, Unit, Written
from beleg.ledger.store.tables import insert, written

Statement = tuple[str, Sequence[Any]]
Rows = Sequence[Sequence[Any]]
Outcome = Written | ConflictError | ContradictedError | StaleError
Name = tuple[str, str]  # table, id

# These are inserted last and in this order, as the rules of each look at those before it.
_LAST = ("decisions", "approvals", "reservations", "reservation_ends")

_INSERT = {table: insert(table, schema) for table, schema in arrow_schemas().items()}
_KNOWN = {table: f'SELECT r.id, r.place, NULL FROM beleg_rows."{table}" r WHERE r.id = ANY($1::text[])' for table in _INSERT}
# What an erased fact said is not known any more.
_SAID = {
    table: f"SELECT r.id, r.place, CASE WHEN r.salt IS NOT NULL THEN {written(table)} END "
    f'FROM beleg_rows."{table}" r WHERE r.id = ANY($1::text[])'
    for table in _INSERT
}

# Two deliveries of one fact differ in these: when and out of what it was taken in.
_TAKEN_IN = frozenset({"ingested_at", "known_at", "origin"})

TAKE_HEAD: Statement = ("SELECT beleg_log.take_head()", ())
_KEYS = """
SELECT scope, name, digest, answer, places FROM beleg_log.keys
WHERE (scope, name) IN (SELECT * FROM unnest($1::text[], $2::text[]))"""
# Hashes, salts and answers travel as one value, cut there: lists of bytes are slow to write and to read.
_ENTRIES = f"""
INSERT INTO beleg_log.entries (place, leaf, relation, fact_id)
SELECT $1::bigint + n - 1, substr($2::bytea, (n::int - 1) * {LEAF_BYTES} + 1, {LEAF_BYTES}), relation, fact_id
FROM ROWS FROM (json_to_recordset($3::json) AS (relation text, fact_id text)) WITH ORDINALITY AS e(relation, fact_id, n)"""
_PUT_KEYS = """
INSERT INTO beleg_log.keys (scope, name, digest, answer, places)
SELECT scope, name, substr($3::bytea, at, digest), substr($3::bytea, at + digest, answer), places::bigint[]
FROM unnest($1::text[], $2::text[], $4::int[], $5::int[], $6::int[], $7::text[]) AS k(scope, name, at, digest, answer, places)"""
_PUT_MESSAGES = "INSERT INTO beleg_log.outbox (topic, body) SELECT * FROM unnest($1::text[], $2::bytea[])"


class Row(Struct, frozen=True):
    """A fact ready to be written."""

    table: str
    id: str
    written: bytes
    salt: bytes
    leaf: bytes


def rows_of(facts: Sequence[Fact]) -> tuple[Row, ...]:
    """Facts with their canonical form, a salt each, and the leaf that follows.

    Raises:
        CanonicalError: a fact has no canonical form.
    """
    return tuple(_row(fact, salt) for fact, salt in zip(facts, salts(len(facts)), strict=True))


def _row(fact: Fact, salt: bytes) -> Row:
    written = canonical(fact)
    return Row(table_of(type(fact)), fact.id, written, salt, leaf(salt, written))


class Ready(Struct, frozen=True):
    """A unit ready to be written."""

    unit: Unit
    rows: tuple[Row, ...]


class Batch:
    """Units that share a transaction: send `questions`, hand the answers to `answered`, send `inserts`, commit, read `outcomes`."""

    def __init__(self, units: Sequence[Ready]) -> None:
        self._units = units
        self._new: dict[Name, Row] = {}
        self._places: dict[Name, int] = {}
        self._there: dict[Name, str | None] = {}
        self._written: list[tuple[Ready, Written]] = []
        self._outcomes: list[Outcome] = []
        self._head = 0

    def questions(self) -> Iterator[Statement]:
        """What must be known: the head of the log, which of the facts are there, which of the keys."""
        yield TAKE_HEAD
        strict = {row.table for ready in self._units if ready.unit.strict for row in ready.rows}
        for table, ids in self._ids().items():
            yield (_SAID if table in strict else _KNOWN)[table], (sorted(ids),)
        if keys := self._keys():
            yield _KEYS, ([key.scope for key in keys], [key.name for key in keys])

    def answered(self, answers: Sequence[Rows], stale: Callable[[Basis], bool] = lambda _: False) -> None:
        """The rows of each question, in order; decides what is new and gives it its place.

        Args:
            answers: the rows.
            stale: whether what a unit rests on has changed since, up to the head of the log.
        """
        (((head,),), *rest) = answers
        for table, rows in zip(self._ids(), rest, strict=False):
            self._places |= {(table, fact_id): place for fact_id, place, _ in rows}
            self._there |= {(table, fact_id): text for fact_id, _, text in rows}
        old = {Key(scope, name, b""): tuple(row) for scope, name, *row in rest[-1]} if self._keys() else {}
        self._head = int(head)
        place = self._head
        for ready in self._units:
            outcome: Outcome | None = self._earlier(ready.unit, old) or self._contradicted(ready) or _overtaken(ready.unit, stale)
            if outcome is None:
                for row in ready.rows:
                    if (row.table, row.id) not in self._places:
                        self._places[row.table, row.id] = place
                        self._new[row.table, row.id] = row
                        place += 1
                outcome = Written(tuple(self._places[row.table, row.id] for row in ready.rows), ready.unit.answer)
                self._written.append((ready, outcome))
                if ready.unit.key:
                    key = ready.unit.key
                    old[Key(key.scope, key.name, b"")] = (key.digest, outcome.answer, outcome.places)
            self._outcomes.append(outcome)

    def inserts(self) -> Iterator[Statement]:
        """What to insert, in the order the rules want it."""
        if self._new:
            new = self._new.values()
            named = orjson.dumps([{"relation": row.table, "fact_id": row.id} for row in new]).decode()
            yield _ENTRIES, (self._head, b"".join(row.leaf for row in new), named)
        for table, rows in _in_order(self._new.values()).items():
            texts = b"[" + b",".join(row.written for row in rows) + b"]"
            places = [self._places[table, row.id] for row in rows]
            yield _INSERT[table], (texts.decode(), places, b"".join(row.salt for row in rows))
        keys = [(ready.unit.key, written) for ready, written in self._written if ready.unit.key]
        if keys:
            yield _put(keys)
        messages = [message for ready, _ in self._written for message in ready.unit.messages]
        if messages:
            yield _PUT_MESSAGES, ([one.topic for one in messages], [one.body for one in messages])

    @property
    def fresh(self) -> int:
        """How many facts are new."""
        return len(self._new)

    @property
    def tables(self) -> list[str]:
        """The tables of the new facts, one for each, in the order of the log."""
        return [table for table, _ in self._new]

    def outcomes(self) -> Sequence[Outcome]:
        """What became of each unit, in order."""
        return self._outcomes

    def _ids(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for ready in self._units:
            for row in ready.rows:
                found.setdefault(row.table, set()).add(row.id)
        return found

    def _keys(self) -> list[Key]:
        return [ready.unit.key for ready in self._units if ready.unit.key]

    def _earlier(self, unit: Unit, old: Mapping[Key, tuple[Any, ...]]) -> Written | ConflictError | None:
        if unit.key is None:
            return None
        found = old.get(Key(unit.key.scope, unit.key.name, b""))
        if found is None:
            return None
        digest, answer, places = found
        if digest != unit.key.digest:
            return ConflictError(
                f"idempotency key {unit.key.name!r}: it came before with another body; use a new key for a new request"
            )
        return Written(tuple(places), answer, replayed=True)

    def _contradicted(self, ready: Ready) -> ContradictedError | None:
        """Whether an id of a strict unit stands for something else already: in the ledger, in this batch, or in the unit itself."""
        if not ready.unit.strict:
            return None
        said: dict[Name, Row] = {}
        other = tuple((row.table, row.id) for row in ready.rows if self._differs(row, said))
        return ContradictedError(other) if other else None

    def _differs(self, row: Row, said: dict[Name, Row]) -> bool:
        name = row.table, row.id
        first = self._new.get(name) or said.setdefault(name, row)
        earlier = [self._there.get(name), first.written if first is not row else None]
        return any(_content(one) != _content(row.written) for one in earlier if one is not None)


def _overtaken(unit: Unit, stale: Callable[[Basis], bool]) -> StaleError | None:
    if unit.rests_on is None or not stale(unit.rests_on):
        return None
    return StaleError("a fact came about of what this rests on; work it out anew")


def _put(keys: Sequence[tuple[Key, Written]]) -> Statement:
    sizes = [(len(key.digest), len(written.answer)) for key, written in keys]
    return _PUT_KEYS, (
        [key.scope for key, _ in keys],
        [key.name for key, _ in keys],
        b"".join(key.digest + written.answer for key, written in keys),
        list(accumulate((sum(both) for both in sizes[:-1]), initial=1)),
        [digest for digest, _ in sizes],
        [answer for _, answer in sizes],
        [f"{{{','.join(map(str, written.places))}}}" for _, written in keys],
    )


def _content(written: str | bytes) -> dict[str, Any]:
    """What a fact says, without when and out of what it was taken in."""
    said: dict[str, Any] = orjson.loads(written)
    return {name: value for name, value in said.items() if name not in _TAKEN_IN}


def _in_order(rows: Iterable[Row]) -> dict[str, list[Row]]:
    by_table: dict[str, list[Row]] = {}
    for row in rows:
        by_table.setdefault(row.table, []).append(row)
    first = sorted(by_table.keys() - set(_LAST))
    return {table: by_table[table] for table in (*first, *_LAST) if table in by_table}
