"""The script by hand for DuckDB, with the settings that Beleg gives its engine."""

import os
from pathlib import Path

import duckdb

from bench.contenders.clock import Clock, run

SCRIPT = Path(__file__).parents[1] / "by_hand.sql"


def answer(world: Path, out: Path, clock: Clock) -> None:
    """Run the script, and write what it leaves."""
    clock.say("all")
    connection = duckdb.connect()
    connection.execute(f"SET temp_directory = '{out}/spill'; SET preserve_insertion_order = false").fetchall()
    half = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**21
    connection.execute(f"SET memory_limit = '{os.environ.get('BELEG_MEMORY', f'{half}MiB')}'").fetchall()
    for path in world.glob("*.parquet"):
        connection.execute(f"CREATE VIEW {path.stem} AS FROM '{path}'").fetchall()
    connection.execute(f"CREATE VIEW everything AS FROM read_parquet('{world}/*.parquet', union_by_name = true)").fetchall()
    for statement in connection.extract_statements(SCRIPT.read_text(encoding="utf-8")):
        connection.execute(statement).fetchall()
    for name, columns in (("states", "* EXCLUDE (paid_by)"), ("found", "*")):
        written = f"COPY (SELECT {columns} FROM {name}) TO '{out}/{name}.parquet' (COMPRESSION zstd)"
        connection.execute(written).fetchall()


if __name__ == "__main__":
    run(answer)
