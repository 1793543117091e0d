"""The decision: a pure function of the claim, what the facts show of its slice, the policy, the weights and the clock."""

from collections.abc import Mapping
from functools import lru_cache

import msgspec
from msgspec import Struct

from beleg.facts.told import ToldError
from beleg.gate import telling
from beleg.gate.claim import Claim
from beleg.gate.clock import BROKEN, Deadline, deadline
from beleg.gate.decision import Decision, ProofShown, Reason
from beleg.gate.moment import Known
from beleg.gate.policy import Answer, Policy
from beleg.gate.situation import Situation
from beleg.gate.verdict import Verdict, judge
from beleg.proofs.coverage import DAY
from beleg.proofs.words import LETTERS, PROOFS, STATES, Proof, State
from beleg.weigh.scale import Scale, Sum

# The patterns that slices show are few, and so are the sentences about them.
_stands, _shows = lru_cache(maxsize=4_096)(telling.stands), lru_cache(maxsize=65_536)(telling.evidence)


class Staff(Struct, frozen=True):
    """What the roster and the sessions say of whoever asks."""

    to_self: bool = False
    takeover: bool = False


class Gate(Struct, frozen=True):
    """A policy in force and the weights it decides by.

    The same claim, facts and moment get the same answer wherever they are asked about: live, in backtest, or after an audit.
    """

    policy: Policy
    scale: Scale

    def decide(self, claim: Claim, known: Known, now: int, staff: Staff | None = None) -> Decision:
        """Answer a claim.

        Args:
            claim: what is asked for.
            known: what the facts show of its slice.
            now: the moment, in microseconds.
            staff: what the roster and the sessions say of whoever asks.
        """
        letters: dict[str, str] = dict(zip(PROOFS, known.letters_at(now), strict=True))
        weighed = self.scale.weigh(known.refund_class, known.claim_kind, letters, dict(known.findings))
        facing = _Facing(claim, known, letters, weighed, now)
        verdict = self._judged(facing, staff or Staff())
        due = self._due(facing, verdict)
        answer, forced = _timed(verdict.answer, due, now)
        return Decision(
            slice_id=known.slice_id,
            answer=answer,
            amount=claim.amount,
            currency=claim.currency,
            decided_at=now,
            policy=self.policy.name,
            policy_digest=self.policy.digest,
            weights=self.scale.weights.version,
            rule=verdict.rule.name if verdict.rule else None,
            proofs=_shown(known, facing.states, verdict),
            witnesses=known.witnesses,
            witnesses_needed=verdict.witnesses_needed,
            reasons=(*_said(verdict), *_timing(verdict, answer, due, forced=forced), *_evidence(weighed)),
            millibits=weighed.millibits,
            method=weighed.method,
            rival=weighed.rival,
            would_release=() if answer == "release" else verdict.missing,
            witnesses_lacking=verdict.witnesses_lacking,
            deadline=due,
            by="deadline" if forced else "rule",
            proofs_due_at=known.due_at,
            needs_person=answer == "review" and (bool(verdict.guards) or verdict.rule is None),
            index=known.index,
        )

    def _due(self, facing: "_Facing", verdict: Verdict) -> Deadline:
        claim, known = facing.claim, facing.known
        informed = claim.informed_at or known.first_at or facing.now
        shown_at = known.posted_at or known.shown_at
        clock, refund_class = self.policy.file.clock, known.refund_class
        if verdict.rule and verdict.rule.asks:
            clock, refund_class = msgspec.structs.replace(clock, basis=BROKEN), "return"
        due = deadline(clock, refund_class, informed, shown_at, documented=facing.documented)
        lasting = any(guard.lasting for guard in verdict.guards)
        return msgspec.structs.replace(due, at_deadline="review") if lasting else due

    def _judged(self, facing: "_Facing", staff: Staff) -> Verdict:
        try:
            return judge(self.policy, facing.situation(staff), facing.states, facing.known.witnesses)
        except ToldError as failed:
            # a condition that cannot be worked out for this claim decides nothing: a person does
            return Verdict(answer="review", failed=str(failed))


