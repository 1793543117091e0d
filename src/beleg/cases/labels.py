"""What closed cases teach: each finding with its case's outcome, and how it came to be looked at, for the weights to learn from."""

from collections.abc import Iterable

import pyarrow as pa

from beleg.cases.case import Case
from beleg.cases.items import Item

_TEXTS = ("finding_id", "detector", "subject_kind", "subject", "case_id", "outcome", "chosen")
LABELS = pa.schema([pa.field(name, pa.string(), nullable=False) for name in _TEXTS]).append(
    pa.field("closed_at", pa.int64(), nullable=False)
)


def labels(cases: Iterable[Case]) -> pa.Table:
    """One row per live finding of a closed case, sorted.

    An outcome *unknown* teaches nothing and is left out. `chosen` says how the label came about: `worked` by one person who picked
    the case from the queue, or `sampled` where a drawn second reader gave the last word; `closed_at` when, in microseconds.
    """
    rows = [
        {
            "finding_id": item.id,
            "detector": item.says,
            "subject_kind": item.subject_kind,
            "subject": item.subject,
            "case_id": case.id,
            "outcome": case.outcome,
            "chosen": "sampled" if case.outcomes[-1].reading == "second" else "worked",
            "closed_at": case.outcomes[-1].known_at or 0,
        }
        for case in cases
        for item in teaching(case)
    ]
    return pa.Table.from_pylist(sorted(rows, key=lambda row: row["finding_id"]), schema=LABELS)


def teaching(case: Case) -> list[Item]:
    """The findings of a case that its outcome says something of."""
    if case.state != "closed" or case.outcome == "unknown":
        return []
    return [item for item in case.live() if item.kind == "finding"]
