"""The audit, step by step: read, judge the sources, prove, detect, weigh, rank, report."""

import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import ibis.expr.types as ir
import pyarrow as pa

from beleg import __version__
from beleg.audit import breakdown, staff
from beleg.audit.details import Opener
from beleg.audit.export import Findings
from beleg.audit.history import taken
from beleg.audit.people import People
from beleg.audit.ranking import Details, above_line, pick
from beleg.audit.renewal import standing as standing_findings
from beleg.audit.renewal import withdrawn
from beleg.audit.result import AuditResult, Coverage, DetectorRun, Ranked, Sum
from beleg.audit.settings import AuditSettings
from beleg.audit.standing import convert, patterned, standing, weighed
from beleg.audit.subjects import Gathered
from beleg.audit.timelines import Timelines
from beleg.connect import Intake, read
from beleg.detect.run import Run, found, plan, seconds
from beleg.ledger.engines import open_engine
from beleg.ledger.engines.base import Engine
from beleg.ledger.view import View
from beleg.proofs.dossier import Dossier, prepare
from beleg.proofs.span import span
from beleg.weigh.bits import Weighed
from beleg.weigh.weights import Weights, load

Progress = Callable[[str, float], None]


class Audit:
    """One audit over one engine. `run` gives the answer; the engine is closed with `close`."""

    def __init__(self, settings: AuditSettings, progress: Progress | None = None) -> None:
        self.settings = settings
        self._progress = progress or (lambda _step, _share: None)
        self._began = time.monotonic()

    def run(self, out: Path | None = None) -> AuditResult:
        """The answer; with `out`, every finding is written there as Parquet.

        Raises:
            ConnectError: the input cannot be read.
            EngineError: the engine cannot be opened.
        """
        intake = self._intake()
        asked, work = self.settings, self.settings.work / "engine"
        engine = open_engine(asked.engine, work, asked.engine_address, recalls=asked.recalls)
        try:
            engine.attach_facts(intake.tables)
            if out is not None and intake.quarantine_file is not None:
                out.mkdir(parents=True, exist_ok=True)
                shutil.copy(intake.quarantine_file, out / "quarantine.jsonl")
            return self._answer(intake, engine, out)
        finally:
            engine.close()

    def _intake(self) -> Intake:
        self._progress("reading", 0.0)
        if self.settings.store:
            return taken(self.settings.store, self.settings.work, self._reading)
        facts = self.settings.work / "facts"
        return read(self.settings.path, self.settings.mapping, facts, self._reading, secret=self.settings.key)

    def _reading(self, step: str, share: float) -> None:
        self._progress(f"reading {step}", 0.4 * share)

    def _answer(self, intake: Intake, engine: Engine, out: Path | None) -> AuditResult:
        worked = self._work(engine)
        self._progress("judging subjects", 0.85)
        gathered = Gathered(worked.dossier, worked.stands, worked.weights, self.settings)
        self._progress("ranking", 0.9)
        result = self._result(intake, worked, gathered)
        if out is not None:
            self._progress("writing", 0.97)
            self._write(engine, worked, gathered, out)
        return result

    def _write(self, engine: Engine, worked: "_Worked", gathered: Gathered, out: Path) -> None:
        """Every finding; of a ledger's, what says the same as before keeps its id, and what is gone is withdrawn."""
        live, as_of = bool(self.settings.store), worked.dossier.as_of
        before = standing_findings(engine) if live else {}
        ran = {run.detector.name for run in worked.runs if not run.missing}
        ran |= {name for name, one in gathered.verdicts.items() if one.judged is not None}
        with Findings(as_of or None, out, before, live=live) as findings:
            findings.write(_with_money(worked))
            findings.write(gathered.findings(worked.currency).to_batches())
            findings.add(withdrawn(engine, before, findings.found, ran, as_of))

    def _work(self, engine: Engine) -> "_Worked":
        """Every step up to the scores; what later steps read is kept by the engine."""
        self._progress("judging the sources", 0.4)
        covered = prepare(engine, self.settings.as_of)
        first, last = span(engine)
        dossier = Dossier(View(engine, as_of=self.settings.as_of, keeping=True), covered, self.settings.as_of or last or 0)
        self._progress("proving", 0.45)
        _ = dossier.states
        self._progress("detecting", 0.65)
        runs = plan(dossier)
        hits = found(dossier, runs)
        self._progress("weighing", 0.8)
        weights = load(self.settings.weights)
        patterns = patterned(dossier, runs)
        bits = weighed(dossier, runs, patterns, weights)
        base, unknown = convert(dossier, self.settings.currency)
        return _Worked(dossier, runs, hits, weights, bits, standing(dossier, patterns, weights), base, unknown, first)

    def _result(self, intake: Intake, worked: "_Worked", gathered: Gathered) -> AuditResult:
        dossier, stands = worked.dossier, worked.stands
        sums = breakdown.Sums(dossier, stands)
        picked = pick(dossier, stands, worked.weights, self.settings.budget)
        timelines = Timelines(dossier, [name for name, _ in picked], gathered.wanted)
        return AuditResult(
            beleg_version=__version__,
            weights_version=worked.weights.version,
            engine=dossier.view.engine.name,
            name=self.settings.title or Path(self.settings.path).name or intake.mapping,
            as_of=dossier.as_of or None,
            first_at=worked.first,
            currency=worked.currency,
            rates_note=_rates_note(worked.currency, worked.unknown),
            totals=sums.totals(),
            by_month=sums.by_month(),
            by_method=sums.by_method(),
            by_site=sums.by_site(),
            by_class=sums.by_class(),
            budget=self.settings.budget,
            ranked=self._ranked(worked, picked, timelines),
            above_line=above_line(dossier, stands, worked.weights),
            prior_bits=worked.weights.prior_bits,
            coverage=_coverage(dossier, stands),
            closes=breakdown.closes(dossier, stands),
            matching=breakdown.matching(dossier),
            detectors=_detectors(dossier, worked.runs, breakdown.detector_sums(dossier, worked.runs, stands)),
            delays=breakdown.delays(dossier, worked.runs, stands),
            subjects=People(gathered, timelines, self.settings).answer(),
            books=intake.books,
            quarantine=intake.quarantine,
            facts=intake.facts,
            notes=_notes(intake, dossier, sums),
            staff=staff.rows(dossier, stands, self.settings.key) if self.settings.staff else None,
            staff_note=staff.NOTE if self.settings.staff else "",
            late_deliveries=breakdown.late_deliveries(dossier),
            seconds=round(time.monotonic() - self._began, 1),
        )

    def _ranked(self, worked: "_Worked", picked: list[tuple[str, bool]], timelines: Timelines) -> tuple[Ranked, ...]:
        details = Details(worked.dossier, worked.stands, worked.hits, [name for name, _ in picked])
        opener = Opener(details, timelines, worked.bits, worked.weights, self.settings)
        return tuple(opener.open(rank, name, above=above) for rank, (name, above) in enumerate(picked, start=1))


