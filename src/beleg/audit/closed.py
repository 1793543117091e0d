"""What closed cases came to, as the detectors read it: a row per refund and account that a case was about."""

from typing import Any

import pyarrow as pa

from beleg.detect.judged import CLOSED

# What a case may be about, by the column that says so; cases about rings and staff name no one account.
_COLUMN = {"slice": "slice_id", "refund": "slice_id", "account": "account_id"}


def closed(labels: pa.Table) -> pa.Table:
    """The table `CLOSED` from that of `cases.labels`: fraud was confirmed if any case says so, and known since the first did."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for row in labels.to_pylist():
        column = _COLUMN.get(row["subject_kind"])
        if column is None:
            continue
        wrong, at = int(row["outcome"] == "confirmed_fraud"), row["closed_at"]
        before = found.get((column, row["subject"]))
        if before is None or wrong > before["wrong"] or (wrong == before["wrong"] and at < before["closed_at"]):
            found[column, row["subject"]] = {column: row["subject"], "wrong": wrong, "closed_at": at}
    return pa.Table.from_pylist([found[one] for one in sorted(found)], schema=CLOSED)
