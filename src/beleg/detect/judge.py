"""Runs every detector of subjects whose facts are there: accounts and rings first, then, only when asked for, members of staff."""

import time
from collections.abc import Iterable
from concurrent.futures import Executor, Future, ThreadPoolExecutor

import ibis.expr.types as ir
import msgspec
import pyarrow as pa

from beleg.detect.judged import ABOVE, ABOVE_LINE, CLOSED, CLOSED_CASES, MEMBERS, NUMBERS, RING_MEMBERS, Judged
from beleg.detect.run import missing
from beleg.detect.subject import Kind, Naming, SubjectDetector, every_subject_detector
from beleg.proofs.dossier import Dossier

# The numbers whose names are asked for, a prepared table (`NUMBERS`).
NUMBERED = "numbered"

_NAMED = pa.schema([("subject", pa.string()), ("member", pa.string()), ("counterpart", pa.string())])

# Staff are judged last, as they are asked about rings.
ORDER: tuple[Kind, ...] = ("account", "ring", "staff")

NOT_ASKED = "sections on staff were not asked for"
NO_CASES = "too few closed cases: none were named, or none came to anything"


class Verdict(msgspec.Struct, frozen=True):
    """One detector's turn: what it said, or why it did not run; and how long it took to count and to judge."""

    detector: SubjectDetector
    judged: Judged | None
    not_run_because: str = ""
    seconds: float = 0.0


def judge_all(dossier: Dossier, above: pa.Table, closed: pa.Table, *, staff: bool) -> tuple[Verdict, ...]:
    """Every detector's turn, in the order of `ORDER` and of names.

    While one detector judges, the next one counts.

    Args:
        dossier: what is known.
        above: the refunds above the line (`ABOVE`).
        closed: what closed cases came to (`CLOSED`).
        staff: whether staff are asked about.
    """
    every = every_subject_detector()
    lacking = missing(dossier, {name: detector.card.needs for name, detector in every.items()})
    load_rings(dossier, ())
    load_above(dossier, above)
    load_closed(dossier, closed)
    turns: list[_Turn] = []
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="judging") as judging:
        for kind in ORDER:
            if kind == "staff":
                load_rings(dossier, [one.judged for one in _ended(dossier, turns) if one.judged is not None])
            for detector in (one for one in every.values() if one.card.subject == kind):
                because = _not_run(lacking[detector.name], asked=staff or kind != "staff")
                if detector.card.learned and not closed.num_rows:
                    because = NO_CASES
                turns.append(Verdict(detector, None, because) if because else _counted(dossier, detector, judging, turns))
        return _ended(dossier, turns)


# A detector's turn, over or still being judged.
_Turn = Verdict | Future[Verdict]


def _ended(dossier: Dossier, turns: list[_Turn]) -> tuple[Verdict, ...]:
    """What they said, by name; the engine is asked for names by whoever asks it for counts, one thing after the other."""
    for place, one in enumerate(turns):
        if not isinstance(one, Verdict):
            verdict = one.result()
            judged = None if verdict.judged is None else named(dossier, verdict.detector, verdict.judged)
            turns[place] = msgspec.structs.replace(verdict, judged=judged)
    return tuple(one for one in turns if isinstance(one, Verdict))


def named(dossier: Dossier, detector: SubjectDetector, judged: Judged) -> Judged:
    """With names where a detector that counts by numbers left these."""
    if detector.naming is None:
        return judged
    load_numbers(dossier, judged)
    return detector.naming.spoken(judged, dossier.view.rows(names(dossier, detector.naming)))


def names(dossier: Dossier, naming: Naming) -> ir.Table:
    """What the numbers that were loaded last stand for: what, number, kind, name."""
    return naming.names(dossier, dossier.view.prepared(NUMBERED))


def load_numbers(dossier: Dossier, judged: Judged) -> None:
    """Make the table of the numbers (`NUMBERS`) whose names are asked for."""
    dossier.view.engine.load(NUMBERED, judged.numbers.cast(NUMBERS))


def _counted(dossier: Dossier, detector: SubjectDetector, judging: Executor, before: list[_Turn]) -> _Turn:
    began = time.perf_counter()
    counted = dossier.view.rows(detector.count(dossier))
    taken = time.perf_counter() - began
    _ended(dossier, before)  # so that no more than two detectors' counts are held
    return judging.submit(_judge, detector, counted, taken)


def _judge(detector: SubjectDetector, counted: pa.Table, taken: float) -> Verdict:
    began = time.perf_counter()
    judged = detector.judge(counted)
    taken += time.perf_counter() - began
    return Verdict(detector, None if judged.not_run else judged, judged.not_run, taken)


def load_rings(dossier: Dossier, judged: Iterable[Judged]) -> None:
    """Make the table of who is in which ring."""
    members = pa.concat_tables([MEMBERS.empty_table(), *(one.members.cast(MEMBERS) for one in judged)])
    dossier.view.engine.load(RING_MEMBERS, members.rename_columns(["ring", "account"]))


def load_above(dossier: Dossier, above: pa.Table) -> None:
    """Make the table of refunds that stand above the line (`ABOVE`)."""
    dossier.view.engine.load(ABOVE_LINE, above.cast(ABOVE))


def load_closed(dossier: Dossier, closed: pa.Table) -> None:
    """Make the table of what closed cases came to (`CLOSED`)."""
    dossier.view.engine.load(CLOSED_CASES, closed.cast(CLOSED))


def _not_run(lacking: tuple[str, ...], *, asked: bool) -> str:
    """Why a detector does not run, if it does not."""
    if not asked:
        return NOT_ASKED
    return f"no such source: {', '.join(need.replace('|', ' or ') for need in lacking)}" if lacking else ""


def behind(dossier: Dossier, verdict: Verdict, subjects: Iterable[tuple[str, str | None]]) -> ir.Table:
    """The facts and slices behind these subjects and counterparts: subject, fact_id, role, slice_id; each row once."""
    load_named(dossier, verdict, subjects)
    return facts_behind(dossier, verdict)


def facts_behind(dossier: Dossier, verdict: Verdict) -> ir.Table:
    """The same, of the subjects loaded last."""
    found = verdict.detector.rests_on(dossier, dossier.view.prepared(f"named_{verdict.detector.name}"))
    return found.select("subject", "fact_id", "role", "slice_id").distinct()


def load_named(dossier: Dossier, verdict: Verdict, subjects: Iterable[tuple[str, str | None]]) -> None:
    """Load these subjects and counterparts as a table: subject, member, counterpart; a ring has a row per account."""
    members: dict[str, list[str]] = {}
    for row in verdict.judged.members.to_pylist() if verdict.judged is not None else ():
        members.setdefault(row["subject"], []).append(row["account"])
    rows = [
        {"subject": subject, "member": member, "counterpart": counterpart}
        for subject, counterpart in subjects
        for member in members.get(subject, [subject])
    ]
    dossier.view.engine.load(f"named_{verdict.detector.name}", pa.Table.from_pylist(rows, schema=_NAMED))
