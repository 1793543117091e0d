"""Append very many facts: history, or an export, in transactions of thousands; one is prepared while the last is written."""

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import psycopg
import pyarrow.parquet as pq
from msgspec import Struct
from psycopg import Connection, RawCursor

from beleg.facts.base import Fact, OwnFact
from beleg.facts.registry import fact_types
from beleg.ledger.store.base import Unit, Written
from beleg.ledger.store.batch import Batch, Ready, rows_of
from beleg.ledger.store.sequencer import refused

CHUNK = 5_000


class Appended(Struct, frozen=True):
    """How many facts came, and how many of them were new."""

    facts: int
    fresh: int


def append(address: str, facts: Iterable[Fact], told: Callable[[int], None] = lambda _many: None) -> Appended:
    """Append facts; those whose id is there already are passed over, so a run that broke off is simply run again.

    Args:
        address: the database, as the service's role.
        facts: read one chunk ahead of the writing.
        told: hears how many are durable.

    Raises:
        RefusedError: a rule of the store forbids one; what came in earlier chunks is written.
        CanonicalError: a fact has no canonical form.
    """
    done = fresh = 0
    with psycopg.connect(address, autocommit=True, cursor_factory=RawCursor) as connection, ThreadPoolExecutor(1) as writer:
        writing: Future[int] | None = None
        for ready in _chunks(facts):
            if writing:
                fresh += writing.result()
                told(done)
            writing = writer.submit(_write, connection, ready)
            done += len(ready.rows)
        if writing:
            fresh += writing.result()
            told(done)
    return Appended(done, fresh)


def append_tables(
    address: str, tables: Mapping[str, Sequence[Path]], told: Callable[[float], None] = lambda _share: None
) -> Appended:
    """Append tables of facts that `connect.read` wrote as Parquet; `told` hears the share that is durable.

    Raises:
        ValueError: a table is of facts that Beleg alone writes.
    """
    if own := [table for table in tables if issubclass(fact_types()[table], OwnFact)]:
        raise ValueError(f"{', '.join(sorted(own))}: only Beleg itself writes these; leave them out of what is appended")
    files = [(table, path) for table, paths in tables.items() for path in paths]
    total = sum(pq.read_metadata(path).num_rows for _, path in files)
    return append(address, _facts(files), lambda many: told(many / max(1, total)))


def _facts(files: Sequence[tuple[str, Path]]) -> Iterator[Fact]:
    for table, path in files:
        fact = fact_types()[table]
        for batch in pq.ParquetFile(path).iter_batches(CHUNK):
            for row in batch.to_pylist():
                yield fact(**row)


def _chunks(facts: Iterable[Fact]) -> Iterator[Ready]:
    waiting = iter(facts)
    while chunk := tuple(itertools.islice(waiting, CHUNK)):
        yield Ready(Unit(facts=chunk), rows_of(chunk))


def _write(connection: Connection, ready: Ready) -> int:
    batch = Batch([ready])
    try:
        with connection.transaction():
            batch.answered([connection.execute(text.encode(), values).fetchall() for text, values in batch.questions()])
            if statement := batch.writing():
                batch.landed(connection.execute(statement[0].encode(), statement[1]).fetchall())
    except psycopg.OperationalError:
        raise
    except psycopg.DatabaseError as broken:
        raise refused(broken) from broken
    (outcome,) = batch.outcomes()
    if not isinstance(outcome, Written):
        raise outcome
    return batch.fresh