class _Facing(Struct, frozen=True):
    """All that one question brings together."""

    claim: Claim
    known: Known
    letters: dict[str, str]
    weighed: Sum
    now: int

    @property
    def documented(self) -> bool:
        """Whether there is anything to show for a claim over goods that do not come back."""
        return self.letters["documented"] == LETTERS["true"]

    @property
    def states(self) -> dict[Proof, State]:
        return {proof: STATES[self.letters[proof]] for proof in PROOFS}

    def situation(self, staff: Staff) -> Situation:
        """What the policy's conditions see."""
        claim, known, letters = self.claim, self.known, self.letters
        accepted = letters["carrier_accepted"] == LETTERS["true"] or letters["dock_manifested"] == LETTERS["true"]
        return Situation(
            amount=claim.amount,
            currency=claim.currency,
            quantity=claim.quantity or 1,
            category=known.category,
            serialised=known.serialised,
            trigger=claim.trigger,
            refund_class=known.refund_class,
            claim_kind=known.claim_kind,
            channel=claim.channel or "",
            by_staff=claim.requester is not None,
            to_self=staff.to_self,
            same_instrument=claim.instrument is None or known.payment is None or claim.instrument == known.payment,
            beyond_paid=known.beyond_paid(claim.amount),
            takeover=staff.takeover,
            bits=max(0.0, self.weighed.evidence_bits),
            contradicted=_contradicted(letters),
            disputed=known.disputed,
            document_reused=known.reused,
            posting_shown=known.shown_at is not None and known.shown_at <= self.now and not accepted,
            findings=[*dict(known.findings), *known.on_account],
            account_days=(self.now - known.history.first_order_at) // DAY if known.history.first_order_at is not None else 0,
            account_orders=known.history.account_orders,
            account_refunds=known.history.account_refunds,
            account_disputes=known.history.account_disputes,
            account_claims=known.history.account_claims,
        )


def _contradicted(letters: Mapping[str, str]) -> list[str]:
    """The proofs that a fact speaks against; what the dock has did arrive, whatever place the carrier's scan names."""
    settled = {"delivered_at_site"} if letters["dock_manifested"] == LETTERS["true"] else set[str]()
    return [proof for proof, letter in letters.items() if letter == LETTERS["contradicted"] and proof not in settled]


def _timed(answer: Answer, due: Deadline, now: int) -> tuple[Answer, bool]:
    """The answer once the clock has been looked at, and whether it is the clock's."""
    if answer == "release":
        return "release", False
    if due.started and now >= due.due_at and due.at_deadline == "release":
        return "release", True
    return ("review" if now >= due.look_at else answer), False


def _shown(known: Known, states: dict[Proof, State], verdict: Verdict) -> tuple[ProofShown, ...]:
    needed = {proof for group, _ in verdict.met for proof in group}
    facts: dict[str, tuple[str, ...]] = {}
    for proof, fact, _ in known.rests_on:
        facts[proof] = (*facts.get(proof, ()), fact)
    return tuple(
        ProofShown(proof=proof, state=state, needed=proof in needed, facts=facts.get(proof, ())) for proof, state in states.items()
    )


def _said(verdict: Verdict) -> list[Reason]:
    if not verdict.amounts_known:
        return [Reason(code="currency_without_amounts", text=telling.NO_AMOUNTS)]
    reasons = [Reason(code=f"guard:{one.name}", text=one.why) for one in verdict.guards]
    if verdict.failed:
        return [Reason(code="condition_failed", text=verdict.failed)]
    if verdict.rule is None:
        return [*reasons, Reason(code="no_rule", text=telling.NO_RULE)]
    reasons.append(Reason(code=f"rule:{verdict.rule.name}", text=verdict.rule.why))
    for group, state in verdict.met:
        reasons.append(Reason(code=f"{state}:{'|'.join(group)}", text=_stands(group, state)))
    if verdict.rule.asks:
        reasons.append(Reason(code=f"asks:{verdict.rule.asks}", text=telling.ASKED))
    if verdict.witnesses_lacking:
        reasons.append(Reason(code="witnesses_lacking", text=telling.lacking(verdict.witnesses_lacking)))
    return reasons


def _timing(verdict: Verdict, answer: Answer, due: Deadline, *, forced: bool) -> list[Reason]:
    if forced:
        return [Reason(code="deadline_passed", text=f"released because the time was up. {due.basis}")]
    if answer != verdict.answer:
        left = (due.due_at - due.look_at) // DAY
        text = f"a person looks, {left} days before it is due" if due.started else "the goods were not sent in time; a person looks"
        return [Reason(code="deadline_near", text=f"{text}. {due.basis}")]
    return []


@lru_cache(maxsize=65_536)
def _evidence(weighed: Sum) -> tuple[Reason, ...]:
    """What the evidence says; the sums are remembered, so each is said once."""
    shown = (
        Reason(
            code=f"evidence:{one.family}",
            text=_shows(one.family, one.pattern, one.kind),
            pattern=one.pattern,
            kind=one.kind,
            millibits=round(1000 * one.bits[weighed.method]),
            honest_share=one.honest_share,
            rests_on=one.rests_on,
        )
        for one in weighed.parts
    )
    return (*shown, *_rival(weighed))


def _rival(weighed: Sum) -> list[Reason]:
    if not weighed.rival_millibits:
        return []
    return [Reason(code="rival", text=telling.rival(weighed.rival), millibits=-weighed.rival_millibits)]
