"""Write a world: chunk by chunk into one Parquet file per table, and the truth into a folder of its own."""

from collections.abc import Callable
from pathlib import Path
from types import TracebackType

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
from msgspec import Struct

from beleg.world.casting import cast
from beleg.world.chunk import Chunk, Setting
from beleg.world.claims import claim_goods, move_money, send_back
from beleg.world.contacts import chat
from beleg.world.draws import Draws
from beleg.world.members import write_members
from beleg.world.outbound import send_orders
from beleg.world.parameters import WorldParameters
from beleg.world.public import advertise, review
from beleg.world.settle import settle
from beleg.world.truth import SCHEMA
from beleg.world.warehouse import bring_back


class WorldSummary(Struct, frozen=True, kw_only=True):
    """What was written: facts per table, and per method or honest cause how many refunds of which total (minor units)."""

    facts: dict[str, int]
    refunds: dict[str, int]
    planted: dict[str, int]
    """Refunds per fraud method that lie within the window."""
    seed: int


class _Files:
    """One open Parquet file per table; each chunk becomes a row group."""

    def __init__(self, directory: Path, schemas: dict[str, pa.Schema]) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "_truth").mkdir(exist_ok=True)
        self.rows = dict.fromkeys(schemas, 0)
        paths = {table: directory / f"{table}.parquet" for table in schemas}
        self._writers = {table: pq.ParquetWriter(paths[table], schema, compression="zstd") for table, schema in schemas.items()}
        self._truth = pq.ParquetWriter(directory / "_truth" / "slices.parquet", SCHEMA, compression="zstd")

    def __enter__(self) -> "_Files":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for writer in (*self._writers.values(), self._truth):
            writer.close()

    def facts(self, tables: dict[str, pa.Table]) -> None:
        for table, rows in tables.items():
            self._writers[table].write_table(rows)
            self.rows[table] += len(rows)

    def truth(self, rows: pa.Table) -> None:
        self._truth.write_table(rows)


def write_world(directory: Path, parameters: WorldParameters, progress: Callable[[int], object] | None = None) -> WorldSummary:
    """Write a year of a shop below `directory`, in Beleg's own layout, and what really happened below `_truth`.

    The same parameters give the same data. Existing files of the same names are replaced. `progress` is told after each
    chunk how many orders are written. Raises OSError where nothing can be written.
    """
    setting = Setting.of(parameters)
    tally: dict[tuple[str, str], int] = {}
    with _Files(directory, setting.book.schemas) as files:
        setting.staff.write(setting.book, parameters.days)
        advertise(setting.shop, setting.book)
        write_members(setting)
        for number, low in enumerate(range(0, parameters.orders, parameters.chunk_orders)):
            _write_chunk(setting, number, low, min(parameters.orders, low + parameters.chunk_orders))
            files.facts(setting.book.flush())
            _count(tally, rows := setting.truth.flush())
            files.truth(rows)
            if progress is not None:
                progress(min(parameters.orders, low + parameters.chunk_orders))
        pq.write_table(setting.truth.subjects(), directory / "_truth" / "subjects.parquet", compression="zstd")
    (directory / "_truth" / "parameters.json").write_bytes(msgspec.json.format(msgspec.json.encode(parameters)) + b"\n")
    frauds = {method: count for (label, method), count in sorted(tally.items()) if label == "fraud"}
    honest = {method: count for (label, method), count in sorted(tally.items()) if label == "honest"}
    return WorldSummary(facts=files.rows, refunds=honest, planted=frauds, seed=parameters.seed)


def _write_chunk(setting: Setting, number: int, low: int, high: int) -> None:
    shop = setting.shop
    orders, lines = shop.place_orders(number, low, high)
    slices = cast(shop, number, orders, lines)
    shop.write(setting.book, orders, lines)
    draws = Draws(shop.seed, 8, number)
    c = Chunk(shop, setting.staff, setting.carriers, setting.book, setting.truth, draws, orders, lines, slices)
    send_orders(c)
    settle(c, bring_back(c))
    claim_goods(c)
    send_back(c)
    move_money(c)
    chat(c)
    review(c)


def _count(tally: dict[tuple[str, str], int], truth: pa.Table) -> None:
    for row in truth.group_by(["label", "method"]).aggregate([([], "count_all")]).to_pylist():
        name = (row["label"], row["method"])
        tally[name] = tally.get(name, 0) + row["count_all"]
