"""Findings as facts, in two flat Parquet files: each finding's id is a hash of what it says and of what it rests on."""

import hashlib
from collections.abc import Iterable, Mapping
from itertools import chain, groupby
from pathlib import Path
from types import TracebackType
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from beleg.audit.renewal import SOURCE, Key, Standing
from beleg.detect.card import every_detector
from beleg.detect.subject import every_subject_detector
from beleg.facts.schema import arrow_schemas

_PART = 50_000

# What findings are written from.
HITS = pa.schema(
    [(name, pa.string()) for name in ("detector", "subject", "fact_id", "role")]
    + [("amount", pa.int64()), ("currency", pa.string())]
)


def finding_id(detector: str, version: str, subject: str, as_of: int | None, fact_ids: list[str]) -> str:
    """The id of a finding: the same answer from the same facts always has the same id."""
    said = "\n".join([detector, version, subject, str(as_of), *sorted(fact_ids)])
    return "fnd-" + hashlib.sha256(said.encode()).hexdigest()[:32]


class Findings:
    """Writes findings.parquet and finding_facts.parquet, part by part, so that their number does not count.

    Args:
        as_of: the moment spoken of, in microseconds.
        directory: where to.
        before: what stands already; a finding that rests on the same facts keeps its id.
        live: findings become known at `as_of`, as they go into a ledger, and not whenever a file of them is read.
    """

    def __init__(self, as_of: int | None, directory: Path, before: Mapping[Key, Standing], *, live: bool) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._as_of, self._before = as_of, before
        self._known = {"ingested_at": as_of, "known_at": as_of} if live else {}
        self._findings, self._facts = _Writer("findings", directory), _Writer("finding_facts", directory)
        self.found: set[Key] = set()

    def __enter__(self) -> "Findings":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._findings.close()
        self._facts.close()

    def write(self, hits: Iterable[pa.RecordBatch]) -> None:
        """Write what was found: `HITS`, the amount in minor units at stake, sorted by detector and subject."""
        rows = chain.from_iterable(batch.to_pylist() for batch in hits)
        for key, group in groupby(rows, key=lambda row: (row["detector"], row["subject"])):
            resting = list(group)
            self.found.add(key)
            finding = self._same(key, resting) or {**_finding(resting, self._as_of), **self._known}
            self._findings.add([finding])
            self._facts.add([{**_resting(str(finding["id"]), row), **self._known} for row in resting])

    def add(self, rows: Iterable[dict[str, Any]]) -> None:
        """Write rows of findings as they are."""
        self._findings.add(list(rows))

    def _same(self, key: Key, resting: list[dict[str, Any]]) -> dict[str, Any] | None:
        """What stands already, if it says this of these facts."""
        before = self._before.get(key)
        if before is None or _finding(resting, before.as_of)["id"] != before.row["id"]:
            return None
        return before.row


class _Writer:
    """One table of facts, written in parts."""

    def __init__(self, name: str, directory: Path) -> None:
        self._schema = arrow_schemas()[name]
        self._writer = pq.ParquetWriter(directory / f"{name}.parquet", self._schema, compression="zstd")
        self._waiting: list[dict[str, Any]] = []

    def close(self) -> None:
        self._flush()
        self._writer.close()

    def add(self, rows: list[dict[str, Any]]) -> None:
        self._waiting += rows
        if len(self._waiting) >= _PART:
            self._flush()

    def _flush(self) -> None:
        self._writer.write_table(pa.Table.from_pylist(self._waiting, schema=self._schema))
        self._waiting.clear()


def _finding(resting: list[dict[str, Any]], as_of: int | None) -> dict[str, Any]:
    """One finding, from its rows."""
    first = resting[0]
    detector, subject = first["detector"], first["subject"]
    card = (every_subject_detector() if detector in every_subject_detector() else every_detector())[detector].card
    identity = finding_id(detector, card.version, subject, as_of, [row["fact_id"] for row in resting])
    said = {"id": identity, "source": SOURCE, "detector": detector, "version": card.version, "subject_kind": card.subject}
    said |= {"subject": subject, "family": card.family, "status": "open", "currency": first["currency"]}
    return {**said, "as_of": as_of, "amount": first["amount"] or 0}


def _resting(identity: str, row: dict[str, str]) -> dict[str, str]:
    own = hashlib.sha256(f"{identity}\n{row['fact_id']}\n{row['role']}".encode()).hexdigest()[:32]
    return {"id": f"ffc-{own}", "source": SOURCE, "finding_id": identity, "fact_id": row["fact_id"], "role": row["role"]}