@dataclass(frozen=True)
class _Worked:
    """What the steps left behind for the answer."""

    dossier: Dossier
    runs: tuple[Run, ...]
    hits: ir.Table
    weights: Weights
    bits: list[Weighed]
    stands: ir.Table
    currency: str
    unknown: tuple[str, ...]
    first: int | None


def _with_money(worked: _Worked) -> Iterator[pa.RecordBatch]:
    """Every finding's rows with the money at stake, sorted."""
    money = worked.stands.select("amount", "currency", subject="slice_id")
    rows = worked.hits.left_join(money, "subject").select("detector", "subject", "fact_id", "role", "amount", "currency")
    return worked.dossier.view.engine.batches(rows, ("detector", "subject", "fact_id", "role"))


def _rates_note(base: str, unknown: tuple[str, ...]) -> str:
    note = f"Amounts in {base} at the European Central Bank's rate of the refund's day."
    return note + (f" No rate for {', '.join(unknown)}: counted as zero." if unknown else "")


def _coverage(dossier: Dossier, stands: ir.Table) -> tuple[Coverage, ...]:
    missed = breakdown.missed(dossier, stands)
    return tuple(
        Coverage(
            proof=one.proof,
            source=one.source,
            place=one.place,
            first_day=breakdown.day_name(one.first_day),
            last_day=breakdown.day_name(one.last_day),
            days_live=one.days_live,
            days_down=len(one.down_days),
            facts=one.facts,
            witnessed=missed.get((one.proof, one.place), (0, 0))[0],
            missed=missed.get((one.proof, one.place), (0, 0))[1],
            down_days=tuple(breakdown.day_name(day) for day in one.down_days),
        )
        for one in dossier.coverage.places
    )


def _detectors(dossier: Dossier, runs: tuple[Run, ...], sums: dict[str, Sum]) -> tuple[DetectorRun, ...]:
    answers = []
    for run in runs:
        found_here = sums.get(run.detector.name, Sum())
        because = f"no such source: {', '.join(need.replace('|', ' or ') for need in run.missing)}" if run.missing else ""
        card = run.detector.card
        answers.append(
            DetectorRun(
                run.detector.name,
                card.question,
                card.family,
                not run.missing,
                because,
                found_here.count,
                found_here.amount,
                seconds=round(seconds(dossier, run), 3),
            )
        )
    return tuple(answers)


def _notes(intake: Intake, dossier: Dossier, sums: breakdown.Sums) -> tuple[str, ...]:
    notes = list(intake.notes)
    if not dossier.coverage.roster:
        notes.append(
            "No staff roster: acts of different logins count as one witness, and no inspection counts as another person's."
        )
    if any(row["day"] is None for row in sums.rows):
        notes.append("Some refunds have no time: they are kept out of every proof that needs one.")
    return tuple(dict.fromkeys([*notes, *_unrecorded(intake, dossier)]))


def _unrecorded(intake: Intake, dossier: Dossier) -> list[str]:
    """Says of which facts nobody wrote down when they became known, and what is assumed instead."""
    tables = [name for name in ("refunds", "receipts", "scans") if name in intake.tables]
    counts = {name: _without_record(dossier, name) for name in tables}
    told = [f"{missing:,} of {every:,} {name}" for name, (missing, every) in counts.items() if missing]
    if not told:
        return []
    delay = "at once" if intake.recording_delay in {"", "0s"} else f"{intake.recording_delay} later, as the mapping declares"
    return [f"The source does not say when it recorded {', '.join(told)}: they are taken to be known {delay}."]


def _without_record(dossier: Dossier, name: str) -> tuple[int, int]:
    facts = dossier.table(name)
    timed = facts.filter(facts.occurred_at.notnull())
    (row,) = dossier.view.rows(timed.agg(every=timed.count(), said=timed.source_recorded_at.count())).to_pylist()
    return row["every"] - row["said"], row["every"]
