"""From files to facts: formats, encodings, re-delivery, and books that balance."""

import gzip
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from beleg.connect import Book, ConnectError, read
from beleg.facts.schema import arrow_schemas

from .conftest import rows
from .samples import HEADER, MAPPING, ROWS


def test_money_and_times_are_read_exactly(take):
    intake = take({"refunds.csv": HEADER + ROWS}, MAPPING)
    first, second = rows(intake, "refunds")
    assert (first["amount"], first["currency"], second["amount"]) == (1250, "EUR", 300)
    assert (first["occurred_at"], first["occurred_offset"]) == (1709283600_000000, 60)
    assert second["occurred_offset"] == 120
    assert first["known_at"] == first["occurred_at"]
    assert first["origin"] == "refunds.csv:2"
    assert pq.read_schema(intake.tables["refunds"][0]).equals(arrow_schemas()["refunds"])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252", "utf-32"])
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_encodings_and_separators_are_found(take, encoding, separator):
    text = HEADER.replace("at\n", "at,reason\n") + "R1,A1,1.00,2024-03-01,zurück\nR2,A2,1.00,2024-03-02,naïve\n"
    intake = take({"refunds.csv": text.replace(",", separator).encode(encoding)}, MAPPING)
    assert [row["reason"] for row in rows(intake, "refunds")] == ["zurück", "naïve"]


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_line_endings(take, ending):
    intake = take({"refunds.csv": (HEADER + ROWS).replace("\n", ending)}, MAPPING)
    assert len(rows(intake, "refunds")) == 2


def test_quoted_line_breaks_and_the_line_a_row_starts_on(take):
    text = HEADER.replace("at\n", "at,reason\n") + 'R1,A1,1,2024-03-01,"two\nlines, ""quoted"""\nR2,A2,1,2024-03-01,x\n'
    intake = take({"refunds.csv": text}, MAPPING)
    first, second = rows(intake, "refunds")
    assert first["reason"] == 'two\nlines, "quoted"'
    assert second["origin"] == "refunds.csv:4"


def test_gzip_and_json_lines_and_json_and_parquet_agree(take, folder, tmp_path):
    records = [{"refund": "R1", "order": "A1", "amount": 12.5, "at": "2024-03-01 10:00"}]
    table = pa.table({"refund": ["R1"], "order": ["A1"], "amount": ["12.50"], "at": ["2024-03-01 10:00"]})
    pq.write_table(table, tmp_path / "x.parquet")
    found = []
    for name, content in {
        "refunds.csv.gz": gzip.compress((HEADER + ROWS[:29]).encode()),
        "refunds.jsonl": json.dumps(records[0]),
        "refunds.json": json.dumps(records),
        "refunds.json.gz": gzip.compress(json.dumps({"k": records[0]}).encode()),
        "refunds.parquet": (tmp_path / "x.parquet").read_bytes(),
    }.items():
        for old in (tmp_path / "in").glob("*"):
            old.unlink()
        (row,) = rows(take({name: content}, MAPPING), "refunds")
        found.append((row["refund_id"], row["amount"], row["occurred_at"]))
    assert set(found) == {("R1", 1250, 1709283600_000000)}


def test_decimal_commas_and_thousands(take):
    mapping = MAPPING.replace('currency = "EUR"', 'currency = "EUR"\ndecimal = ","')
    text = HEADER.replace(",", ";") + "R1;A1;1.234,50;2024-03-01\nR2;A2;€ 7,5;2024-03-01\nR3;A3;1,234.50;2024-03-01\n"
    intake = take({"refunds.csv": text}, mapping)
    assert [row["amount"] for row in rows(intake, "refunds")] == [123450, 750]
    assert intake.books[0].quarantined == 1


def test_the_same_file_twice_is_redelivered_and_exact_repeats_are_goods(take):
    text = HEADER + ROWS + ROWS
    intake = take({"refunds.csv": text, "refunds-again.csv": text}, MAPPING)
    assert [(book.mapped, book.redelivered) for book in intake.books] == [(4, 0), (0, 4)]
    assert len({row["id"] for row in rows(intake, "refunds")}) == 4


