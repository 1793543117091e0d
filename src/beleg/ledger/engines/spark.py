"""Spark: the same audit over years of data on the company's cluster; the only file that knows pyspark."""

from collections.abc import Sequence
from pathlib import Path

import ibis
import ibis.expr.operations as ops
import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.parquet as pq
from ibis.backends.sql.compilers.pyspark import PySparkCompiler
from pyspark.sql import SparkSession

from beleg.ledger.engines.base import Engine

# Spark has had this function since 3.0; Ibis does not know it by name.
_SparkCompiler = type("SparkCompiler", (PySparkCompiler,), {"SIMPLE_OPS": {ops.BitOr: "bit_or"}})


class Spark(Engine):
    """One Spark session."""

    name = "spark"
    parameter = ":scope"
    moment = ":as_of"

    def __init__(self, session: SparkSession, work: Path) -> None:
        connection = ibis.pyspark.connect(session)
        connection.compiler = _SparkCompiler()
        super().__init__(connection)
        self.session = session
        self.work = work

    def attach(self, name: str, schema: pa.Schema, files: Sequence[Path]) -> None:
        """A view over the files."""
        if not files:
            self.load(name, schema.empty_table())
            return
        self.session.read.parquet(*(str(path) for path in files)).createOrReplaceTempView(name)

    def load(self, name: str, rows: pa.Table) -> None:
        """Written to the work folder and read from there, as a plan with the rows in it would be sent around with every task."""
        path = self.work / "loaded" / f"{name}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(rows, path)
        self.session.catalog.dropTempView(name)
        self.session.read.parquet(str(path)).createOrReplaceTempView(name)

    def keep(self, name: str, step: ir.Table) -> ir.Table:
        """Written to the work folder, which cuts the plan short."""
        path = str(self.work / "kept" / f"{name}.parquet")
        self.session.sql(self.sql(step)).write.mode("overwrite").parquet(path)
        self.session.read.parquet(path).createOrReplaceTempView(name)
        return self.table(name)

    def quoted(self, name: str) -> str:
        """Spark quotes with backticks."""
        return f"`{name}`"

    def close(self) -> None:
        """Stop the session."""
        self.session.stop()


def open_here(work: Path, address: str | None) -> Spark:
    """Start a session at this master, or use the cores of this machine."""
    work.mkdir(parents=True, exist_ok=True)
    builder = SparkSession.builder.appName("beleg").master(address or "local[*]")
    settings = {
        "spark.sql.session.timeZone": "UTC",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.shuffle.partitions": "8",
        "spark.sql.warehouse.dir": str(work / "warehouse"),
        "spark.sql.execution.arrow.pyspark.enabled": "true",
        "spark.log.level": "ERROR",
    }
    for key, value in settings.items():
        builder = builder.config(key, value)
    return Spark(builder.getOrCreate(), work)
