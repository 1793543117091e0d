"""Whatever the bytes: the books balance, and nothing is raised but a ConnectError that says its four parts."""

import json
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from beleg.connect import ConnectError, Intake, read
from beleg.connect.loading import from_text

from .conftest import rows
from .samples import HEADER, MAPPING

NAMES = st.sampled_from(["refunds.csv", "refunds.json", "refunds.jsonl", "refunds.parquet", "refunds.csv.gz", "refunds.tsv"])
FIELD = st.text(st.characters(codec="utf-8"), max_size=12) | st.sampled_from(
    [
        "1,5",
        "12.50",
        "-3",
        "(4)",
        "2024-02-30",
        "2024-03-01 10:00",
        '"',
        '""',
        "\x00",
        "1e5",
        "99999999999999999999",
        "NaN",
        "\r",
        "\n",
    ]
)
TABLE = st.lists(st.lists(FIELD, min_size=1, max_size=7), max_size=8)


def _is_told(problem: ConnectError) -> None:
    assert all((problem.where, problem.got, problem.expected, problem.mend))


def attempt(name: str, content: bytes, mapping: str | None) -> Intake | None:
    with tempfile.TemporaryDirectory() as place:
        base = Path(place) / "in"
        base.mkdir()
        (base / name).write_bytes(content)
        (Path(place) / "m.toml").write_text(mapping or "")
        try:
            intake = read(base, Path(place) / "m.toml" if mapping else None, Path(place) / "out", secret=b"k")
        except ConnectError as problem:
            _is_told(problem)
            return None
        facts = sum(len(rows(intake, table)) for table in intake.tables)
        assert facts == sum(intake.facts.values())
        assert sum(book.quarantined for book in intake.books) == len(intake.quarantine)
        return intake


@settings(max_examples=300, deadline=None)
@given(name=NAMES, content=st.binary(max_size=300), with_header=st.booleans(), mapped=st.booleans())
def test_arbitrary_bytes(name, content, with_header, mapped):
    intake = attempt(name, (HEADER.encode() if with_header else b"") + content, MAPPING if mapped else None)
    if intake is not None and name.endswith((".gz", ".parquet")) and (with_header or content):
        assert intake.books[0].quarantined == 1


@settings(max_examples=300, deadline=None)
@given(table=TABLE, separator=st.sampled_from(",;\t|"), ending=st.sampled_from(["\n", "\r\n", "\r"]), quoted=st.booleans())
def test_arbitrary_tables(table, separator, ending, quoted):
    def cell(text: str) -> str:
        return '"' + text.replace('"', '""') + '"' if quoted else text

    lines = [separator.join(["refund", "order", "amount", "at"])] + [separator.join(map(cell, row)) for row in table]
    attempt("refunds.csv", ending.join(lines).encode(), MAPPING)


@settings(max_examples=200, deadline=None)
@given(table=TABLE, own=st.booleans())
def test_arbitrary_tables_in_our_own_layout(table, own):
    header = "id,source,refund_id,amount,currency,occurred_at" if own else "id,source,refund_id,amount,curency"
    lines = [header, "a,b,c,100,EUR,5"] + [",".join(row) for row in table]
    attempt("refunds.csv", "\n".join(lines).encode(), None)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | FIELD,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["refund", "order", "amount", "at", "x"]), inner, max_size=5)
    ),
    max_leaves=20,
)


@settings(max_examples=200, deadline=None)
@given(value=JSON, each=st.booleans())
def test_arbitrary_json(value, each):
    mapping = MAPPING.replace('when = { amount = "not_negative" }', 'each = "x"') if each else MAPPING
    attempt("refunds.json", json.dumps(value).encode(), mapping)
    attempt("refunds.jsonl", json.dumps(value).encode() + b"\n{", mapping)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_mapping_with_a_line_broken_is_told(data):
    lines = MAPPING.splitlines()
    place = data.draw(st.integers(0, len(lines) - 1))
    lines[place] = data.draw(st.text(st.characters(codec="utf-8"), max_size=30) | st.sampled_from(["[fact]", "table = 3", "x = 1"]))
    try:
        from_text("\n".join(lines), "m.toml")
    except ConnectError as problem:
        _is_told(problem)


def test_a_damaged_parquet_file_under_a_keyed_mapping_is_one_quarantined_row(tmp_path: Path) -> None:
    # found by the coverage-guided fuzzer: a batch without columns had no contents to compare
    (tmp_path / "parcels.parquet").write_bytes(b"\0")
    intake = read(tmp_path / "parcels.parquet", "shopify_orders", tmp_path / "out", secret=b"k")
    assert [(book.rows, book.quarantined) for book in intake.books] == [(1, 1)]


def test_a_header_with_a_stray_byte_is_read() -> None:
    # found by Hypothesis: an empty table of our own whose one named column is half a character
    attempt("refunds.csv", b"|\xc2\x80\xc2", None)
    attempt("refunds.csv", b"\xc2\x80\xc2|id\n1|2\n", None)
    # and one that the end of the file cuts short
    attempt("refunds.csv", b"id\n\xc2", None)
    attempt("refunds.csv", b'id,x\n"a\nb",\xe2\x82', MAPPING)
