"""Many units written in one transaction: what to send, and what became of each; no database in here."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import orjson
from msgspec import Struct

from beleg.facts.base import Fact, table_of
from beleg.facts.schema import arrow_schemas
from beleg.ledger.log.canonical import canonical, leaf, salts
from beleg.ledger.store.base import Basis, ConflictError, ContradictedError, Key, StaleError, StoreError, Unit, Written
from beleg.ledger.store.tables import written
from beleg.ledger.store.writing import CALL

Statement = tuple[str, Sequence[Any]]
Rows = Sequence[Sequence[Any]]
Outcome = Written | ConflictError | ContradictedError | StaleError
Name = tuple[str, str]  # table, id
Stale = Callable[[Basis], bool]

# These are inserted last and in this order, as the rules of each look at those before it.
_LAST = ("decisions", "approvals", "reservations", "reservation_ends")

_KNOWN = {
    table: f'SELECT r.id, r.place, NULL FROM beleg_rows."{table}" r WHERE r.id = ANY($1::text[])' for table in arrow_schemas()
}
# What an erased fact said is not known any more.
_SAID = {
    table: f"SELECT r.id, r.place, CASE WHEN r.salt IS NOT NULL THEN {written(table)} END "
    f'FROM beleg_rows."{table}" r WHERE r.id = ANY($1::text[])'
    for table in arrow_schemas()
}

# Two deliveries of one fact differ in these: when and out of what it was taken in.
_TAKEN_IN = frozenset({"ingested_at", "known_at", "origin"})

TAKE_HEAD: Statement = ("SELECT beleg_log.take_head()", ())
_KEYS = """
SELECT scope, name, digest, answer, places FROM beleg_log.keys
WHERE (scope, name) IN (SELECT * FROM unnest($1::text[], $2::text[]))"""


def _never(_: Basis) -> bool:
    return False


class Row(Struct, frozen=True, array_like=True):
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
    """Units that share a transaction. Places count from the head of the log until it is known; what the log has is before it.

    Where nothing is there yet, `assume` so and send `writing`. Where that returns no place, or may not be assumed: send
    `questions`, hand the answers to `answered`, and then send `writing`, in one transaction. Read `outcomes` once it is durable.
    """

    def __init__(self, units: Sequence[Ready]) -> None:
        self._units = units
        self._new: dict[Name, Row] = {}
        self._places: dict[Name, int] = {}
        self._there: dict[Name, str | None] = {}
        self._written: list[tuple[Ready, Written]] = []
        self._outcomes: list[Outcome] = []
        self.head = 0

    def questions(self) -> Iterator[Statement]:
        """What must be known: the head of the log, which of the facts are there, which of the keys."""
        yield TAKE_HEAD
        strict = {row.table for ready in self._units if ready.unit.strict for row in ready.rows}
        for table, ids in self._ids().items():
            yield (_SAID if table in strict else _KNOWN)[table], (sorted(ids),)
        if keys := self._keys():
            yield _KEYS, ([key.scope for key in keys], [key.name for key in keys])

    def answered(self, answers: Sequence[Rows], stale: Stale = _never) -> None:
        """The rows of each question, in order; decides what is new and gives it its place.

        Args:
            answers: the rows.
            stale: whether what a unit rests on has changed since, up to the head of the log.
        """
        (((head,),), *rest) = answers
        self.head = int(head)
        for table, rows in zip(self._ids(), rest, strict=False):
            self._places |= {(table, fact_id): place - self.head for fact_id, place, _ in rows}
            self._there |= {(table, fact_id): text for fact_id, _, text in rows}
        old = {Key(scope, name, b""): tuple(row) for scope, name, *row in rest[-1]} if self._keys() else {}
        self._decide({key: (said, answer, [at - self.head for at in places]) for key, (said, answer, places) in old.items()}, stale)

    def assume(self, stale: Stale = _never) -> None:
        """Decide as if none of the facts and keys were there; the head is to be said once it is known."""
        self._decide({}, stale)

    def _decide(self, old: dict[Key, tuple[Any, ...]], stale: Stale) -> None:
        place = 0
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

    def writing(self, followed: int | None = None, watched: str = "{}") -> Statement | None:
        """The statement that writes what is new, if there is anything; it returns the head, or NULL where it wrote nothing.

        Args:
            followed: up to where it is known what came about, where units rest on that.
            watched: of which tables, as PostgreSQL writes a list.
        """
        if not self._written:
            return None
        new = self._new.values()
        named = orjson.dumps([{"relation": row.table, "fact_id": row.id} for row in new]).decode()
        texts = _Blob()
        tables = [self._table(table, rows, texts) for table, rows in _in_order(new).items()]
        bodies = _Blob()
        keys = [
            {"scope": ready.unit.key.scope, "name": ready.unit.key.name, "at": bodies.add(ready.unit.key.digest, written.answer)}
            | {"digest": len(ready.unit.key.digest), "answer": len(written.answer), "places": written.places}
            for ready, written in self._written
            if ready.unit.key
        ]
        messages = [
            {"topic": one.topic, "at": bodies.add(one.body), "size": len(one.body)}
            for ready, _ in self._written
            for one in ready.unit.messages
        ]
        leaves = b"".join(row.leaf for row in new)
        parts = (named, leaves, orjson.dumps(tables).decode(), texts.whole(), _json(keys), _json(messages), bodies.whole())
        return CALL, (followed, watched, *parts)

    def landed(self, rows: Rows) -> None:
        """What `writing` returned after everything was looked up.

        Raises:
            StoreError: nothing was written, as somebody wrote meanwhile without holding the head.
        """
        if rows != [(self.head,)]:
            raise StoreError(f"nothing was written: got {rows!r} from the log's head, expected {self.head}")

    def _table(self, table: str, rows: Sequence[Row], texts: "_Blob") -> dict[str, Any]:
        text = b"[" + b",".join(row.written for row in rows) + b"]"
        salted = b"".join(row.salt for row in rows)
        where = {"at": texts.add(text, salted), "size": len(text), "salted": len(salted)}
        ids = [row.id for row in rows]
        return {"relation": table, "ids": ids, "places": [self._places[table, one] for one in ids]} | where

    @property
    def fresh(self) -> int:
        """How many facts are new."""
        return len(self._new)

    @property
    def tables(self) -> list[str]:
        """The tables of the new facts, one for each, in the order of the log."""
        return [table for table, _ in self._new]

    def outcomes(self) -> Sequence[Outcome]:
        """What became of each unit, in order, with the places that they have in the log."""
        return [self._placed(one) if isinstance(one, Written) else one for one in self._outcomes]

    def _placed(self, one: Written) -> Written:
        return Written(tuple(self.head + place for place in one.places), one.answer, one.replayed)

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


class _Blob:
    """Values strung together, each known by where it begins, counted from one as SQL does."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._next = 1

    def add(self, *parts: bytes) -> int:
        """Add values, one behind the other; where the first begins."""
        at = self._next
        self._parts += parts
        self._next += sum(map(len, parts))
        return at

    def whole(self) -> bytes:
        """All of it."""
        return b"".join(self._parts)


def _json(rows: Sequence[Mapping[str, Any]]) -> str | None:
    return orjson.dumps(rows).decode() if rows else None


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
