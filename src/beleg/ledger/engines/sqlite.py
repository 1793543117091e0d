"""SQLite: the smallest embedded store; answers about single slices, from indexed tables."""

import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.parquet as pq
import sqlglot
from sqlglot.optimizer.eliminate_subqueries import eliminate_subqueries

from beleg.ledger.engines.base import INDEXED, Engine

_SQL = {"string": "TEXT", "int64": "INTEGER", "bool": "INTEGER", "double": "REAL"}


class SQLite(Engine):
    """One SQLite file in the work folder."""

    name = "sqlite"
    parameter = "?1"
    moment = "?2"

    def attach(self, name: str, schema: pa.Schema, files: Sequence[Path]) -> None:
        """Copied in, as SQLite cannot read Parquet."""
        self.load(name, pq.read_table(list(files), schema=schema) if files else schema.empty_table())

    def load(self, name: str, rows: pa.Table) -> None:
        """Inserted row by row, then indexed by what lookups go by."""
        connection: sqlite3.Connection = self.backend.con
        declared = ", ".join(f'"{field.name}" {_declared(field.type)}' for field in rows.schema)
        connection.execute(f'DROP TABLE IF EXISTS "{name}"')
        connection.execute(f'CREATE TABLE "{name}" ({declared})')
        marks = ", ".join("?" * len(rows.schema))
        values = zip(*(column.to_pylist() for column in rows.columns), strict=True)
        connection.executemany(f'INSERT INTO "{name}" VALUES ({marks})', values)
        for column in INDEXED:
            if column in rows.schema.names:
                connection.execute(f'CREATE INDEX "{name}_{column}" ON "{name}" ("{column}")')
        connection.execute("ANALYZE")
        connection.commit()

    def sql(self, expression: ir.Table) -> str:
        """Every nested query becomes a common table expression, as SQLite's parser gives up at a depth of about twelve."""
        flat = eliminate_subqueries(sqlglot.parse_one(super().sql(expression), dialect=self.name))
        return flat.sql(dialect=self.name, pretty=True)

    def rows(self, expression: ir.Table) -> pa.Table:
        """Run an expression the way `sql` writes it, which SQLite's parser can follow."""
        return self.run(self.sql(expression), expression.schema().to_pyarrow())

    def run(self, statement: str, schema: pa.Schema) -> pa.Table:
        """Run a statement in SQLite's own SQL; it answers booleans as 0 and 1."""
        cells = list(zip(*self.backend.con.execute(statement), strict=True)) or [()] * len(schema)
        columns = [
            pa.array(column, pa.int64()).cast(field.type) if pa.types.is_boolean(field.type) else pa.array(column, field.type)
            for column, field in zip(cells, schema, strict=True)
        ]
        return pa.table(columns, schema=schema)

    def prepare(self, name: str, statement: str) -> Callable[[str], list[tuple[Any, ...]]]:
        """The connection keeps the statements it ran last prepared."""
        del name
        return lambda value: list(self.backend.con.execute(statement, (value,)))


def _declared(kind: pa.DataType) -> str:
    return "BOOLEAN" if pa.types.is_boolean(kind) else _SQL[str(kind)]


def open_here(work: Path, address: str | None) -> SQLite:
    """Open a SQLite file in the work folder; there is no address to give."""
    del address
    work.mkdir(parents=True, exist_ok=True)
    return SQLite(ibis.sqlite.connect(work / "facts.sqlite"))