def test_a_key_makes_overlapping_files_redeliver_and_conflicts_are_told(take):
    mapping = MAPPING.replace('currency = "EUR"', 'currency = "EUR"\nkey = ["refund"]')
    later = HEADER + "R2,A2,3,2024-07-01 10:00:00\nR1,A1,99,2024-03-01 10:00\nR3,A3,1,2024-07-02\n"
    intake = take({"refunds-1.csv": HEADER + ROWS, "refunds-2.csv": later}, mapping)
    assert intake.books[1] == Book("refunds-2.csv", intake.books[1].digest, 3, 1, {}, 1, 1, {"refunds": 1})
    assert "again, with other contents" in intake.quarantine[0].got


def test_every_row_lands_in_one_column_of_the_book(take):
    text = HEADER + ROWS + "R3,TEST1,1,2024-01-01\nR4,A4,-5,2024-01-01\nR5,A5,x,2024-01-01\nR6,A6,1\nR7,A7,1.005,2024-01-01\n\n"
    book = take({"refunds.csv": text}, MAPPING).books[0]
    assert (book.rows, book.mapped, book.ignored, book.quarantined) == (7, 2, {"test orders": 1}, 4)


def test_an_unclosed_quote_costs_one_row(take):
    text = HEADER + 'R0,"A0,1,2024-01-01\n' + ROWS
    intake = take({"refunds.csv": text}, MAPPING)
    assert (intake.books[0].mapped, intake.books[0].quarantined) == (2, 1)
    assert intake.quarantine[0].row == 2


def test_duplicate_and_empty_headers_get_names(take):
    intake = take({"refunds.csv": "refund,order,amount,at,at,\nR1,A1,1,2024-01-01,x,y\n"}, MAPPING)
    assert intake.books[0].mapped == 1


@pytest.mark.parametrize("content", [b"", b"\n\n", HEADER.encode(), b"\xef\xbb\xbf"])
def test_empty_files_have_empty_books(take, content):
    intake = take({"refunds.csv": content}, MAPPING)
    assert intake.books[0].rows == 0
    assert "no refunds or claims in this source" in intake.notes


def test_files_no_source_reads_are_in_the_books(take):
    intake = take({"refunds.csv": HEADER + ROWS, "other.csv": "a,b\n1,2\n"}, MAPPING)
    assert intake.books[0].ignored == {"no source of the mapping reads this file": 1}


def test_names_with_underscore_or_dot_are_passed_over_and_other_kinds_named(take):
    files = {"refunds.csv": HEADER + ROWS, "_truth.csv": "x\n", ".hidden/refunds.csv": "x", "readme.md": "hello"}
    intake = take(files, MAPPING)
    assert [book.file for book in intake.books] == ["refunds.csv"]
    assert "not read, since they hold no table: readme.md" in intake.notes


def test_a_glob_and_a_single_file(folder, tmp_path):
    base = folder({"a/refunds.csv": HEADER + ROWS, "b/other.csv": "x\n1\n"})
    (tmp_path / "m.toml").write_text(MAPPING)
    for path in (base / "a" / "refunds.csv", f"{base}/*/refunds*.csv"):
        assert len(read(path, tmp_path / "m.toml", tmp_path / "out").books) == 1


def test_a_book_out_of_balance_cannot_be_made():
    with pytest.raises(AssertionError, match="does not balance"):
        Book("f", "d", 3, 1, {}, 0, 1, {})


def test_progress_rises_to_one(take, folder, tmp_path):
    base = folder({"refunds-1.csv": HEADER + ROWS, "refunds-2.csv": HEADER + "R9,A9,1,2024-01-01\n"})
    (tmp_path / "m.toml").write_text(MAPPING)
    shares: list[float] = []
    read(base, tmp_path / "m.toml", tmp_path / "out", lambda _, share: shares.append(share))
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


