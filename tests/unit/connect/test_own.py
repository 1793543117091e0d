"""Beleg's own layout: no mapping, sound Parquet used where it lies, everything else mended or told."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from beleg.connect import read
from beleg.facts.schema import arrow_schemas

from .conftest import rows

SCHEMA = arrow_schemas()["refunds"]


def refund(number: int, **change: object) -> dict[str, object]:
    row = dict.fromkeys(SCHEMA.names)
    row |= {"id": f"f{number}", "source": "shop", "refund_id": f"R{number}", "amount": 100 * number, "currency": "EUR"}
    row |= {"status": "settled", "occurred_at": number, "known_at": number}
    return row | change


def keep(path, facts, schema=SCHEMA):
    path.parent.mkdir(parents=True, exist_ok=True)
    plain = pa.schema([field.with_nullable(True) for field in schema]) if schema is SCHEMA else schema
    pq.write_table(pa.Table.from_pylist(facts, plain), path)


@pytest.mark.parametrize("name", ["refunds.parquet", "refunds/2024/part-0.parquet"])
def test_sound_parquet_is_used_where_it_lies(tmp_path, name):
    keep(tmp_path / "in" / name, [refund(1), refund(2)])
    intake = read(tmp_path / "in", None, tmp_path / "out")
    assert intake.tables == {"refunds": (tmp_path / "in" / name,)}
    assert intake.books[0].mapped == 2
    assert intake.mapping == "beleg"


def test_a_table_folder_can_be_read_by_itself(tmp_path):
    keep(tmp_path / "refunds" / "000.parquet", [refund(1)])
    assert read(tmp_path / "refunds", None, tmp_path / "out").facts == {"refunds": 1}


def test_lacking_columns_are_added_and_known_at_derived(tmp_path):
    keep(tmp_path / "in" / "refunds.parquet", [refund(1)], SCHEMA.remove(SCHEMA.get_field_index("known_at")))
    keep(tmp_path / "in" / "refunds" / "b.parquet", [refund(2, known_at=None, source_recorded_at=7)])
    intake = read(tmp_path / "in", None, tmp_path / "out")
    assert [row["known_at"] for row in rows(intake, "refunds")] == [7, 1] or [
        row["known_at"] for row in rows(intake, "refunds")
    ] == [1, 7]
    assert all(pq.read_schema(path).equals(SCHEMA) for path in intake.tables["refunds"])


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("currency", "Euro"),
        ("currency", None),
        ("status", "gone"),
        ("quantity", -1),
        ("occurred_offset", 2000),
        ("id", ""),
        ("amount", None),
        ("refund_id", ""),
        ("refund_id", " "),
    ],
)
def test_bad_rows_of_parquet_are_quarantined(tmp_path, field, value):
    keep(tmp_path / "in" / "refunds.parquet", [refund(1), refund(2, **{field: value}), refund(3)])
    intake = read(tmp_path / "in", None, tmp_path / "out")
    assert (intake.books[0].mapped, intake.books[0].quarantined) == (2, 1)
    assert (intake.quarantine[0].row, intake.quarantine[0].field) == (2, field)
    assert [row["id"] for row in rows(intake, "refunds")] == ["f1", "f3"]


@pytest.mark.parametrize("nothing", ["", " ", "\t ", "\u00a0"])
@pytest.mark.parametrize("statistics", [True, False])
def test_blank_text_in_parquet_is_nothing(tmp_path, nothing, statistics):
    facts = [refund(1, account_id=nothing), refund(2, account_id="A"), refund(3)]
    plain = pa.schema([field.with_nullable(True) for field in SCHEMA])
    (tmp_path / "in").mkdir()
    pq.write_table(pa.Table.from_pylist(facts, plain), tmp_path / "in" / "refunds.parquet", write_statistics=statistics)
    intake = read(tmp_path / "in", None, tmp_path / "out")
    assert [row["account_id"] for row in rows(intake, "refunds")] == [None, "A", None]
    assert (intake.books[0].mapped, intake.books[0].quarantined) == (3, 0)


def test_ids_decide_what_is_redelivered_across_files(tmp_path):
    keep(tmp_path / "in" / "refunds" / "1.parquet", [refund(1), refund(2)])
    keep(tmp_path / "in" / "refunds" / "2.parquet", [refund(2), refund(1, amount=5), refund(3)])
    intake = read(tmp_path / "in", None, tmp_path / "out")
    assert [(book.mapped, book.redelivered, book.quarantined) for book in intake.books] == [(2, 0, 0), (1, 1, 1)]
    assert sorted(str(row["id"]) for row in rows(intake, "refunds")) == ["f1", "f2", "f3"]


def test_a_file_twice_is_redelivered_whole(tmp_path):
    for name in ("1", "2"):
        keep(tmp_path / "in" / "refunds" / f"{name}.parquet", [refund(1), refund(2)])
    intake = read(tmp_path / "in", None, tmp_path / "out")
    assert [(book.mapped, book.redelivered) for book in intake.books] == [(2, 0), (0, 2)]


def test_csv_and_json_lines_of_our_own(take):
    intake = take(
        {
            "refunds.csv": "id,source,refund_id,amount,currency,occurred_at\n"
            "a,s,R1,100,EUR,2024-03-01T10:00:00+01:00\nb,s,R2,1.5,EUR,\n",
            "scans.jsonl": '{"fact":"scans","id":"x","source":"c","parcel_id":"P","carrier":"dhl",'
            '"status":"delivered","occurred_at":5,"attested":true}\n',
        }
    )
    assert intake.facts == {"refunds": 1, "scans": 1}
    (row,) = rows(intake, "refunds")
    assert (row["amount"], row["occurred_at"], row["occurred_offset"], row["status"]) == (100, 1709283600_000000, 60, "settled")
    (scan,) = rows(intake, "scans")
    assert (scan["attested"], scan["occurred_at"], scan["known_at"]) == (True, 5, 5)
    assert intake.quarantine[0].expected == "money as a whole number of minor units"


def test_timestamps_in_parquet_become_microseconds(tmp_path):
    when = pa.array([1_000_000], pa.timestamp("ms", "UTC"))
    columns = {"id": ["a"], "source": ["s"], "refund_id": ["r"], "amount": [1], "currency": ["EUR"], "occurred_at": when}
    (tmp_path / "in").mkdir()
    pq.write_table(pa.table(columns), tmp_path / "in" / "refunds.parquet")
    (row,) = rows(read(tmp_path / "in", None, tmp_path / "out"), "refunds")
    assert row["occurred_at"] == 1_000_000_000
