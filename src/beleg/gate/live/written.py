"""A decision as the ledger keeps it: the facts that are written together, and the answer that the shop gets."""

import time
from datetime import UTC, datetime
from functools import lru_cache
from typing import Annotated, Literal
from uuid import uuid4

import msgspec
from msgspec import Meta, Struct

from beleg.facts.base import Fact
from beleg.facts.kinds import gate as kinds
from beleg.facts.types import Trigger
from beleg.gate import telling
from beleg.gate.claim import Claim
from beleg.gate.decision import Decision, ProofShown, Reason
from beleg.gate.envelope import by_gate
from beleg.gate.policy import Answer as Outcome
from beleg.gate.policy import Group
from beleg.gate.stated import request_of


class Held(Struct, frozen=True, kw_only=True):
    """Money that was set aside for a released claim, until it is paid, fails or expires."""

    id: str
    amount: Annotated[int, Meta(description="exactly this much may be paid, in minor units")]
    currency: str
    instrument: str | None
    expires_at: Annotated[str, Meta(description="RFC 3339")]


class Shadowed(Struct, frozen=True, kw_only=True):
    """What another policy would have said of the same claim, facts and moment; it changed nothing."""

    policy: str
    answer: Outcome
    rule: str | None


class Recorded(Struct, frozen=True, kw_only=True):
    """What a decision's fact keeps as JSON, so that it can be asked again and audited."""

    claim: Claim
    decision: Decision
    shadow: Shadowed | None = None


class Answer(Struct, frozen=True, kw_only=True):
    """What the shop gets. A later answer to the same request bears the same `decision_id` and another `answer_id`."""

    decision: Literal["release", "hold", "review", "refuse"]
    decision_id: str
    answer_id: str
    refund_id: str
    order_id: str
    slice_id: str
    amount: int
    currency: str
    reservation: Held | None
    reasons: Annotated[tuple[Reason, ...], Meta(description="all of them, not the first")]
    would_release: Annotated[tuple[str, ...], Meta(description="what would release it, in words")]
    missing: Annotated[tuple[Group, ...], Meta(description="the same for machines: one true proof of each group is needed")]
    witnesses: int
    witnesses_needed: int
    deadline: Annotated[str | None, Meta(description="RFC 3339; by when something happens to what is not paid")]
    at_deadline: Literal["release", "review"] | None
    duty_started: Annotated[
        bool, Meta(description="whether the duty to pay runs; without goods or evidence of posting it does not")
    ]
    deadline_basis: str
    by: Literal["rule", "deadline", "person"]
    rule: str | None
    policy: str
    policy_version: Annotated[str, Meta(description="SHA-256 of the policy file")]
    weights: str
    millibits: int
    method: str
    rival: str
    proofs: tuple[ProofShown, ...]
    decided_at: Annotated[str, Meta(description="RFC 3339")]


def answer_of(claim: Claim, decision: Decision, name: str, held: kinds.Reservation | None) -> Answer:
    """A decision as the shop gets it."""
    due = decision.deadline
    open_ = decision.answer != "release"
    wanted = [telling.proofs(group) for group in decision.would_release]
    if decision.witnesses_lacking:
        wanted.append(f"{decision.witnesses_lacking} more independent source(s)")
    return Answer(
        decision=decision.answer,
        decision_id=request_of(claim),
        answer_id=name,
        refund_id=claim.refund_id,
        order_id=claim.order_id,
        slice_id=decision.slice_id,
        amount=decision.amount,
        currency=decision.currency,
        reservation=_told(held) if held else None,
        reasons=decision.reasons,
        would_release=tuple(wanted) if open_ else (),
        missing=decision.would_release,
        witnesses=decision.witnesses,
        witnesses_needed=decision.witnesses_needed,
        deadline=rfc3339(due.due_at) if open_ else None,
        at_deadline=due.at_deadline if open_ else None,
        duty_started=due.started,
        deadline_basis=due.basis,
        by=decision.by,
        rule=decision.rule,
        policy=decision.policy,
        policy_version=decision.policy_digest,
        weights=decision.weights,
        millibits=decision.millibits,
        method=decision.method,
        rival=decision.rival,
        proofs=decision.proofs,
        decided_at=rfc3339(decision.decided_at),
    )


