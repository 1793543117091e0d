"""Findings as facts, in two flat Parquet files: each finding's id is a hash of what it says and of what it rests on."""

import hashlib
from itertools import groupby
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from beleg.audit.result import AuditResult
from beleg.detect.card import every_detector
from beleg.facts.schema import arrow_schemas


def finding_id(detector: str, version: str, subject: str, as_of: int | None, fact_ids: list[str]) -> str:
    """The id of a finding: the same answer from the same facts always has the same id."""
    said = "\n".join([detector, version, subject, str(as_of), *sorted(fact_ids)])
    return "fnd-" + hashlib.sha256(said.encode()).hexdigest()[:32]


def write_findings(hits: pa.Table, result: AuditResult, amounts: dict[str, tuple[int, str]], directory: Path) -> None:
    """Write findings.parquet and finding_facts.parquet.

    Args:
        hits: detector, subject, fact_id, role, sorted by detector and subject.
        result: for the moment spoken of.
        amounts: money at stake per subject, in minor units of its currency.
        directory: where to.
    """
    findings, facts = [], []
    for (detector, subject), rows in groupby(hits.to_pylist(), key=lambda row: (row["detector"], row["subject"])):
        resting = list(rows)
        card = every_detector()[detector].card
        identity = finding_id(detector, card.version, subject, result.as_of, [row["fact_id"] for row in resting])
        amount, currency = amounts.get(subject, (0, None))
        said = {"id": identity, "source": "beleg", "detector": detector, "version": card.version, "subject_kind": card.subject}
        said |= {"subject": subject, "family": card.family, "status": "open", "currency": currency}
        findings.append({**said, "as_of": result.as_of, "amount": amount})
        facts += [_resting(identity, row) for row in resting]
    directory.mkdir(parents=True, exist_ok=True)
    for name, written in (("findings", findings), ("finding_facts", facts)):
        pq.write_table(
            pa.Table.from_pylist(written, schema=arrow_schemas()[name]), directory / f"{name}.parquet", compression="zstd"
        )


def _resting(identity: str, row: dict[str, str]) -> dict[str, str]:
    own = hashlib.sha256(f"{identity}\n{row['fact_id']}\n{row['role']}".encode()).hexdigest()[:32]
    return {"id": f"ffc-{own}", "source": "beleg", "finding_id": identity, "fact_id": row["fact_id"], "role": row["role"]}
