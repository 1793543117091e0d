"""What a table of facts must keep to, column by column: filled where it must be, words of closed lists, numbers in bounds."""

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from msgspec import Struct

from beleg.connect.columns import Column, Mask, none, nulls, pc, texts, to_mask
from beleg.connect.errors import ConnectError
from beleg.connect.slots import Slot, slots
from beleg.facts.told import closest, listed

_TIMES = ("ingested_at", "source_recorded_at", "occurred_at")
_CURRENCY = "^[A-Z]{3}$"


class Fault(Struct, frozen=True):
    """A column with rows that break a rule."""

    field: str
    mask: Mask
    expected: str


def check_names(where: str, table: str, names: Sequence[str], needed: Sequence[str] = ()) -> None:
    """Refuse a table with a column nobody knows, or without one that every fact needs."""
    known = slots(table)
    for name in names:
        if name not in known:
            raise ConnectError(
                where,
                got=f"a column {name!r}{closest(name, known)}",
                expected=f"the columns of {table}: {listed(known, 40)}",
                mend="rename or drop the column; for another system's export run `beleg map PATH` and give the mapping",
            )
    for name in needed:
        if name not in names:
            raise ConnectError(
                where,
                got=f"the columns {listed(names)}",
                expected=f"a column {name!r}, which every fact of {table} needs",
                mend="add the column; for another system's export run `beleg map PATH` and give the mapping",
            )


def needed_columns(table: str) -> list[str]:
    """The columns that must be there."""
    return [slot.name for slot in slots(table).values() if slot.required]


def faults(table: str, columns: dict[str, Column]) -> list[Fault]:
    """Everything wrong with these columns."""
    found = []
    for name, column in columns.items():
        slot = slots(table)[name]
        for expected, mask in _broken(slot, column):
            if mask.any():
                found.append(Fault(name, mask, expected))
    return found


def blank(column: Column) -> bool:
    """Whether some text of the column says nothing: such a cell is empty, since a blank identifier links nobody."""
    if not pa.types.is_string(column.type):
        return False
    ends = pc.min_max(column).as_py()
    return ends["min"] is not None and not _seen(ends["min"], ends["max"]) and bool(to_mask(_says_nothing(column)).any())


def without_blanks(column: Column) -> Column:
    """The column with nothing where its text says nothing."""
    if not pa.types.is_string(column.type):
        return column
    found: Column = pc.if_else(pc.fill_null(_says_nothing(column), False), pa.scalar(None, pa.string()), column)
    return found


def _says_nothing(column: Column) -> Column:
    found: Column = pc.equal(pc.utf8_trim_whitespace(column), "")
    return found


def _broken(slot: Slot, column: Column) -> list[tuple[str, Mask]]:
    null = nulls(column)
    found: list[tuple[str, Mask]] = []
    if slot.required or slot.default is not None:
        empty = to_mask(pc.equal(column, "")) if slot.name in {"id", "source"} else none(len(column))
        found.append(("a value", null | empty))
    if slot.words:
        words = texts(slot.words)
        found.append((f"one of {listed(slot.words)}", _outside(column, words) & ~null))
    if slot.kind == "currency":
        found.append(("an ISO 4217 currency code such as EUR", ~to_mask(pc.match_substring_regex(column, _CURRENCY)) & ~null))
    if slot.least is not None:
        found.append((f"a number not below {slot.least}", to_mask(pc.less(column, slot.least))))
    if slot.most is not None:
        found.append((f"a number not above {slot.most}", to_mask(pc.greater(column, slot.most))))
    return found


def _outside(column: Column, words: Column) -> Mask:
    if isinstance(column, pa.DictionaryArray):
        known = pc.is_in(column.dictionary.cast(pa.string()), value_set=words)
        return ~to_mask(pc.take(known, column.indices))
    return ~to_mask(pc.is_in(column, value_set=words))


def to_scan(parquet: pq.ParquetFile, table: str) -> list[str]:
    """The columns whose soundness the file's own statistics do not settle."""
    names = parquet.schema_arrow.names
    return [name for name in names if not _settled(parquet.metadata, names.index(name), slots(table)[name])]


def _settled(metadata: pq.FileMetaData, place: int, slot: Slot) -> bool:
    if slot.words or slot.name in {"id", "source"} or slot.kind == "currency":
        return False
    must = slot.required or slot.default is not None
    bounded = slot.least is not None or slot.most is not None
    text = metadata.schema.column(place).physical_type == "BYTE_ARRAY"
    if not must and not bounded and not text:
        return True
    for group in range(metadata.num_row_groups):
        stats: Any = metadata.row_group(group).column(place).statistics
        if stats is None or not stats.has_null_count or (must and stats.null_count):
            return False
        if stats.null_count == metadata.row_group(group).num_rows:
            continue
        if (bounded or text) and (not stats.has_min_max or not _within(stats.min, stats.max, slot)):
            return False
    return True


def _seen(least: str, most: str) -> bool:
    """Whether texts between these two surely say something: blanks come before what can be seen, or lie beyond ASCII."""
    return least[:1] > " " and most.isascii()


def _within(least: int | str, most: int | str, slot: Slot) -> bool:
    if isinstance(least, str) or isinstance(most, str):
        return isinstance(least, str) and isinstance(most, str) and _seen(least, most)
    return (slot.least is None or least >= slot.least) and (slot.most is None or most <= slot.most)


def known_at_complete(parquet: pq.ParquetFile) -> bool:
    """Whether `known_at` is filled wherever some time is known, judged by the file's statistics."""
    names = parquet.schema_arrow.names
    if "known_at" not in names:
        return not any(name in names for name in _TIMES)
    times = [name for name in _TIMES if name in names]
    lacking = _nulls(parquet, "known_at")
    return lacking == 0 or all(_nulls(parquet, name) == parquet.metadata.num_rows for name in times)


def _nulls(parquet: pq.ParquetFile, name: str) -> int:
    place = parquet.schema_arrow.names.index(name)
    groups = (parquet.metadata.row_group(number) for number in range(parquet.metadata.num_row_groups))
    counts: list[Any] = [(group.column(place).statistics, group.num_rows) for group in groups]
    return sum(rows if stats is None or not stats.has_null_count else stats.null_count for stats, rows in counts)
