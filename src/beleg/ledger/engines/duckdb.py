"""DuckDB: the embedded engine of the audit; reads Parquet in place and spills to disk."""

from collections.abc import Sequence
from pathlib import Path

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from beleg.ledger.engines.base import Engine


class DuckDB(Engine):
    """One DuckDB connection with its database and its spill in the work folder."""

    name = "duckdb"
    parameter = "$1"

    def attach(self, name: str, schema: pa.Schema, files: Sequence[Path]) -> None:
        """A view over the files, so that only the columns and row groups asked for are read."""
        if not files:
            columns = ", ".join(f'NULL::{_SQL[str(field.type)]} AS "{field.name}"' for field in schema)
            self.backend.raw_sql(f'CREATE OR REPLACE VIEW "{name}" AS SELECT {columns} WHERE false')
            return
        listed = ", ".join("'" + str(path).replace("'", "''") + "'" for path in files)
        self.backend.raw_sql(f'CREATE OR REPLACE VIEW "{name}" AS SELECT * FROM read_parquet([{listed}])')

    def load(self, name: str, rows: pa.Table) -> None:
        """Copied into the database."""
        connection = self.backend.con
        connection.register("loading", rows)
        connection.execute(f'CREATE OR REPLACE TABLE "{name}" AS SELECT * FROM loading')
        connection.unregister("loading")

    def keep(self, name: str, step: ir.Table) -> ir.Table:
        """A table of the database; each column is cast to what the expression says, as sums would else be 128 bits wide."""
        kinds = {column: _SQL[str(kind).removeprefix("!")] for column, kind in step.schema().items()}
        columns = ", ".join(f'"{column}"::{kind} AS "{column}"' for column, kind in kinds.items())
        self.backend.raw_sql(f'CREATE OR REPLACE TABLE "{name}" AS SELECT {columns} FROM ({self.sql(step)})')
        return self.table(name)


_SQL = {
    "string": "VARCHAR",
    "int64": "BIGINT",
    "int8": "BIGINT",
    "int32": "BIGINT",
    "boolean": "BOOLEAN",
    "bool": "BOOLEAN",
    "float64": "DOUBLE",
}


def open_here(work: Path, address: str | None) -> DuckDB:
    """Open a DuckDB in the work folder; there is no address to give."""
    del address
    work.mkdir(parents=True, exist_ok=True)
    # preserve_insertion_order costs memory, and no answer of ours depends on the order rows lie in
    settings = {"temp_directory": str(work / "spill"), "preserve_insertion_order": False, "memory_limit": "5GB"}
    return DuckDB(ibis.duckdb.connect(work / "audit.duckdb", **settings))