def test_hashes_need_the_same_secret_to_agree(take, folder, tmp_path):
    mapping = MAPPING.replace('reason = "reason"', 'instrument = "reason"')
    base = folder({"refunds.csv": HEADER.replace("at\n", "at,reason\n") + "R1,A1,1,2024-01-01,DE12 3456\n"})
    (tmp_path / "m.toml").write_text(mapping)

    def instrument(secret):
        return rows(read(base, tmp_path / "m.toml", tmp_path / "out", secret=secret), "refunds")[0]["instrument"]

    assert instrument(b"one") == instrument(b"one") != instrument(b"two")


def test_nothing_to_read_is_an_error(tmp_path):
    with pytest.raises(ConnectError, match="no such file"):
        read(tmp_path / "absent", None, tmp_path / "out")


LOOKUP = """
[lookup.paid]
files = "payments.csv"
key = "order"
columns = ["value", "note"]
combine = "sum"
"""


def test_lookups_sum_and_say_when_their_file_is_not_there(take):
    mapping = MAPPING.replace('reason = "reason"', 'reason = { column = "order", lookup = "paid.value" }')
    mapping += LOOKUP.replace(', "note"', "")
    intake = take({"refunds.csv": HEADER + ROWS, "payments.csv": "order,value\nA1,1.10\nA1,2.20\nA2,5\n"}, mapping)
    assert [row["reason"] for row in rows(intake, "refunds")] == ["3.30", "5"]
    assert intake.books[0].ignored == {"read for attributes of other rows": 3}
    lacking = take({"payments.csv": "x\n1\n"}, mapping.replace('"payments.csv"', '"payment.csv"'))
    assert "looked up nothing, since no file is there for paid" in lacking.notes


def test_a_sum_of_what_is_no_number_is_told(take):
    mapping = MAPPING + LOOKUP.replace(', "note"', "")
    with pytest.raises(ConnectError, match="a number with"):
        take({"refunds.csv": HEADER + ROWS, "payments.csv": "order,value\nA1,1.10\nA1,2.x\n"}, mapping)


def test_each_source_is_read_in_its_own_encoding(take):
    mapping = MAPPING.replace('files = "refunds*"', 'files = "refunds*"\nencoding = "cp850"')
    text = HEADER.replace("at\n", "at,reason\n") + "R%d,A1,1,2024-01-01,zurück\n"
    intake = take({f"refunds-{n}.csv": (text % n).encode("cp850") for n in range(3)}, mapping)
    assert {row["reason"] for row in rows(intake, "refunds")} == {"zurück"}


def test_the_recording_delay_sets_when_a_fact_was_known(take):
    intake = take({"refunds.csv": HEADER + ROWS}, MAPPING.replace('currency = "EUR"', 'currency = "EUR"\nrecording_delay = "2d"'))
    row = rows(intake, "refunds")[0]
    assert row["known_at"] - row["occurred_at"] == 2 * 86_400_000_000
    assert intake.recording_delay == "2d"


def test_a_work_folder_never_overwrites_input(folder, tmp_path):
    base = folder({"refunds/000.parquet": b"", "refunds.csv": HEADER + ROWS})
    (tmp_path / "m.toml").write_text(MAPPING)
    with pytest.raises(ConnectError, match="a work folder that holds input"):
        read(base, tmp_path / "m.toml", base)
    with pytest.raises(ConnectError, match="a work folder that holds input"):
        read(base / "refunds.csv", tmp_path / "m.toml", base)
    assert (base / "refunds" / "000.parquet").exists()


def test_a_work_folder_below_the_input_is_not_read_again(folder, tmp_path):
    base = folder({"refunds.csv": HEADER + ROWS})
    (tmp_path / "m.toml").write_text(MAPPING)
    first = read(base, tmp_path / "m.toml", base / "work")
    assert read(base, tmp_path / "m.toml", base / "work").books == first.books
