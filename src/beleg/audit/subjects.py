"""Who may be behind it: subjects judged after the refunds were weighed, with their money and the facts behind them."""

from typing import Any

import ibis.expr.types as ir
import msgspec
import pyarrow as pa

from beleg.audit.export import HITS
from beleg.audit.ranking import telling
from beleg.audit.result import Sum
from beleg.audit.settings import AuditSettings, pseudonym
from beleg.detect.judge import ORDER, Verdict, behind, judge_all
from beleg.detect.judged import CLOSED
from beleg.detect.subject import every_subject_detector
from beleg.proofs.dossier import Dossier
from beleg.weigh.subjects import Comparison, Heard, Voice, weigh_subjects
from beleg.weigh.weights import Weights


class Rest(msgspec.Struct, frozen=True):
    """One fact behind one subject: by which detector, which part it plays, and for which slice."""

    detector: str
    subject: str
    fact_id: str
    role: str
    slice_id: str | None


class Gathered:
    """Every subject that passes, and everything the answer shows of it, fetched once."""

    def __init__(self, dossier: Dossier, stands: ir.Table, weights: Weights, settings: AuditSettings) -> None:
        self._dossier, self._settings = dossier, settings
        above = dossier.view.rows(telling(stands, weights))
        closed = CLOSED.empty_table() if settings.closed is None else settings.closed
        self.verdicts = {one.detector.name: one for one in judge_all(dossier, above, closed, staff=settings.staff)}
        self.heard = _heard(self.verdicts, settings.budget)
        self.rows = {
            (name, row["subject"], row["counterpart"]): row
            for name, one in self.verdicts.items()
            if one.judged is not None
            for row in one.judged.rows.to_pylist()
        }
        self.rests = self._behind()
        self._losses = self._money(stands)

    @property
    def wanted(self) -> set[str]:
        """The ids of all facts behind them."""
        return {one.fact_id for mine in self.rests.values() for one in mine}

    def of(self, heard: Heard) -> list[Rest]:
        """The facts behind one subject."""
        return self.rests.get((heard.kind, heard.subject), [])

    def money(self, rests: list[Rest]) -> tuple[Sum, Sum]:
        """The refunds without proofs among these, and all of them, each slice once."""
        slices = [self._losses[name] for name in {one.slice_id for one in rests} if name in self._losses]
        gaps = [loss for standing, loss in slices if standing == "gap"]
        return Sum(len(gaps), sum(gaps)), Sum(len(slices), sum(loss for _, loss in slices))

    def name(self, kind: str, value: str | None) -> str:
        """A pseudonym; rings are pseudonyms already."""
        return (value or "") if kind == "ring" else pseudonym(self._settings.key, kind, value)

    def findings(self, currency: str) -> pa.Table:
        """Rows for the relations of findings (`HITS`): of every detector that passes, sorted; staff under pseudonyms."""
        rows: list[dict[str, Any]] = []
        for heard in self.heard:
            subject = self.name(heard.kind, heard.subject) if heard.kind == "staff" else heard.subject
            for name in {one.detector for one in heard.told if one.passes}:
                mine = [one for one in self.of(heard) if one.detector == name]
                said = {"detector": name, "subject": subject, "amount": self.money(mine)[0].amount, "currency": currency}
                rows += [{**said, "fact_id": fact, "role": role} for fact, role in {(one.fact_id, one.role) for one in mine}]
        rows.sort(key=lambda row: (row["detector"], row["subject"], row["fact_id"], row["role"]))
        return pa.Table.from_pylist(rows, schema=HITS)

    def _behind(self) -> dict[tuple[str, str], list[Rest]]:
        rests: dict[tuple[str, str], list[Rest]] = {}
        for name, verdict in self.verdicts.items():
            kind = verdict.detector.card.subject
            mine = [
                (one.subject, told.comparison.counterpart)
                for one in self.heard
                for told in one.told
                if one.kind == kind and told.detector == name and told.bits > 0
            ]
            rows = self._dossier.view.rows(behind(self._dossier, verdict, mine)).to_pylist() if mine else []
            for row in sorted(rows, key=lambda row: (row["subject"], row["fact_id"], row["role"], row["slice_id"] or "")):
                rest = Rest(name, row["subject"], row["fact_id"], row["role"], row["slice_id"])
                rests.setdefault((kind, rest.subject), []).append(rest)
        return rests

    def _money(self, stands: ir.Table) -> dict[str, tuple[str, int]]:
        slices = {one.slice_id for mine in self.rests.values() for one in mine if one.slice_id is not None}
        named = self._load("behind_slices", "slice_id", slices)
        rows = self._dossier.view.rows(stands.semi_join(named, "slice_id").select("slice_id", "standing", "loss"))
        return {row["slice_id"]: (row["standing"], row["loss"]) for row in rows.to_pylist()}

    def _load(self, name: str, column: str, values: set[str]) -> ir.Table:
        self._dossier.view.engine.load(name, pa.table({column: pa.array(sorted(values), pa.string())}))
        return self._dossier.view.prepared(name)


def _heard(verdicts: dict[str, Verdict], budget: int) -> list[Heard]:
    """The subjects that pass, of each kind no more than the budget."""
    shares = {name: one.card.share for name, one in every_subject_detector().items() if not (one.card.weak or one.card.learned)}
    heard = weigh_subjects([_voice(one) for one in verdicts.values()], shares)
    return [one for kind in ORDER for one in [one for one in heard if one.kind == kind][:budget]]


def _voice(verdict: Verdict) -> Voice:
    card, judged = verdict.detector.card, verdict.judged
    rows = judged.rows.select(["subject", "counterpart", "p", "log2_e"]).to_pylist() if judged is not None else []
    return Voice(
        detector=verdict.detector.name,
        kind=card.subject,
        family=card.family,
        weak=card.weak,
        learned=card.learned,
        tests=judged.tests if judged is not None else 0,
        searched=judged is not None and judged.searched,
        comparisons=[Comparison(**row) for row in rows],
    )
