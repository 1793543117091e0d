"""A store of any earlier revision, or of facts that had fewer fields, comes up to this version with all it holds."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from beleg.ledger.log.note import Signer
from beleg.ledger.store.base import StoreError, Unit
from beleg.ledger.store.checkpoints import Checkpoints
from beleg.ledger.store.embedded import Embedded
from beleg.ledger.store.migrate import current, migrate, revisions
from beleg.ledger.store.store import Store, open_store
from beleg.ledger.store.verify import verify
from support.stores import bought, database, release


@pytest.fixture
def empty(server: Embedded) -> Iterator[tuple[str, str]]:
    with database(server, migrated=False) as both:
        yield both


def write(service: str, *units: Unit) -> None:
    async def send() -> None:
        async with Store(service).running() as store:
            for unit in units:
                await store.commit(unit)

    asyncio.run(send())


def test_every_revision_comes_up(empty: tuple[str, str], tmp_path: Path) -> None:
    owner, service = empty
    walked = revisions()
    for number, revision in enumerate(walked):
        migrate(owner, revision)
        with psycopg.connect(owner) as connection:
            assert current(connection) == revision
        write(service, Unit(facts=bought(f"O{number}")), release(f"R{number}", f"O{number}"))
    migrate(owner)
    signer = Signer.kept("test/log", tmp_path / "log.key")
    found = verify(service, signer.verifier, Checkpoints(service, signer).make())
    assert found.whole
    assert found.facts == 4 * len(walked)
    open_store(service).close()


def test_migrating_again_changes_nothing(addresses: tuple[str, str]) -> None:
    owner, service = addresses
    described = (
        "SELECT n.nspname, c.relname, c.relkind::text, a.attname, format_type(a.atttypid, a.atttypmod) FROM pg_class c "
        "JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 "
        "WHERE n.nspname LIKE 'beleg%' ORDER BY 1, 2, 4"
    )
    with psycopg.connect(owner, autocommit=True) as connection:
        before = connection.execute(described).fetchall()
        migrate(owner)
        assert connection.execute(described).fetchall() == before
    write(service, Unit(facts=bought("O1")), release("A", "O1"))


def test_new_facts_and_fields_are_added(addresses: tuple[str, str], tmp_path: Path) -> None:
    """A database that was made before `channel`, and before there were activations."""
    owner, service = addresses
    with psycopg.connect(owner) as connection:
        connection.execute("DROP VIEW beleg_facts.orders")
        connection.execute("ALTER TABLE beleg_rows.orders DROP COLUMN channel")
        connection.execute("DROP TABLE beleg_rows.activations CASCADE")
        old = "INSERT INTO beleg_log.entries VALUES (0, sha256('x'), 'orders', 'old')"
        connection.execute(old)
    migrate(owner)
    with psycopg.connect(service) as connection:
        assert connection.execute("SELECT channel FROM beleg_facts.orders").fetchall() == []
        assert connection.execute("SELECT * FROM beleg_facts.activations").fetchall() == []
    write(service, Unit(facts=bought("O1")))


def test_a_column_of_another_type_is_refused(addresses: tuple[str, str]) -> None:
    owner, _ = addresses
    with psycopg.connect(owner) as connection:
        connection.execute("DROP VIEW beleg_facts.orders")
        connection.execute("ALTER TABLE beleg_rows.orders ALTER COLUMN paid TYPE text")
    with pytest.raises(StoreError, match=r"orders\.paid: the store holds text, the fact is defined as bigint"):
        migrate(owner)


def test_the_service_cannot_migrate(addresses: tuple[str, str]) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        migrate(addresses[1])
