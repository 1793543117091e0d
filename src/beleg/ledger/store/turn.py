"""One process at a time: work on a store that must not be done twice at once, whichever machine it is done on."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from beleg.ledger.store.base import UnavailableError


@contextmanager
def one_at_a_time(address: str, work: str) -> Iterator[bool]:
    """Whether it is this process's turn to do work of that name, until the block ends; the store forgets a process that is gone.

    Args:
        address: the database.
        work: what is to be done.

    Raises:
        UnavailableError: the database does not answer.
    """
    try:
        connection = psycopg.connect(address, autocommit=True)
    except psycopg.OperationalError as away:
        raise UnavailableError(str(away)) from away
    with connection:
        row = connection.execute("SELECT pg_try_advisory_lock(hashtext(%s))", (work,)).fetchone()
        yield bool(row and row[0])
