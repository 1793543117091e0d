"""Asks a ledger on an engine: what the detectors found, how the slices stand; a statement is compiled once and used again."""

from typing import Any

import ibis.expr.types as ir
import msgspec

from beleg.detect.run import found, plan
from beleg.ledger.engines.base import Engine
from beleg.ledger.view import View
from beleg.proofs.coverage import WINDOWS, Coverage
from beleg.proofs.dossier import Dossier, prepare
from beleg.proofs.words import PROOFS
from support.ledgers import Ledger, arrow

Found = frozenset[tuple[str, str, str, str]]
Rows = list[tuple[Any, ...]]


def fill(engine: Engine, ledger: Ledger) -> None:
    """Put a ledger into an engine's tables, which are emptied before."""
    for name, rows in arrow(ledger).items():
        engine.load(name, rows)


def in_order(rows: Rows) -> Rows:
    """Rows in an order that every engine can be brought to, with booleans and whole numbers alike."""
    plain = [tuple(int(cell) if isinstance(cell, bool) else cell for cell in row) for row in rows]
    return sorted(plain, key=lambda row: tuple((cell is not None, str(cell)) for cell in row))


class Asker:
    """One engine, filled again and again."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._statements: dict[Any, str] = {}

    def found(self, ledger: Ledger, as_of: int, known: int | None = None) -> Found:
        """What all detectors that can run found: detector, subject, fact, role; `known` is by when facts must be known."""
        dossier, key = self._open(ledger, as_of, known)
        runs = plan(dossier)
        names = tuple(run.detector.name for run in runs if not run.missing)
        rows = self._ask((*key, names), lambda: found(dossier, runs), dossier)
        return frozenset((row[0], *row[2:]) for row in rows)

    def states(self, ledger: Ledger, as_of: int) -> dict[str, dict[str, Any]]:
        """How every slice stands, by its id."""
        dossier, key = self._open(ledger, as_of, None)
        names = dossier.states.columns
        rows = self._ask((*key, "states"), lambda: dossier.states, dossier)
        return {row["slice_id"]: row for row in (dict(zip(names, cells, strict=True)) for cells in rows)}

    def _open(self, ledger: Ledger, as_of: int, known: int | None) -> tuple[Dossier, tuple[Any, ...]]:
        fill(self.engine, ledger)
        coverage = prepare(self.engine, known)
        return Dossier(View(self.engine, as_of=known), coverage, as_of), (as_of, known, matters(coverage))

    def _ask(self, key: Any, build: Any, dossier: Dossier) -> Rows:
        if key not in self._statements:
            expression: ir.Table = build()
            self._statements[key] = dossier.view.sql(expression)
        cursor = self.engine.backend.con.execute(self._statements[key])
        return [tuple(row) for row in cursor.fetchall()]


def matters(coverage: Coverage) -> bytes:
    """All of a coverage that goes into a statement."""
    has = [coverage.has(proof) for proof in PROOFS]
    return msgspec.json.encode((has, [(coverage.live(proof), coverage.down(proof)) for proof in WINDOWS]))
