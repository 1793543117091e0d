"""Tables of facts on disk: gathered until worth a file, then written as Parquet in exactly the facts' schema."""

import json
import re
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from beleg.connect.errors import ConnectError
from beleg.connect.files import InputFile
from beleg.connect.intake import Quarantined
from beleg.facts.schema import arrow_schemas

_ROWS_A_FILE = 1 << 21
_ROWS_AT_ONCE = 1 << 17


def apart(files: Sequence[InputFile], into: Path) -> list[InputFile]:
    """The input without what an earlier run wrote to the work folder; refuse a work folder that holds other input."""
    work = into.resolve()
    kept = [file for file in files if not file.path.resolve().is_relative_to(work)]
    inside = [file for file in files if file.path.resolve().is_relative_to(work)]
    if not kept or not all(_written_here(file.path.resolve().relative_to(work)) for file in inside):
        raise ConnectError(
            str(into),
            got=f"a work folder that holds input, such as {inside[0].name}",
            expected="a work folder apart from the input, since what stands in it is overwritten",
            mend="choose another work folder",
        )
    return kept


def _written_here(path: Path) -> bool:
    return len(path.parts) == 2 and path.parts[0] in arrow_schemas() and re.fullmatch(r"\d{3}\.parquet", path.name) is not None


class FactWriter:
    """Writes `<table>/NNN.parquet` below a work folder."""

    def __init__(self, into: Path) -> None:
        """Make the folder and take away what an earlier run left there."""
        self._into, self._schemas = into, arrow_schemas()
        self._waiting: dict[str, list[pa.Table]] = {}
        self._open: dict[str, pq.ParquetWriter] = {}
        self._written: dict[str, int] = {}
        self._files: dict[str, list[Path]] = {}
        into.mkdir(parents=True, exist_ok=True)
        for table in self._schemas:
            for stale in (into / table).glob("[0-9][0-9][0-9].parquet"):
                stale.unlink()

    def add(self, table: str, facts: pa.Table) -> None:
        """Take some facts of one table."""
        waiting = self._waiting.setdefault(table, [])
        waiting.append(facts.select(self._schemas[table].names).cast(self._schemas[table]))
        if sum(part.num_rows for part in waiting) >= _ROWS_AT_ONCE:
            self._flush(table)

    def _flush(self, table: str) -> None:
        parts = self._waiting.pop(table, [])
        if not parts:
            return
        facts = pa.concat_tables(parts)
        self._writer(table).write_table(facts)
        self._written[table] = self._written.get(table, 0) + facts.num_rows
        if self._written[table] >= _ROWS_A_FILE:
            self._open.pop(table).close()
            self._written[table] = 0

    def _writer(self, table: str) -> pq.ParquetWriter:
        if table not in self._open:
            files = self._files.setdefault(table, [])
            path = self._into / table / f"{len(files):03}.parquet"
            path.parent.mkdir(exist_ok=True)
            self._open[table] = pq.ParquetWriter(path, self._schemas[table], compression="zstd", compression_level=1)
            files.append(path)
        return self._open[table]

    def close(self) -> dict[str, tuple[Path, ...]]:
        """Write what waits and answer the files of every table."""
        for table in list(self._waiting):
            self._flush(table)
        for writer in self._open.values():
            writer.close()
        self._open.clear()
        return {table: tuple(files) for table, files in self._files.items()}


class Quarantine:
    """Rows that could not be read: all of them on disk, the first thousand of each file at hand."""

    KEPT = 1000

    def __init__(self, into: Path) -> None:
        """Write below this folder, once there is something to write."""
        self._path = into / "_quarantine.jsonl"
        self._path.unlink(missing_ok=True)
        self._kept: list[Quarantined] = []
        self._of_file: dict[str, int] = {}

    def add(self, rows: list[Quarantined]) -> None:
        """Take rows of one file."""
        if not rows:
            return
        with self._path.open("a", encoding="utf-8") as stream:
            stream.writelines(json.dumps(msgspec.to_builtins(row)) + "\n" for row in rows)
        count = self._of_file.get(rows[0].file, 0)
        self._kept.extend(rows[: max(0, self.KEPT - count)])
        self._of_file[rows[0].file] = count + len(rows)

    def close(self) -> tuple[tuple[Quarantined, ...], Path | None]:
        """The rows at hand and where all of them are."""
        return tuple(self._kept), self._path if self._path.exists() else None
