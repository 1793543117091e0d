"""The gate's answer: what it decided and everything it rests on."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from beleg.facts.types import Currency, FactId, Instant
from beleg.gate.clock import Deadline
from beleg.gate.policy import Answer, Group
from beleg.proofs.words import Proof, State


class ProofShown(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One proof's state, the groups' part in it, and the facts it rests on."""

    proof: Proof
    state: State
    needed: Annotated[bool, Meta(description="whether the rule that spoke asks for it")]
    facts: tuple[FactId, ...] = ()


class Reason(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One reason: a code for machines, a sentence for people, and its bits where it is weighed evidence."""

    code: str
    text: str
    millibits: Annotated[int | None, Meta(description="log2 odds times 1000 towards `method`; none where nothing is weighed")] = (
        None
    )
    honest_share: Annotated[float | None, Meta(description="how many honest refunds of this kind look the same")] = None
    rests_on: Annotated[int | None, Meta(description="out of how many")] = None
    pattern: Annotated[
        str | None, Meta(description="the evidence's proofs as letters, then its detectors; `text` says the same")
    ] = None
    kind: Annotated[str | None, Meta(description="the kind of refund whose honest ones it is held against")] = None


class Decision(Struct, frozen=True, kw_only=True):
    """What the gate says to one claim, from the facts up to `index`."""

    slice_id: str
    answer: Answer
    amount: int
    currency: Currency
    decided_at: Instant
    policy: Annotated[str, Meta(description="the policy's name and version")]
    policy_digest: Annotated[str, Meta(description="SHA-256 of the policy file")]
    weights: Annotated[str, Meta(description="the version of the weights")]
    rule: str | None
    proofs: tuple[ProofShown, ...]
    witnesses: Annotated[int, Meta(description="independent sources that speak for the claim")]
    witnesses_needed: int
    reasons: tuple[Reason, ...]
    millibits: Annotated[int, Meta(description="log2 odds times 1000 that something went wrong by `method`, prior included")]
    method: str
    rival: Annotated[str, Meta(description="the honest explanation that fits best")]
    deadline: Annotated[Deadline, Meta(description="by when something happens to what is not paid, and why then")]
    would_release: Annotated[tuple[Group, ...], Meta(description="one true proof of each of these releases it")] = ()
    witnesses_lacking: int = 0
    by: Annotated[Literal["rule", "deadline", "person"], Meta(description="deadline: released as the law's time was up")] = "rule"
    proofs_due_at: Annotated[Instant | None, Meta(description="when proofs that are pending become absent")] = None
    needs_person: Annotated[bool, Meta(description="whether only a second person may release it")] = False
    index: Annotated[int, Meta(description="the log's size when the facts were read")] = 0