def rfc3339(micros: int) -> str:
    """A moment as HTTP speaks of it, in whole seconds."""
    return _in_seconds(micros // 1_000_000)


@lru_cache(maxsize=4_096)
def _in_seconds(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def facts_of(claim: Claim, decision: Decision, lasts: int, shadow: Shadowed | None = None) -> tuple[tuple[Fact, ...], Answer]:
    """The decision's fact, with its reservation where it is a release, and the answer.

    Args:
        claim: what was asked.
        decision: what was decided.
        lasts: how long money stays set aside, in microseconds.
        shadow: what another policy would have said.
    """
    name, request, now = uuid4().hex, request_of(claim), decision.decided_at
    due = decision.deadline
    fact = kinds.Decision(
        **by_gate(name, now),
        request_id=request,
        slice_id=decision.slice_id,
        order_id=claim.order_id,
        line_id=claim.line_id,
        rma_id=claim.rma_id,
        claim_id=claim.claim_id,
        refund_id=claim.refund_id,
        account_id=claim.account_id,
        quantity=claim.quantity,
        amount=claim.amount,
        currency=claim.currency,
        instrument=claim.instrument,
        refund_class=claim.refund_class,
        trigger=claim.trigger,
        channel=claim.channel,
        requester=claim.requester,
        outcome=decision.answer,
        reason="; ".join([reason.text for reason in decision.reasons if reason.millibits is None][:6]),
        deadline=due.due_at,
        default=due.at_deadline,
        needs_approval=decision.needs_person,
        policy=decision.policy,
        policy_version=decision.policy_digest,
        arithmetic=msgspec.json.encode(Recorded(claim=claim, decision=decision, shadow=shadow)).decode(),
    )
    held = _reserved(claim, decision, name, lasts) if decision.answer == "release" else None
    return ((fact, held) if held else (fact,)), answer_of(claim, decision, name, held)


def _told(held: kinds.Reservation) -> Held:
    until = rfc3339(held.expires_at)
    return Held(id=held.id, amount=held.amount, currency=held.currency, instrument=held.instrument, expires_at=until)


def _reserved(claim: Claim, decision: Decision, name: str, lasts: int) -> kinds.Reservation:
    return kinds.Reservation(
        **by_gate(f"{name}-money", decision.decided_at),
        decision_id=name,
        slice_id=decision.slice_id,
        order_id=claim.order_id,
        line_id=claim.line_id,
        refund_id=claim.refund_id,
        quantity=claim.quantity,
        amount=claim.amount,
        currency=claim.currency,
        instrument=claim.instrument,
        expires_at=decision.decided_at + lasts,
    )


def decided_by_person(
    recorded: Recorded, verdict: Literal["release", "refuse"], why: str, lasts: int
) -> tuple[tuple[Fact, ...], Answer]:
    """What a second person decided: the next answer to the same request, with its reservation where they released it."""
    reasons = (Reason(code=f"person:{verdict}", text=why), *recorded.decision.reasons)
    outcome: Outcome = "release" if verdict == "release" else "review"
    decision = msgspec.structs.replace(
        recorded.decision, answer=outcome, by="person", decided_at=time.time_ns() // 1000, needs_person=False, reasons=reasons
    )
    facts, answer = facts_of(recorded.claim, decision, lasts, recorded.shadow)
    if verdict == "release":
        return facts, answer
    refused = tuple(msgspec.structs.replace(one, outcome="refuse") if isinstance(one, kinds.Decision) else one for one in facts)
    return refused, msgspec.structs.replace(answer, decision="refuse", would_release=(), missing=())


def answer_again(fact: kinds.Decision, held: kinds.Reservation | None) -> Answer:
    """The answer that a decision's fact keeps; one that a person gave bears their verdict."""
    recorded = msgspec.json.decode(fact.arithmetic or "", type=Recorded)
    answer = answer_of(recorded.claim, recorded.decision, fact.id, held)
    return msgspec.structs.replace(answer, decision=fact.outcome)


def asked_again(fact: kinds.Decision) -> Claim:
    """The claim that a decision answered."""
    if fact.arithmetic:
        return msgspec.json.decode(fact.arithmetic, type=Recorded).claim
    trigger: Trigger = fact.trigger or "manual"
    return Claim(
        refund_id=fact.refund_id or fact.request_id,
        order_id=fact.order_id,
        amount=fact.amount,
        currency=fact.currency,
        trigger=trigger,
        line_id=fact.line_id,
        rma_id=fact.rma_id,
        claim_id=fact.claim_id,
        stated_class=fact.refund_class,
        instrument=fact.instrument,
        account_id=fact.account_id,
    )
