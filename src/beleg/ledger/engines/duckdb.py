"""DuckDB: the embedded engine of the audit; reads Parquet in place and spills to disk."""

import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import ibis
import ibis.expr.operations as ops
import ibis.expr.types as ir
import pyarrow as pa
from ibis.backends.sql import SQLBackend

from beleg.ledger.engines.base import Engine, literal

# How much memory the engine may use before it spills, such as 4GB; what is besides grows with accounts and links (bench/README.md).
MEMORY = "BELEG_MEMORY"
SHARE = 0.5

_CGROUP = Path("/sys/fs/cgroup/memory.max")
_BATCH = 100_000


class DuckDB(Engine):
    """One DuckDB, which spills to the work folder.

    Ibis builds and compiles the expressions. Statements are run without it, as it would look every schema up again and bring in
    pandas to hand over a table. Steps that are kept are computed while later ones are still being built, two at a time, as small
    ones keep one processor busy; whoever reads a table waits for what it is made of.
    """

    name = "duckdb"
    parameter = "$1"

    def __init__(self, backend: SQLBackend) -> None:
        super().__init__(backend)
        self._schemas: dict[str, ibis.Schema] = {}
        self._steps = ThreadPoolExecutor(max_workers=2, thread_name_prefix="steps")
        self._making: dict[str, Future[None]] = {}

    def attach(self, name: str, schema: pa.Schema, files: Sequence[Path]) -> None:
        """A view over the files, so that only the columns and row groups asked for are read."""
        if files:
            listed = ", ".join(literal(str(path)) for path in files)
            self._run(f'CREATE OR REPLACE VIEW "{name}" AS SELECT * FROM read_parquet([{listed}])')
        else:
            columns = ", ".join(f'NULL::{_SQL[str(field.type)]} AS "{field.name}"' for field in schema)
            self._run(f'CREATE OR REPLACE VIEW "{name}" AS SELECT {columns} WHERE false')
        self._schemas[name] = _described(schema)

    def load(self, name: str, rows: pa.Table) -> None:
        """Copied into the database."""
        self._wait(self._making)
        self.backend.con.register("loading", rows)
        self._run(f'CREATE OR REPLACE TABLE "{name}" AS SELECT * FROM loading')
        self.backend.con.unregister("loading")
        self._schemas[name] = _described(rows.schema)

    def keep(self, name: str, step: ir.Table) -> ir.Table:
        """A table of the database, made in the background."""
        return self.make(name, self.statement(step), step.schema().to_pyarrow())

    def make(self, name: str, statement: str, schema: pa.Schema) -> ir.Table:
        """A table of the database, made in the background."""
        statement = f'CREATE OR REPLACE TABLE "{name}" AS {statement}'
        if name in self._making:
            self._wait(self._making)  # what reads the table of that name is to read the one there is
        needed = [self._making[one] for one in self._read_by(statement, name)]
        # these were handed over before, so that some step can always go on
        self._making[name] = self._steps.submit(self._make, name, statement, needed)
        self._schemas[name] = _described(schema)
        return self.table(name)

    def table(self, name: str) -> ir.Table:
        """A table as an expression, by the schema it was made with."""
        return ops.DatabaseTable(name, schema=self._schemas[name], source=self.backend).to_expr()

    def rows(self, expression: ir.Table) -> pa.Table:
        """Run an expression."""
        return self.run(self.statement(expression), expression.schema().to_pyarrow())

    def run(self, statement: str, schema: pa.Schema) -> pa.Table:
        """Run a statement."""
        self._wait(self._read_by(statement))
        rows: pa.Table = self.backend.con.sql(statement).to_arrow_table().cast(schema)
        return rows

    def batches(self, expression: ir.Table, order_by: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Sorted by the engine, which spills; read over a connection of its own, so that others can ask meanwhile."""
        statement = f"{self.statement(expression)} ORDER BY {', '.join(self.quoted(name) for name in order_by)}"
        self._wait(self._read_by(statement))
        cursor = self.backend.con.cursor()
        try:
            yield from cursor.sql(statement).to_arrow_reader(_BATCH)
        finally:
            cursor.close()

    def prepare(self, name: str, statement: str) -> Callable[[str], list[tuple[Any, ...]]]:
        """Prepared in the connection; the plan is made anew for each value."""
        self._wait(self._making)
        self._run(f"PREPARE {self.quoted(name)} AS {statement}")
        return lambda value: self.backend.con.execute(f"EXECUTE {self.quoted(name)}({literal(value)})").fetchall()

    def sql(self, expression: ir.Table) -> str:
        """What DuckDB is asked, without line breaks and indents, which take time to make."""
        with _unfused():
            return str(self.backend.compile(expression))

    def statement(self, expression: ir.Table) -> str:
        """Each column is cast to what the expression says, as sums would else be 128 bits wide."""
        kinds = {column: _SQL[str(kind).removeprefix("!")] for column, kind in expression.schema().items()}
        columns = ", ".join(f'"{column}"::{kind} AS "{column}"' for column, kind in kinds.items())
        return f"SELECT {columns} FROM ({self.sql(expression)})"

    def close(self) -> None:
        """Let go of the database, once what runs has ended."""
        self._steps.shutdown(cancel_futures=True)
        super().close()

    def _run(self, statement: str) -> None:
        self.backend.con.execute(statement).fetchall()

    def _make(self, name: str, statement: str, needed: Sequence[Future[None]]) -> None:
        for one in needed:
            one.result()
        began = time.perf_counter()
        cursor = self.backend.con.cursor()
        try:
            cursor.execute(statement).fetchall()
        finally:
            cursor.close()
            self.spent[name] = time.perf_counter() - began

    def _read_by(self, statement: str, made: str = "") -> list[str]:
        """The steps that a statement names, but for the one it makes itself."""
        return [name for name in self._making if name != made and f'"{name}"' in statement]

    def _wait(self, names: Iterable[str]) -> None:
        for name in names:
            self._making[name].result()


@contextmanager
def _unfused() -> Iterator[None]:
    """Leave nested queries to DuckDB, which flattens them in no time; for Ibis it is a third of all compiling."""
    before = ibis.options.sql.fuse_selects
    ibis.options.sql.fuse_selects = False
    try:
        yield
    finally:
        ibis.options.sql.fuse_selects = before


_SQL = {
    "string": "VARCHAR",
    "int64": "BIGINT",
    "int8": "BIGINT",
    "int32": "BIGINT",
    "boolean": "BOOLEAN",
    "bool": "BOOLEAN",
    "float64": "DOUBLE",
}
_WIDE = {"BIGINT": "int64", "VARCHAR": "string", "BOOLEAN": "boolean", "DOUBLE": "float64"}


def _described(schema: pa.Schema) -> ibis.Schema:
    """The columns as the database holds them; any may be empty."""
    return ibis.schema({field.name: _WIDE[_SQL[str(field.type)]] for field in schema})


def memory_limit() -> str:
    """What is set for this process, else a share of what the machine, or the container, has."""
    if limit := os.environ.get(MEMORY):
        return limit
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    contained = _CGROUP.read_text(encoding="ascii").strip() if _CGROUP.exists() else "max"
    here = min(machine, int(contained)) if contained.isdecimal() else machine
    return f"{int(here * SHARE) // 2**20}MiB"


def open_here(work: Path, address: str | None) -> DuckDB:
    """Open a DuckDB in memory, which spills to the work folder; there is no address to give."""
    del address
    work.mkdir(parents=True, exist_ok=True)
    # preserve_insertion_order costs memory, and no answer of ours depends on the order rows lie in
    settings = {"temp_directory": str(work / "spill"), "preserve_insertion_order": False, "memory_limit": memory_limit()}
    # the system keeps files that were read; memory is for what is derived from them
    settings |= {"enable_external_file_cache": False}
    # nothing is fetched from anywhere, extensions least of all
    settings |= {"autoinstall_known_extensions": False}
    return DuckDB(ibis.duckdb.connect(**settings))
