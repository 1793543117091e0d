"""Every error text is a golden file: what was got, what was expected, where, and what to do."""

import gzip

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from beleg.connect import ConnectError, propose, read
from beleg.connect.loading import load

from .samples import HEADER, MAPPING, ROWS

BROKEN = {
    "toml": MAPPING + "\n[[",
    "unknown_key": MAPPING.replace("signature", "signatur"),
    "unknown_key_of_field": MAPPING.replace('amount = "amount"', 'amount = { colum = "amount" }'),
    "missing_key": MAPPING.replace('why = "orders of the shop\'s own testers"', ""),
    "wrong_type": MAPPING.replace('signature = ["refund", "order", "amount", "at"]', "signature = 3"),
    "no_source": 'name = "x"\nfact = []\nsource = {}\n',
    "unknown_table": MAPPING.replace('table = "refunds"', 'table = "refund"'),
    "unknown_field": MAPPING.replace('quantity = "units"', 'quantty = "units"'),
    "our_field": MAPPING.replace('quantity = "units"', 'known_at = "units"'),
    "missing_field": MAPPING.replace('amount = "amount"', ""),
    "unknown_word": MAPPING.replace('quantity = "units"', 'status = { constant = "setled" }'),
    "no_origin": MAPPING.replace('quantity = "units"', "quantity = { default = 1 }"),
    "times_on_text": MAPPING.replace('reason = "reason"', 'reason = { column = "reason", times = "units" }'),
    "unknown_lookup": MAPPING.replace('reason = "reason"', 'reason = { column = "order", lookup = "orders.x" }'),
    "bad_zone": MAPPING.replace("Europe/Berlin", "Europe/Berln"),
    "bad_delay": MAPPING.replace('currency = "EUR"', 'recording_delay = "a while"\ncurrency = "EUR"'),
    "bad_separator": MAPPING.replace('currency = "EUR"', 'separator = "::"\ncurrency = "EUR"'),
    "bad_currency": MAPPING.replace('currency = "EUR"', 'currency = "Euro"'),
    "bad_encoding": MAPPING.replace('currency = "EUR"', 'encoding = "utf-9"\ncurrency = "EUR"'),
    "bad_decimal": MAPPING.replace('currency = "EUR"', 'decimal = ";"\ncurrency = "EUR"'),
    "bad_shape": MAPPING.replace('amount = "not_negative"', 'amount = "postive"'),
    "bad_pattern": MAPPING.replace('{ starts = "TEST" }', '{ matches = "(?=x)" }'),
    "no_from": MAPPING + '\n[source.other]\nfiles = "x"\n',
    "unknown_from": MAPPING.replace('table = "refunds"', 'table = "refunds"\nfrom = "refnds"'),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_wrong_mapping(name, tmp_path, golden):
    (tmp_path / "shop.toml").write_text(BROKEN[name])
    with pytest.raises(ConnectError) as caught:
        load(tmp_path / "shop.toml")
    golden(f"mapping_{name}", str(caught.value))


FILES = {
    "unrecognised": ({"orders.csv": "number,what\n1,2\n"}, None),
    "unrecognised_empty": ({"sheet.csv": ""}, None),
    "column_missing": ({"refunds.csv": "refund,ordre,amount,at\nR1,A1,1,2024-01-01\n"}, MAPPING),
    "no_table": ({"readme.md": "hello"}, None),
    "own_unknown_column": ({"refunds.csv": "id,source,refund_id,amount,curency\n1,2,3,4,EUR\n"}, None),
    "own_missing_column": ({"refunds.csv": "id,source,refund_id,amount\n1,2,3,4\n"}, None),
    "own_unknown_table": ({"refunds.csv": "id,source,refund_id,amount,currency\n1,2,3,4,EUR\n", "scan.csv": "id\n1\n"}, None),
    "own_no_parquet": ({"refunds.parquet": b"PAR1 nonsense"}, None),
}


@pytest.mark.parametrize("name", FILES)
def test_files_that_cannot_be_read_as_a_whole(name, take, tmp_path, golden):
    with pytest.raises(ConnectError) as caught:
        take(*FILES[name])
    golden(f"files_{name}", str(caught.value).replace(str(tmp_path), "."))


def test_a_money_column_of_fractions(tmp_path, golden):
    table = {"id": ["1"], "source": ["s"], "refund_id": ["r"], "amount": [1.5], "currency": ["EUR"]}
    (tmp_path / "refunds").mkdir()
    pq.write_table(pa.table(table), tmp_path / "refunds" / "0.parquet")
    with pytest.raises(ConnectError) as caught:
        read(tmp_path, None, tmp_path / "_out")
    golden("own_fraction", str(caught.value))


def test_an_unknown_mapping_name(golden):
    with pytest.raises(ConnectError) as caught:
        load("online_retial")
    golden("mapping_name", str(caught.value))


def test_nothing_to_propose(folder, tmp_path, golden):
    with pytest.raises(ConnectError) as caught:
        propose(folder({"x.csv": "foo,bar\n1,2\n"}))
    golden("nothing_to_propose", str(caught.value).replace(str(tmp_path), "."))


ODD = {
    "money": "R1,A1,twelve,2024-01-01",
    "too_fine": "R1,A1,1.005,2024-01-01",
    "decimal_comma": 'R1,A1,"12,50",2024-01-01',
    "time": "R1,A1,1,yesterday",
    "no_such_day": "R1,A1,1,2024-02-30",
    "required": ",A1,1,2024-01-01",
    "too_few": "R1,A1,1",
    "too_many": "R1,A1,1,2024-01-01,x,y",
    "no_rule": "R1,A1,-1,2024-01-01",
    "quote": '"R1"x,A1,1,2024-01-01',
    "nul": "R1,A\0,1,2024-01-01",
    "identifier": "R1,A1,jane.doe@example.com,2024-01-01",
    "card": "R1,A1,4111111111111111x,2024-01-01",
}


@pytest.mark.parametrize("name", ODD)
def test_rows_in_quarantine(name, take, golden):
    intake = take({"refunds.csv": HEADER + ODD[name] + "\n"}, MAPPING)
    (row,) = intake.quarantine
    golden(
        f"row_{name}",
        f"{row.file}:{row.row} {row.field}\n  got       {row.got}\n  expected  {row.expected}\n  to mend   {row.mend}",
    )


BYTES = {
    "damaged_utf8": ("refunds.csv", (HEADER + "R1,Ä1,1,2024-01-01\nR2,ÄÖ,1,2024-01-01\n").encode() + b"R3,\xff,1,2024-01-01\n"),
    "gzip_cut_short": ("refunds.csv.gz", gzip.compress((HEADER + ROWS).encode())[:-20]),
    "no_gzip": ("refunds.csv.gz", b"plain"),
    "json": ("refunds.json", b'[{"refund": 1},'),
    "json_line": ("refunds.jsonl", b'{"refund": 1'),
    "json_value": ("refunds.jsonl", b"17"),
    "json_deep": ("refunds.json", b"[" * 100_000),
    "parquet": ("refunds.parquet", b"PAR1"),
}


@pytest.mark.parametrize("name", BYTES)
def test_bytes_in_quarantine(name, take, golden):
    file, content = BYTES[name]
    intake = take({file: content}, MAPPING)
    (row,) = intake.quarantine
    golden(
        f"bytes_{name}",
        f"{row.file}:{row.row} {row.field}\n  got       {row.got}\n  expected  {row.expected}\n  to mend   {row.mend}",
    )
