"""Whether two answers say the same: the findings with the facts they rest on, and every slice's states."""

from pathlib import Path

import duckdb

from beleg.detect.card import every_detector
from beleg.proofs.words import PROOFS

FOUND = "detector, subject, fact_id, role"
STATES = f"slice_id, refund_class, amount, components, standing, {', '.join(PROOFS)}"


def differing(one: Path, other: Path) -> int:
    """Rows that only one of two answers has."""
    return _only(f"SELECT {FOUND} FROM '{one}/found.parquet'", f"SELECT {FOUND} FROM '{other}/found.parquet'") + _only(
        f"SELECT {STATES} FROM '{one}/states.parquet'", f"SELECT {STATES} FROM '{other}/states.parquet'"
    )


def differing_findings(audit: Path, answer: Path) -> int:
    """Findings on refunds that only the audit's files or only the answer has; the scripts look for no rings and no people."""
    asked = ", ".join(f"'{name}'" for name in every_detector())
    written = (
        f"SELECT f.detector, f.subject, r.fact_id, r.role FROM '{audit}/findings.parquet' f "
        f"JOIN '{audit}/finding_facts.parquet' r ON r.finding_id = f.id WHERE f.detector IN ({asked})"
    )
    return _only(written, f"SELECT {FOUND} FROM '{answer}/found.parquet'")


def _only(one: str, other: str) -> int:
    asked = f"SELECT count(*) FROM ((({one}) EXCEPT ALL ({other})) UNION ALL (({other}) EXCEPT ALL ({one})))"
    return int(duckdb.connect().execute(asked).fetchall()[0][0])
