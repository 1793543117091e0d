"""One ranked refund, opened: its proofs, its arithmetic, its rivals, what would change the answer, and its timeline."""

from typing import Any

from beleg.audit.breakdown import SOURCES
from beleg.audit.describe import describe
from beleg.audit.ranking import Details
from beleg.audit.result import Moment, ProofState, Ranked, Reason, Rival
from beleg.audit.settings import AuditSettings, pseudonym
from beleg.audit.timelines import Timelines
from beleg.detect.card import every_detector
from beleg.proofs.rows import in_words as said_by
from beleg.proofs.words import LETTERS, PROOFS, STATES, Proof
from beleg.weigh.bits import Weighed
from beleg.weigh.patterns import FAMILIES, in_words, split
from beleg.weigh.weights import Weights

# How many facts of one refund the report shows.
MOMENTS = 60


class Opener:
    """Turns fetched rows into ranked refunds."""

    def __init__(
        self, details: Details, timelines: Timelines, weighed: list[Weighed], weights: Weights, settings: AuditSettings
    ) -> None:
        self.details = details
        self.facts = timelines.of_slice
        self.weights = weights
        self.settings = settings
        self.weighed = {(one.family, one.kind, one.pattern): one for one in weighed}
        self.hypotheses = list(weights.hypotheses)

    def open(self, rank: int, slice_id: str, *, above: bool) -> Ranked:
        """One refund with everything that is said of it."""
        row = self.details.slices[slice_id]
        return Ranked(
            rank=rank,
            slice_id=slice_id,
            order=row["order_id"] or "",
            line=row["line_id"] or "",
            account=pseudonym(self.settings.key, "account", row["account_id"]),
            article=row["article"] or "",
            quantity=row["quantity"] or 0,
            amount=row["amount"],
            currency=row["currency"] or "",
            loss=row["loss"],
            refund_class=row["refund_class"],
            method=row["method_name"],
            refunded_at=row["refunded_at"],
            site=row["place_site"] or "",
            standing=row["standing"],
            shared_parcel=self._shared(slice_id),
            components=row["components"],
            prior_bits=self.weights.prior_bits,
            bits=row["millibits"] / 1000,
            proofs=self._proofs(row),
            reasons=self._reasons(row),
            rivals=self._rivals(row),
            would_change=_would_change(row),
            timeline=self._timeline(slice_id),
            above_line=above,
        )

    def _shared(self, slice_id: str) -> bool:
        parcels = {row["parcel_id"] for row in self.facts.get(slice_id, ()) if row["table"] == "parcels"}
        lines = {row["line_id"] for row in self.facts.get(slice_id, ()) if row["table"] == "return_authorisations"}
        return bool(parcels) and len(lines) > 1

    def _proofs(self, row: dict[str, Any]) -> tuple[ProofState, ...]:
        said = self.details.evidence.get(row["slice_id"], ())
        facts: dict[Proof, list[str]] = {proof: [] for proof in PROOFS}
        for one in said:
            facts[said_by(one["mark"])[0]].append(one["fact_id"])
        shown = (proof for proof in PROOFS if row[proof] != LETTERS["not_applicable"] or facts[proof])
        return tuple(ProofState(proof, STATES[row[proof]], tuple(sorted(facts[proof]))) for proof in shown)

    def _reasons(self, row: dict[str, Any]) -> tuple[Reason, ...]:
        method = self.hypotheses[row["method"]]
        found = self.details.found.get(row["slice_id"], ())
        reasons = []
        for family in FAMILIES:
            one = self.weighed.get((family, row["kind"], row[family]))
            _, fired = split(row[family])
            if one is None or (not fired and round(one.bits[method], 2) == 0):
                continue
            facts = tuple(sorted({hit["fact_id"] for hit in found if hit["detector"] in fired}))
            bits = round(one.bits[method] * 1000) / 1000
            reasons.append(Reason(family, in_words(family, row[family]), bits, _norm(one), fired, facts))
        if row["rival_millibits"] > 0:
            rival = self.hypotheses[row["rival"]]
            norm = "an honest misfortune that explains the same facts takes its own sum off"
            reasons.append(Reason("rival", rival, -row["rival_millibits"] / 1000, norm))
        return tuple(reasons)

    def _rivals(self, row: dict[str, Any]) -> tuple[Rival, ...]:
        fired = sorted({hit["detector"] for hit in self.details.found.get(row["slice_id"], ())})
        cards = [every_detector()[name].card for name in fired]
        leading = [card for card in cards if card.method == row["method_name"]] or cards
        rivals = {rival.name: Rival(rival.name, rival.tells_apart) for card in leading for rival in card.rivals}
        # what was taken off the sum is the first thing to look into; where most honest refunds of a kind are somebody's misfortune,
        # nothing is taken off, and the one that fits best comes first all the same
        if row["rival_millibits"] > 0 or sum(self.weights.rival_shares.get(row["kind"], {}).values()) > 0.5:
            best = self.hypotheses[row["rival"]]
            rivals = {best: Rival(best, self.weights.tells_apart[best])} | rivals
        return tuple(rivals.values()) or (Rival("process error: the record is incomplete", "the systems the refund came from"),)

    def _timeline(self, slice_id: str) -> tuple[Moment, ...]:
        rows = {row["id"]: row for row in self.facts.get(slice_id, ())}
        moments = [
            Moment(row["occurred_at"], row["table"], describe(row["table"], row, self._name), row["id"], row["origin"] or "")
            for row in rows.values()
        ]
        return tuple(sorted(moments, key=lambda one: (one.at is None, one.at or 0, one.table, one.fact_id))[:MOMENTS])

    def _name(self, kind: str, value: str | None) -> str:
        return "" if kind == "staff" and not self.settings.staff else pseudonym(self.settings.key, kind, value)


def _norm(one: Weighed) -> str:
    return f"{one.honest_share:.2%} of honest {one.kind} look like this (from {one.rests_on:,})"


def _would_change(row: dict[str, Any]) -> tuple[str, ...]:
    wanted = [proof for proof in PROOFS if row[proof] in "APU"]
    told = [f"{SOURCES[proof]}: {proof.replace('_', ' ')}" for proof in wanted]
    against = [f"a correcting fact for: {proof.replace('_', ' ')}" for proof in PROOFS if row[proof] == "C"]
    return (*told, *against)
