"""The report as files in a folder: the page to read and the values behind it."""

from pathlib import Path

import msgspec

from beleg.audit.result import AuditResult
from beleg.report.html import render_html
from beleg.report.people import without_staff

PAGE = "report.html"
VALUES = "result.json"


def write_report(result: AuditResult, directory: Path, *, staff: bool) -> Path:
    """Write the page and the values it was made from, and say where the page is; what is about staff stays out unless asked for."""
    directory.mkdir(parents=True, exist_ok=True)
    kept = result if staff else without_staff(result)
    (directory / VALUES).write_bytes(msgspec.json.format(msgspec.json.encode(kept), indent=1) + b"\n")
    page = directory / PAGE
    page.write_text(render_html(kept, staff=staff), encoding="utf-8", newline="\n")
    return page
