"""PostgreSQL: the production store; answers about single slices, from indexed tables."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import ibis
import pyarrow as pa
import pyarrow.parquet as pq
from psycopg import Cursor

from beleg.ledger.engines.base import INDEXED, Engine, EngineError, literal

SQL = {"string": "text", "int64": "bigint", "bool": "boolean", "double": "double precision"}


class PostgreSQL(Engine):
    """One connection to a PostgreSQL database."""

    name = "postgres"
    parameter = "$1"

    def attach(self, name: str, schema: pa.Schema, files: Sequence[Path]) -> None:
        """Copied in."""
        self.load(name, pq.read_table(list(files), schema=schema) if files else schema.empty_table())

    def load(self, name: str, rows: pa.Table) -> None:
        """Copied in with COPY, then indexed by what lookups go by."""
        columns = ", ".join(f'"{field.name}" {SQL[str(field.type)]}' for field in rows.schema)
        with self.backend.con.cursor() as cursor:
            cursor.execute(f'DROP TABLE IF EXISTS "{name}"')
            cursor.execute(f'CREATE TABLE "{name}" ({columns})')
            self.copy_in(cursor, f'"{name}"', rows)
            for column in INDEXED:
                if column in rows.schema.names:
                    cursor.execute(f'CREATE INDEX ON "{name}" ("{column}")')
            cursor.execute(f'ANALYZE "{name}"')
        self.backend.con.commit()

    def copy_in(self, cursor: Cursor, table: str, rows: pa.Table) -> None:
        """Add rows to a table that is there."""
        with cursor.copy(f"COPY {table} FROM STDIN") as copy:
            for row in zip(*(column.to_pylist() for column in rows.columns), strict=True):
                copy.write_row(row)

    def prepare(self, name: str, statement: str) -> Callable[[str], list[tuple[Any, ...]]]:
        """Planned once for any value: planning a hundred tables takes longer than looking a few rows up."""
        cursor = self.backend.con.cursor()
        cursor.execute("SET plan_cache_mode = force_generic_plan")
        cursor.execute("SET jit = off")
        cursor.execute(f"PREPARE {self.quoted(name)} AS {statement}")
        return lambda value: list(cursor.execute(f"EXECUTE {self.quoted(name)}({literal(value)})"))


def open_here(work: Path, address: str | None) -> PostgreSQL:
    """Connect to the database at this address (``postgresql://...``)."""
    del work
    if not address:
        raise EngineError("engine postgres needs an address: got none, expected postgresql://user@host/database")
    engine = PostgreSQL(ibis.connect(address))
    # tables of facts bear common names, and another application's "orders" is not ours to replace
    engine.backend.con.execute("CREATE SCHEMA IF NOT EXISTS beleg")
    engine.backend.con.execute("SET search_path TO beleg")
    engine.backend.con.commit()
    return engine
