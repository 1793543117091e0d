"""The guide's example is tried: its export and its mapping are taken from the page, and give what the page says."""

import re
from pathlib import Path

import pyarrow.parquet as pq

from beleg.connect import read

GUIDE = Path(__file__).parents[2] / "docs/guide/mappings.md"


def block(kind: str) -> str:
    found = re.findall(rf"^```{kind}\n(.*?)^```$", GUIDE.read_text(), re.DOTALL | re.MULTILINE)
    assert len(found) == 1
    return str(found[0])


def test_the_example_mapping_reads_the_example_export(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "receipts.csv").write_text(block("csv"))
    (tmp_path / "hamburg_wms.toml").write_text(block("toml"))
    intake = read(tmp_path / "in", tmp_path / "hamburg_wms.toml", tmp_path / "work")
    (book,) = intake.books
    assert (book.rows, book.mapped, book.ignored, book.quarantined) == (5, 3, {"reversal": 1}, 1)
    assert [(row.field, row.got) for row in intake.quarantine] == [("quantity", "'eins'")]
    assert (tmp_path / "work" / "_quarantine.jsonl").exists()
    rows = pq.read_table(intake.tables["receipts"][0]).to_pylist()
    assert [(row["order_id"], row["entry_mode"], row["weight"]) for row in rows] == [
        ("4711", "scan", 1250),
        ("4712", "keyed", None),
        ("4712", "scan", None),
    ]
    assert rows[0]["known_at"] - rows[0]["occurred_at"] == 5 * 60 * 1_000_000
    assert rows[0]["occurred_offset"] == 60
