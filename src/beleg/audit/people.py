"""Opens subjects for the answer: the reasons with their arithmetic, the timeline, the graph, the rivals and what to check next."""

from typing import Any

from beleg.audit.describe import describe
from beleg.audit.details import MOMENTS
from beleg.audit.result import Basis, DetectorRun, Moment, Part, Resting, Rival, Subject, Subjects, Sum, Tie, TooFew
from beleg.audit.settings import AuditSettings
from beleg.audit.subjects import Gathered, Rest
from beleg.audit.timelines import Timelines
from beleg.detect.judge import ORDER, Verdict
from beleg.weigh.discoveries import ALERT_CHANCE
from beleg.weigh.subjects import Heard, Told

# How many facts of one reason, and how many lines of one graph, the answer names.
NAMED, DRAWN = 200, 400


class People:
    """Turns what was gathered into the part of the audit's answer that is about subjects."""

    def __init__(self, gathered: Gathered, timelines: Timelines, settings: AuditSettings) -> None:
        self._all = gathered
        self._facts = timelines.by_id
        self._settings = settings

    def answer(self) -> Subjects:
        """Every list, in the order of bits."""
        lists = {kind: [one for one in self._all.heard if one.kind == kind] for kind in ORDER}
        opened = {kind: tuple(self._open(rank, one) for rank, one in enumerate(mine, 1)) for kind, mine in lists.items()}
        return Subjects(
            accounts=opened["account"],
            rings=opened["ring"],
            staff=opened["staff"] if self._settings.staff else None,
            too_few=tuple(self._too_few(one) for one in self._all.verdicts.values() if one.judged and one.judged.too_few),
            detectors=tuple(self._run(one) for one in self._all.verdicts.values()),
            alert_chance=ALERT_CHANCE,
        )

    def _open(self, rank: int, heard: Heard) -> Subject:
        rests = self._all.of(heard)
        unsupported, refunds = self._all.money(rests)
        moments = self._timeline(rests)
        times = [one.at for one in moments if one.at is not None]
        reasons = [one for one in heard.told if one.bits > 0 or one.passes]
        cards = [self._all.verdicts[name].detector.card for name in dict.fromkeys(one.detector for one in reasons)]
        members, ties = self._graph(heard)
        return Subject(
            rank=rank,
            kind=heard.kind,
            name=self._all.name(heard.kind, heard.subject),
            bits=round(heard.bits, 3),
            unsupported=unsupported,
            refunds=refunds,
            first_at=min(times, default=None),
            last_at=max(times, default=None),
            reasons=tuple(self._basis(one, rests) for one in reasons),
            rivals=tuple({one.name: Rival(one.name, one.tells_apart) for card in cards for one in card.rivals}.values()),
            next_steps=tuple(dict.fromkeys(step for card in cards for step in card.what_to_do)),
            timeline=moments[:MOMENTS],
            members=members,
            ties=ties,
        )

    def _basis(self, told: Told, rests: list[Rest]) -> Basis:
        card = self._all.verdicts[told.detector].detector.card
        row = self._all.rows[told.detector, told.comparison.subject, told.comparison.counterpart]
        facts = dict.fromkeys(Resting(one.fact_id, one.role) for one in rests if one.detector == told.detector)
        return Basis(
            detector=told.detector,
            family=card.family,
            measure=card.measure,
            weak=card.weak,
            passes=told.passes,
            observed=row["observed"],
            expected=round(row["expected"], 4),
            effect=round(row["observed"] / row["expected"], 3) if row["expected"] > 0 else 0.0,
            stratum=row["stratum"],
            peers=row["peers"],
            bits=round(told.bits, 3),
            counterpart=self._all.name(card.counterpart or "account", row["counterpart"]),
            p=row["p"],
            e_bits=row["log2_e"],
            daily_bits=row["log2_daily"],
            parts=self._parts(told),
            facts=tuple(facts)[:NAMED],
        )

    def _parts(self, told: Told) -> tuple[Part, ...]:
        judged = self._all.verdicts[told.detector].judged
        rows = judged.parts.to_pylist() if judged is not None else []
        return tuple(Part(row["says"], row["brings"]) for row in rows if row["subject"] == told.comparison.subject)

    def _timeline(self, rests: list[Rest]) -> tuple[Moment, ...]:
        rows = {one.fact_id: self._facts[one.fact_id] for one in rests if one.fact_id in self._facts}
        moments = [
            Moment(row["occurred_at"], row["table"], describe(row["table"], row, self._shown), fact, row["origin"] or "")
            for fact, row in rows.items()
        ]
        return tuple(sorted(moments, key=lambda one: (one.at is None, one.at or 0, one.table, one.fact_id)))

    def _shown(self, kind: str, value: str | None) -> str:
        return "" if kind == "staff" and not self._settings.staff else self._all.name(kind, value)

    def _graph(self, heard: Heard) -> tuple[tuple[str, ...], tuple[Tie, ...]]:
        """A ring's accounts and what ties them; another subject's counterparts."""
        accounts, ties = set(), []
        for name in dict.fromkeys(one.detector for one in heard.told):
            card, judged = self._all.verdicts[name].detector.card, self._all.verdicts[name].judged
            if judged is None or card.subject != heard.kind:
                continue
            accounts |= {row["account"] for row in judged.members.to_pylist() if row["subject"] == heard.subject}
            ties += [self._tie(row) for row in judged.links.to_pylist() if row["subject"] == heard.subject and self._may_show(row)]
            ties += [
                Tie(self._all.name(heard.kind, heard.subject), card.counterpart, met, round(one.bits, 3))
                for one in heard.told
                if card.counterpart and one.detector == name and one.bits > 0
                for met in [self._all.name(card.counterpart, one.comparison.counterpart)]
            ]
        members = tuple(sorted(self._all.name("account", one) for one in accounts))
        return members, tuple(sorted(ties, key=lambda one: (-one.bits, one.account, one.kind, one.entity))[:DRAWN])

    def _tie(self, row: dict[str, Any]) -> Tie:
        met = self._all.name("staff" if row["kind"] == "staff" else "entity", row["entity"])
        return Tie(self._all.name("account", row["account"]), row["kind"], met, row["bits"])

    def _may_show(self, tie: dict[str, Any]) -> bool:
        """Nobody who works here is shown unless that was asked for."""
        return self._settings.staff or tie["kind"] != "staff"

    def _too_few(self, verdict: Verdict) -> TooFew:
        alone = verdict.judged.too_few if verdict.judged is not None else ()
        kind = verdict.detector.card.subject
        return TooFew(verdict.detector.name, kind, tuple(sorted(self._all.name(kind, one) for one in alone)))

    def _run(self, verdict: Verdict) -> DetectorRun:
        card, name = verdict.detector.card, verdict.detector.name
        mine = [one for one in self._all.heard if any(told.detector == name and told.passes for told in one.told)]
        money: Sum = self._all.money([rest for one in mine for rest in self._all.of(one) if rest.detector == name])[0]
        ran = verdict.judged is not None
        return DetectorRun(
            name,
            card.question,
            card.family,
            ran,
            verdict.not_run_because,
            len(mine),
            money.amount,
            card.subject,
            round(verdict.seconds, 3),
        )
