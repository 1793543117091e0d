"""Asks a ledger on an engine what the detectors of subjects say, and who of those passes on its own."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import ibis.expr.types as ir
import msgspec
import pyarrow as pa

from beleg.detect.judge import Verdict, facts_behind, load_above, load_closed, load_named, load_numbers, load_rings, names
from beleg.detect.judged import ABOVE, CLOSED, JUDGED, MEMBERS, Judged
from beleg.detect.subject import SubjectDetector, every_subject_detector
from beleg.ledger.engines.base import Engine
from beleg.ledger.view import View
from beleg.proofs.dossier import Dossier, prepare
from beleg.weigh.subjects import Comparison, Voice, weigh_subjects
from support.asking import fill, matters
from support.ledgers import Ledger

Facts = frozenset[tuple[str, str, str]]


class Answer(msgspec.Struct, frozen=True):
    """Who passes, with whom and with which facts (subject, counterpart -> (fact, role)); who has too few peers; the rows."""

    passing: dict[tuple[str, str], frozenset[tuple[str, str]]]
    too_few: tuple[str, ...]
    rows: list[dict[str, Any]]

    def parts(self) -> dict[tuple[str, str], Counter[str]]:
        """How many facts play each part."""
        return {pair: Counter(role for _, role in facts) for pair, facts in self.passing.items()}


class Judge:
    """One engine, filled again and again; a statement is compiled once and used again."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._statements: dict[Any, tuple[str, pa.Schema]] = {}

    def open(
        self, ledger: Ledger, as_of: int, members: list[tuple[str, str]], known: int | None = None, weighed: float = 0.0
    ) -> Dossier:
        """A dossier over the ledger, with these rings; refunds of what was never put away weigh so many bits, if any."""
        fill(self.engine, ledger)
        coverage = prepare(self.engine, known)
        dossier = Dossier(View(self.engine, as_of=known), coverage, as_of)
        rows = pa.Table.from_pylist([{"subject": ring, "account": account} for ring, account in members], schema=MEMBERS)
        load_rings(dossier, [Judged(rows=JUDGED.empty_table(), tests=0, members=rows)])
        load_above(dossier, self._above(dossier, round(weighed * 1000)))
        load_closed(dossier, CLOSED.empty_table())
        return dossier

    def _above(self, dossier: Dossier, millibits: int) -> pa.Table:
        if not millibits:
            return ABOVE.empty_table()
        kept = dossier.table("dispositions").select("order_id").distinct()
        gone = self.run(("above", ""), dossier, lambda: dossier.slices.anti_join(kept, "order_id").select("slice_id"))
        return gone.append_column("millibits", pa.array([millibits] * gone.num_rows, pa.int64()))

    def ask(self, name: str, dossier: Dossier) -> Answer:
        """What one detector says; a weak one is asked as if it were strong."""
        detector = every_subject_detector()[name]
        judged = self._named(detector, dossier, detector.judge(self.run((name, "count"), dossier, lambda: detector.count(dossier))))
        verdict = Verdict(detector, judged)
        passing = _passing(detector, judged)
        found = {pair: frozenset[tuple[str, str]]() for pair in passing}
        for pair in passing:
            load_named(dossier, verdict, [(pair[0], pair[1] or None)])
            rows = self.run((name, "facts"), dossier, lambda: facts_behind(dossier, verdict)).to_pylist()
            found[pair] = frozenset((row["fact_id"], row["role"]) for row in rows)
        return Answer(found, judged.too_few, judged.rows.to_pylist())

    def _named(self, detector: SubjectDetector, dossier: Dossier, judged: Judged) -> Judged:
        naming = detector.naming
        if naming is None:
            return judged
        load_numbers(dossier, judged)
        return naming.spoken(judged, self.run((detector.name, "names"), dossier, lambda: names(dossier, naming)))

    def run(self, what: tuple[str, str], dossier: Dossier, build: Callable[[], ir.Table]) -> pa.Table:
        """The answer to an expression, by its statement if it was asked before."""
        key = (*what, dossier.as_of, dossier.view.as_of, matters(dossier.coverage))
        if key not in self._statements:
            expression = build()
            self._statements[key] = (dossier.view.sql(expression), expression.schema().to_pyarrow())
        return self.engine.run(*self._statements[key])


def _passing(detector: SubjectDetector, judged: Judged) -> list[tuple[str, str]]:
    """At the detector's own part of the error rate."""
    rows = judged.rows.select(["subject", "counterpart", "p", "log2_e"]).to_pylist()
    voice = Voice(
        detector=detector.name, kind=detector.card.subject, family=detector.card.family, tests=judged.tests,
        comparisons=[Comparison(**row) for row in rows],
    )  # fmt: skip
    shares = {one.name: one.card.share for one in every_subject_detector().values() if not (one.card.weak or one.card.learned)} | {
        detector.name: 1.0
    }
    heard = weigh_subjects([voice], shares)
    return sorted((one.subject, told.comparison.counterpart or "") for one in heard for told in one.told if told.passes)
