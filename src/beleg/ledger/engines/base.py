"""What every engine can do: hold tables of facts, keep a step's result under a name, and hand rows back as Arrow."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa
from ibis.backends.sql import SQLBackend

from beleg.facts.schema import arrow_schemas
from beleg.ledger.recall import Recall

# What lookups go by. Only engines that serve single questions build them.
INDEXED = (
    "id", "order_id", "parcel_id", "lpn", "serial", "account_id", "claim_id", "refund_id", "rma_id", "dispute_id", "login",
    "request_id", "decision_id", "reservation_id", "finding_id", "credential", "enrolment_id",
    "content", "picture", "number",
)  # fmt: skip


class EngineError(Exception):
    """An engine cannot be opened; the message says what is missing and how to get it."""


class Engine(ABC):
    """One open engine. Tables of facts always exist, empty where a source has none, so that every expression compiles.

    `spent` says how many seconds each step took that was kept, by its name, where the engine can tell; `recall` holds statements
    that an earlier run compiled, if any were handed over.
    """

    name: str
    parameter: str  # how a bound parameter is written in this engine's SQL
    moment: str = "$2"  # and how the second one is, for a statement that is asked as of one moment and then another

    def __init__(self, backend: SQLBackend) -> None:
        self.backend = backend
        self.spent: dict[str, float] = {}
        self.recall: Recall | None = None

    @abstractmethod
    def attach(self, name: str, schema: pa.Schema, files: Sequence[Path]) -> None:
        """Make a table of Parquet files, which all have this schema; no files make an empty table."""

    @abstractmethod
    def load(self, name: str, rows: pa.Table) -> None:
        """Make a table of rows that are in memory, replacing one of that name."""

    def keep(self, name: str, step: ir.Table) -> ir.Table:
        """Compute a step once and keep it under a name; read out and loaded again, so that columns are what the step says."""
        self.load(name, self.rows(step))
        return self.table(name)

    def make(self, name: str, statement: str, schema: pa.Schema) -> ir.Table:
        """Keep a step by its statement, as `statement` gave it."""
        self.load(name, self.run(statement, schema))
        return self.table(name)

    def attach_facts(self, files: Mapping[str, Sequence[Path]]) -> None:
        """Attach every table of facts, from these Parquet files or empty."""
        for name, schema in arrow_schemas().items():
            self.attach(name, schema, files.get(name, ()))

    def table(self, name: str) -> ir.Table:
        """A table as an expression."""
        return self.backend.table(name)

    def rows(self, expression: ir.Table) -> pa.Table:
        """Run an expression; integers come back as 64 bits whatever the engine made of them."""
        rows: pa.Table = expression.to_pyarrow()
        return rows

    def batches(self, expression: ir.Table, order_by: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Run an expression that may answer many rows, sorted; an engine that can hands them over without holding them all."""
        rows = self.rows(expression).sort_by([(name, "ascending") for name in order_by])
        yield from rows.to_batches()

    def run(self, statement: str, schema: pa.Schema) -> pa.Table:
        """Run a statement in the engine's own SQL, whose columns are these."""
        described = ibis.Schema.from_pyarrow(schema)
        return self.rows(self.backend.sql(statement, schema=described, dialect=self.backend.name))

    def prepare(self, name: str, statement: str) -> Callable[[str], list[tuple[Any, ...]]]:
        """Prepare a statement with one bound parameter, a text, under a name; called with a value, it answers rows.

        Raises:
            EngineError: this engine only answers whole tables.
        """
        del statement
        raise EngineError(f"engine {self.name} prepares no statements: got {name!r}; ask duckdb, sqlite or postgres")

    def quoted(self, name: str) -> str:
        """A name as this engine quotes it."""
        return f'"{name}"'

    def sql(self, expression: ir.Table) -> str:
        """What the engine is asked, for plans and prepared statements."""
        return str(self.backend.compile(expression))

    def statement(self, expression: ir.Table) -> str:
        """What the engine is asked for a whole table, which `make` and `run` take."""
        return self.sql(expression)

    def close(self) -> None:
        """Let go of the engine; what was compiled is kept, if that is wanted."""
        if self.recall is not None:
            self.recall.save()
        self.backend.disconnect()


def literal(value: str) -> str:
    """A text as every engine's SQL writes it."""
    return "'" + value.replace("'", "''") + "'"
