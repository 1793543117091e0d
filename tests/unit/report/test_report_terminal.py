"""The summary on the terminal, word for word, wide and narrow, and where only ASCII can be shown."""

import unicodedata
from io import BytesIO, TextIOWrapper
from pathlib import Path

import pytest
from msgspec.structs import replace
from rich.cells import cell_len
from rich.console import Console

from beleg.audit.result import AuditResult, Sum
from beleg.report import render
from beleg.report.pen import fill
from support import sample

RESULTS = {"rich": sample.rich, "empty": sample.empty, "unchecked": sample.unchecked, "hostile": sample.hostile}


def shown(result: AuditResult, *, width: int = 80, encoding: str = "utf-8", colour: str | None = None) -> str:
    raw = BytesIO()
    stream = TextIOWrapper(raw, encoding=encoding, newline="\n")
    console = Console(file=stream, width=width, color_system=colour, force_terminal=colour is not None, legacy_windows=False)  # type: ignore[arg-type]
    render(result, console, report=Path("beleg-report/report.html"))
    stream.flush()
    return raw.getvalue().decode(encoding)


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("name", RESULTS)
def test_summary_reads_as_written(name, width, golden):
    golden(f"{name}-{width}.txt", shown(RESULTS[name](), width=width))


def test_summary_reads_in_ascii(golden):
    text = shown(sample.rich(), encoding="ascii")
    assert text.isascii()
    golden("rich-80-ascii.txt", text)


@pytest.mark.parametrize("name", RESULTS)
@pytest.mark.parametrize(("width", "encoding"), [(40, "utf-8"), (80, "utf-8"), (120, "utf-8"), (200, "utf-8"), (80, "ascii")])
def test_nothing_is_wider_than_the_screen_nor_acts_on_it(name, width, encoding):
    for line in shown(RESULTS[name](), width=width, encoding=encoding).splitlines():
        assert cell_len(line) <= width or line.startswith("Report:")
        assert not any(unicodedata.category(sign) in {"Cc", "Cs"} or sign in "\u202e\u202c" for sign in line)


def test_colour_only_where_a_terminal_has_it():
    assert "\x1b[" not in shown(sample.rich())
    assert "\x1b[" in shown(sample.rich(), colour="standard")


def test_a_detector_that_did_not_run_is_never_clean():
    text = shown(sample.rich()).lower()
    assert "not run: no such source: serials" in text
    assert "clean" not in text
    assert "fraud" not in " ".join(text.split()).replace("it does not mean fraud", "")


@pytest.mark.parametrize("values", [[1, 0, 0, 10**9], [5, 5, 5, 5], [0, 0, 0, 0], [1, 1, 1, 10**6], [0, 3, 0, 0]])
def test_a_stacked_bar_fills_its_width_and_hides_no_part(values):
    cells = fill(values, 40)
    assert sum(cells) == (40 if any(values) else 0)
    assert all(bool(value) == bool(many) for value, many in zip(values, cells, strict=True))


def test_currency_of_the_refund_is_kept():
    assert "£" in shown(sample.rich())
    assert "GBP" in shown(sample.rich(), encoding="ascii")


def test_nothing_due_yet_says_so():
    whole = Sum(3, 300)
    result = sample.unchecked()
    early = replace(result, totals=replace(result.totals, refunded=whole, unchecked=Sum(), not_yet_due=whole), by_class=())
    assert "No refund is due" in shown(early)
