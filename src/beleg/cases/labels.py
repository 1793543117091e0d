"""What closed cases teach: each finding with its case's outcome, and how it came to be looked at, for the weights to learn from."""

from collections.abc import Iterable

import pyarrow as pa

from beleg.cases.case import Case

LABELS = pa.schema(
    [
        pa.field(name, pa.string(), nullable=False)
        for name in ("finding_id", "detector", "subject_kind", "subject", "case_id", "outcome", "chosen")
    ]
)


def labels(cases: Iterable[Case]) -> pa.Table:
    """One row per live finding of a closed case, sorted.

    An outcome *unknown* teaches nothing and is left out. `chosen` says how the label came about: `worked` by one person who picked
    the case from the queue, or `sampled` where a drawn second reader gave the last word.
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
        }
        for case in cases
        if case.state == "closed" and case.outcome != "unknown"
        for item in case.live()
        if item.kind == "finding"
    ]
    return pa.Table.from_pylist(sorted(rows, key=lambda row: row["finding_id"]), schema=LABELS)
