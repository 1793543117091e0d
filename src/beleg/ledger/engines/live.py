"""The store the service lives on, as an engine: the facts are there already, and what is computed beforehand lies beside them."""

from pathlib import Path

import ibis
import ibis.expr.operations as ops
import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.parquet as pq

from beleg.facts.schema import arrow_schemas
from beleg.ledger.engines.base import INDEXED, EngineError
from beleg.ledger.engines.postgres import SQL, PostgreSQL

# Facts are views without the log's own columns; what is computed from them is the service's own and may be thrown away.
SEARCH_PATH = "beleg_derived, beleg_facts, pg_catalog"


class Live(PostgreSQL):
    """One connection to the store. A statement is asked about many orders at once: its parameter is a list of them."""

    parameter = "ANY($1)"

    def __init__(self, backend: ibis.backends.sql.SQLBackend) -> None:
        super().__init__(backend)
        self._schemas = {name: _described(schema) for name, schema in arrow_schemas().items()}

    def table(self, name: str) -> ir.Table:
        """A table as an expression, by the schema it was made with."""
        if name not in self._schemas:
            raise EngineError(f"table {name!r}: the store has no such facts, and nothing was computed under this name")
        return ops.DatabaseTable(name, schema=self._schemas[name], source=self.backend).to_expr()

    def load(self, name: str, rows: pa.Table) -> None:
        """Put what was computed in the place of what was, in one transaction, so that whoever asks meanwhile sees either."""
        if name in arrow_schemas():
            raise EngineError(f"table {name!r}: facts of the store are appended, never loaded")
        typed = {field.name: SQL[str(field.type)] for field in rows.schema}
        listed = ", ".join(f'"{column}" {kind}' for column, kind in typed.items())
        with self.backend.con.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext('beleg derived'))")
            there = cursor.execute(
                "SELECT column_name, data_type FROM information_schema.columns "
                "WHERE table_schema = 'beleg_derived' AND table_name = %s ORDER BY ordinal_position",
                (name,),
            ).fetchall()
            if dict(there) != typed:
                cursor.execute(f'DROP TABLE IF EXISTS beleg_derived."{name}"')
                cursor.execute(f'CREATE TABLE beleg_derived."{name}" ({listed})')
                for column in (*INDEXED, "login", "fact_id"):
                    if column in typed:
                        cursor.execute(f'CREATE INDEX ON beleg_derived."{name}" ("{column}")')
            cursor.execute(f'DELETE FROM beleg_derived."{name}"')
            self.copy_in(cursor, f'beleg_derived."{name}"', rows)
        self.backend.con.commit()
        self._schemas[name] = _described(rows.schema)

    def export(self, folder: Path) -> dict[str, list[Path]]:
        """Write every table of facts that has any to Parquet, all as they are at one moment; the files by table."""
        folder.mkdir(parents=True, exist_ok=True)
        with self.backend.con.transaction():
            self.backend.con.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            return {name: [file] for name, schema in arrow_schemas().items() if (file := self._written(name, schema, folder))}

    def _written(self, name: str, schema: pa.Schema, folder: Path) -> Path | None:
        file = folder / f"{name}.parquet"
        columns = ", ".join(f'"{column}"' for column in schema.names)
        rows = 0
        with self.backend.con.cursor(name="export") as cursor, pq.ParquetWriter(file, schema) as writer:
            cursor.execute(f'SELECT {columns} FROM "{name}"')
            while part := cursor.fetchmany(_ROWS):
                values = [pa.array(column, field.type) for column, field in zip(zip(*part, strict=True), schema, strict=True)]
                writer.write_batch(pa.record_batch(values, schema=schema))
                rows += len(part)
        return file if rows else None


# how many rows are held at once on their way out
_ROWS = 50_000


def _described(schema: pa.Schema) -> ibis.Schema:
    """The columns as views hold them; any may be empty."""
    return ibis.Schema({name: kind(nullable=True) for name, kind in ibis.Schema.from_pyarrow(schema).items()})


def open_live(address: str) -> Live:
    """Connect to the store at this address, as the service."""
    engine = Live(ibis.connect(address))
    engine.backend.con.execute(f"SET search_path TO {SEARCH_PATH}")
    engine.backend.con.commit()
    return engine
