"""Bring a database up to this version: the revisions of the log, the facts' tables, the rules and who may do what."""

from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import psycopg
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from psycopg import sql
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from beleg.facts.schema import arrow_schemas
from beleg.ledger.store.base import StoreError
from beleg.ledger.store.tables import grow
from beleg.ledger.store.writing import function

SERVICE = "beleg_service"
OLDEST = 140_000  # PostgreSQL 14: CREATE OR REPLACE TRIGGER

_SCHEMAS = ("beleg_log", "beleg_rows", "beleg_facts", "beleg_derived")

# Rules with what they watch. Statement triggers see all rows of one insert at once.
_WATCHED = {
    "released": "reservations",
    "never_more_than_paid": "reservations",
    "ended": "reservation_ends",
    "two_persons": "approvals",
}
_CHECKS = {
    "hold_says_why_and_until": (
        "decisions",
        "outcome <> 'hold' OR (length(btrim(coalesce(reason, ''))) > 0 AND deadline IS NOT NULL)",
    ),
    "outcome_is_known": ("decisions", "outcome IN ('release', 'hold', 'review', 'refuse')"),
    "money_is_positive": ("decisions", "amount > 0"),
    "reserved_is_positive": ("reservations", "amount > 0"),
    "verdict_is_known": ("approvals", "verdict IN ('release', 'refuse')"),
    "end_is_known": ("reservation_ends", "outcome IN ('paid', 'failed', 'expired')"),
}
_UNIQUE = {
    "reservation_ends_once": ("reservation_ends", "reservation_id"),
    "one_reservation_a_release": ("reservations", "decision_id"),
    "nonce_once": ("approvals", "nonce"),
}


def migrate(owner: str, revision: str = "head") -> None:
    """Bring the database at this address up, as its owner; nothing changes if it is up already.

    Args:
        owner: the address of a role that may make schemas, and the role `beleg_service` if it does not exist.
        revision: where to stop, for tests; the facts' tables and the rules are of this version all the same.

    Raises:
        StoreError: the server is too old, or a column's type is not what its fact says.
    """
    engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(owner), poolclass=NullPool)
    with engine.begin() as connection:
        raw = connection.connection.driver_connection
        if not isinstance(raw, psycopg.Connection):
            raise TypeError("SQLAlchemy hands over another driver's connection")
        _prepare(raw)
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        try:
            for statement in (*grow(_tables(raw)), *_rules(raw), *_grants()):
                raw.execute(statement.encode())
        except ValueError as refused:
            raise StoreError(str(refused)) from refused


def revisions() -> list[str]:
    """Every revision, oldest first."""
    return [found.revision for found in ScriptDirectory.from_config(_config()).walk_revisions()][::-1]


def current(connection: psycopg.Connection) -> str | None:
    """The database's revision; None if it holds no ledger."""
    if connection.execute("SELECT to_regclass('beleg_log.alembic_version')").fetchone() == (None,):
        return None
    row = connection.execute("SELECT version_num FROM beleg_log.alembic_version").fetchone()
    return str(row[0]) if row else None


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(str(files("beleg.ledger.store.migrations")))).replace("%", "%%"))
    return config


def _prepare(raw: psycopg.Connection) -> None:
    version = raw.info.server_version
    if version < OLDEST:
        raise StoreError(f"PostgreSQL: got version {version // 10_000}, expected {OLDEST // 10_000} or newer")
    # two migrations at once would trip over each other
    raw.execute("SELECT pg_advisory_xact_lock(hashtext('beleg migration'))")
    if not raw.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (SERVICE,)).fetchone():
        raw.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(sql.Identifier(SERVICE)))
    for schema in _SCHEMAS:
        raw.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(schema)))


def _tables(raw: psycopg.Connection) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    listed = raw.execute(
        "SELECT table_name, column_name, data_type FROM information_schema.columns WHERE table_schema = 'beleg_rows'"
    )
    for table, column, kind in listed:
        found.setdefault(table, {})[column] = kind
    return found


def _rules(raw: psycopg.Connection) -> Iterator[str]:
    yield files("beleg.ledger.store").joinpath("rules.sql").read_text(encoding="utf-8")
    yield function()
    yield from _trigger("log_order", "beleg_log.entries")
    for table in arrow_schemas():
        yield from _trigger("logged", f'beleg_rows."{table}"')
        yield from _guard(f'beleg_rows."{table}"')
    for name in ("entries", "tiles", "checkpoints", "keys"):
        yield from _guard(f"beleg_log.{name}")
    for rule, table in _WATCHED.items():
        yield from _trigger(rule, f"beleg_rows.{table}")
    yield "DROP TRIGGER IF EXISTS reserved ON beleg_rows.decisions"
    yield (
        "CREATE CONSTRAINT TRIGGER reserved AFTER INSERT ON beleg_rows.decisions DEFERRABLE INITIALLY DEFERRED "
        "FOR EACH ROW WHEN (NEW.outcome = 'release') EXECUTE FUNCTION beleg_log.reserved()"
    )
    # a decision's arithmetic is a few kilobytes, and to compress it would cost as much as all else that is done to write it
    yield "ALTER TABLE beleg_rows.decisions SET (toast_tuple_target = 8160)"
    there = {row[0] for row in raw.execute("SELECT conname FROM pg_constraint")}
    for name, (table, check) in _CHECKS.items():
        if name not in there:
            yield f"ALTER TABLE beleg_rows.{table} ADD CONSTRAINT {name} CHECK ({check})"
    for name, (table, column) in _UNIQUE.items():
        if name not in there:
            yield f"ALTER TABLE beleg_rows.{table} ADD CONSTRAINT {name} UNIQUE ({column})"


def _trigger(rule: str, table: str) -> Iterator[str]:
    yield (
        f"CREATE OR REPLACE TRIGGER {rule} AFTER INSERT ON {table} REFERENCING NEW TABLE AS added "
        f"FOR EACH STATEMENT EXECUTE FUNCTION beleg_log.{rule}()"
    )


def _guard(table: str) -> Iterator[str]:
    yield (
        f"CREATE OR REPLACE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION beleg_log.append_only()"
    )


def _grants() -> Iterator[str]:
    """The service reads everything, adds to what only grows, and changes nothing but what became of a message and its cursors."""
    yield f"GRANT USAGE ON SCHEMA {', '.join(_SCHEMAS)} TO {SERVICE}"
    yield f"GRANT CREATE ON SCHEMA beleg_derived TO {SERVICE}"
    for schema in ("beleg_log", "beleg_rows", "beleg_facts"):
        yield f"GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {SERVICE}"
    yield f"GRANT INSERT ON ALL TABLES IN SCHEMA beleg_rows TO {SERVICE}"
    yield f"GRANT INSERT ON beleg_log.entries, beleg_log.tiles, beleg_log.cursors TO {SERVICE}"
    yield f"GRANT INSERT (size, note) ON beleg_log.checkpoints TO {SERVICE}"
    yield f"GRANT INSERT (scope, name, digest, answer, places) ON beleg_log.keys TO {SERVICE}"
    yield f"GRANT INSERT (topic, body), UPDATE (attempts, next_at, sent_at, dead_at, error) ON beleg_log.outbox TO {SERVICE}"
    yield f"GRANT UPDATE (value) ON beleg_log.cursors TO {SERVICE}"
