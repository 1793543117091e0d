"""Runs every detector whose facts are there, and says of the others which source they lack."""

from collections.abc import Mapping

import ibis
import ibis.expr.types as ir
import msgspec
import pyarrow as pa

from beleg.detect.card import Detector, every_detector
from beleg.proofs.dossier import Dossier

FOUND = ("detector", "family", "subject", "fact_id", "role")


class Run(msgspec.Struct, frozen=True):
    """One detector's turn: `missing` names what it needed and did not get; with nothing missing it ran."""

    detector: Detector
    missing: tuple[str, ...]


def plan(dossier: Dossier) -> tuple[Run, ...]:
    """Which detectors can run on what is in view."""
    lacking = missing(dossier, {name: detector.card.needs for name, detector in every_detector().items()})
    return tuple(Run(one, lacking[name]) for name, one in every_detector().items())


def missing(dossier: Dossier, needs: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """For every name, which of its needs what is in view does not fill; see `Card`."""
    either = {need: need.split("|") for mine in needs.values() for need in mine}
    single = sorted({one for each in either.values() for one in each})
    held = {row["need"] for row in _held(dossier, single).to_pylist()} if single else set()
    return {name: tuple(need for need in mine if held.isdisjoint(either[need])) for name, mine in needs.items()}


def _held(dossier: Dossier, needs: list[str]) -> pa.Table:
    """Those of these needs that what is in view fills."""
    name = f"held {' '.join(needs)}"
    return dossier.view.ask(name, lambda _: ibis.union(*(_first(dossier, one) for one in needs), distinct=False))


def _first(dossier: Dossier, need: str) -> ir.Table:
    """One row if what is needed is there."""
    name, _, column = need.partition(".")
    table = dossier.table(name)
    if column:
        table = table.filter(table[column].notnull())
    return table.limit(1).select(need=ibis.literal(need))


def found(dossier: Dossier, runs: tuple[Run, ...]) -> ir.Table:
    """What all detectors that can run found: detector, family, subject, fact_id, role; each row once."""
    parts = [_step(dossier, run.detector) for run in runs if not run.missing]
    return dossier.view.step("found", lambda _: ibis.union(*parts, distinct=False) if parts else nothing(dossier))


def _step(dossier: Dossier, detector: Detector) -> ir.Table:
    return dossier.view.lasting(f"found_{detector.name}", lambda _: found_by(dossier, detector))


def seconds(dossier: Dossier, run: Run) -> float:
    """How long a detector took, once what it found was read; 0 where the engine cannot tell."""
    return dossier.view.engine.spent.get(f"step_found_{run.detector.name}", 0.0)


def found_by(dossier: Dossier, detector: Detector) -> ir.Table:
    """What one detector found."""
    rows = detector.detect(dossier).select("subject", "fact_id", "role").distinct()
    return rows.mutate(detector=ibis.literal(detector.name), family=ibis.literal(detector.card.family)).select(*FOUND)


def nothing(dossier: Dossier) -> ir.Table:
    """No findings."""
    empty = dossier.table("findings").filter(ibis.literal(False))
    return empty.select(detector="detector", family="family", subject="subject", fact_id="id", role="status")
