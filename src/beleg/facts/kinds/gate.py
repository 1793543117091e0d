"""What the gate answered, the money it set aside, who agreed, and what was tried and denied; written by the gate alone."""

from typing import Annotated, Literal

from msgspec import Meta

from beleg.facts.base import OwnFact
from beleg.facts.types import (
    AccountId,
    ClaimId,
    Currency,
    Digest,
    FactId,
    Instant,
    LineId,
    Login,
    Minor,
    OrderId,
    Quantity,
    RefundClass,
    RefundId,
    RmaId,
    Session,
    Trigger,
)

# No import may bring these in: they are answers, and whoever could write one could answer.
Outcome = Literal["release", "hold", "review", "refuse"]


class Decision(OwnFact, tag="decisions", frozen=True, kw_only=True):
    """The gate's answer to one request for money. A later answer to the same request is a fact of its own."""

    request_id: Annotated[str, Meta(min_length=1, description="the request it answers; every answer to it bears the same")]
    slice_id: Annotated[str, Meta(description="the slice asked about: order, line and thread")]
    order_id: OrderId
    line_id: LineId | None = None
    rma_id: RmaId | None = None
    claim_id: ClaimId | None = None
    refund_id: RefundId | None = None
    account_id: AccountId | None = None
    quantity: Quantity | None = None
    amount: Annotated[Minor, Meta(ge=1, description="the money asked for, in minor units")]
    currency: Currency
    instrument: Annotated[Digest | None, Meta(description="keyed hash of where the money shall go")] = None
    refund_class: Annotated[RefundClass, Meta(description="the class the gate judged it as")] = "unclassified"
    trigger: Annotated[Trigger | None, Meta(description="what set the request off")] = None
    channel: Annotated[str | None, Meta(description="by which way the request came")] = None
    requester: Annotated[Login | None, Meta(description="the staff login that asks; empty when no member of staff does")] = None
    outcome: Outcome
    reason: Annotated[str | None, Meta(description="why, in one sentence; a hold without one cannot be written")] = None
    deadline: Annotated[Instant | None, Meta(description="when a hold ends by law; a hold without one cannot be written")] = None
    default: Annotated[Literal["release", "review"] | None, Meta(description="what applies when the deadline comes")] = None
    needs_approval: Annotated[bool, Meta(description="only a second person may release it")] = False
    policy: Annotated[str, Meta(description="the policy that decided")]
    policy_version: Annotated[str, Meta(description="its version")]
    log_size: Annotated[int | None, Meta(description="how many entries the log had when the facts were read")] = None
    arithmetic: Annotated[str | None, Meta(description="proofs, reasons and their weights, as JSON")] = None


class Reservation(OwnFact, tag="reservations", frozen=True, kw_only=True):
    """Money set aside for a released request: exactly this amount, to this instrument, until it is paid or expires."""

    decision_id: Annotated[FactId, Meta(description="the release it stands behind")]
    slice_id: Annotated[str, Meta(description="the slice it pays for")]
    order_id: OrderId
    line_id: LineId | None = None
    refund_id: RefundId | None = None
    quantity: Quantity | None = None
    amount: Annotated[Minor, Meta(ge=1, description="the money set aside, in minor units")]
    currency: Currency
    instrument: Annotated[Digest | None, Meta(description="keyed hash of where the money goes")] = None
    expires_at: Annotated[Instant, Meta(description="when it is freed if nobody has paid")]


class ReservationEnd(OwnFact, tag="reservation_ends", frozen=True, kw_only=True):
    """A reservation was used up by a payment, or freed because that failed or never came."""

    reservation_id: Annotated[FactId, Meta(description="the reservation that ends")]
    order_id: OrderId
    outcome: Literal["paid", "failed", "expired"]
    refund_fact: Annotated[FactId | None, Meta(description="the refund that says it was paid, or that it failed")] = None


class Approval(OwnFact, tag="approvals", frozen=True, kw_only=True):
    """A second person agreed to one request for money, by a passkey assertion over exactly this."""

    decision_id: Annotated[FactId, Meta(description="the answer that asked for a second person")]
    order_id: OrderId
    amount: Annotated[Minor, Meta(ge=1, description="the money agreed to, in minor units")]
    currency: Currency
    instrument: Annotated[Digest | None, Meta(description="keyed hash of where the money shall go")] = None
    verdict: Literal["release", "refuse"]
    approver: Annotated[Login, Meta(description="the login that agreed; the roster says which person that is")]
    session: Session | None = None
    nonce: Annotated[str, Meta(min_length=1, description="the challenge that was signed; none is used twice")]
    assertion: Annotated[Digest | None, Meta(description="digest of the verified passkey assertion")] = None
    emergency: Annotated[bool, Meta(description="by the emergency way, which is loud and expires")] = False
    credential: Annotated[str | None, Meta(description="the passkey that signed, base64url")] = None
    counter: Annotated[int | None, Meta(description="the passkey's signature counter")] = None


class ApprovalQuestion(OwnFact, tag="approval_questions", frozen=True, kw_only=True):
    """A second person was asked, or their passkey answered, well or badly; the newest fact of a question holds."""

    question: Annotated[str, Meta(min_length=1, description="the question's name")]
    request_id: Annotated[str, Meta(min_length=1, description="the request it is about")]
    decision_id: Annotated[FactId, Meta(description="the answer that asked for a second person")]
    approver: Annotated[Login, Meta(description="whom the system chose")]
    asker: Annotated[Login | None, Meta(description="the login of whoever asked; empty for a program")] = None
    verdict: Literal["release", "refuse"]
    reason: Annotated[str | None, Meta(description="why, in the asker's words")] = None
    emergency: Annotated[bool, Meta(description="by the emergency way, which is loud and expires")] = False
    nonce: Annotated[str, Meta(min_length=1, description="the challenge to be signed")]
    expires_at: Annotated[Instant, Meta(description="until when it may be answered")]
    answered: Annotated[bool, Meta(description="a passkey answered, so it is worth nothing any more")] = False


class DeniedAttempt(OwnFact, tag="denied_attempts", frozen=True, kw_only=True):
    """Somebody tried what the rules forbid."""

    attempted: Annotated[str, Meta(description="what was tried, such as approve or reserve")]
    why: Annotated[str, Meta(description="the rule that forbade it")]
    login: Login | None = None
    session: Session | None = None
    order_id: OrderId | None = None
    decision_id: FactId | None = None


class Erasure(OwnFact, tag="erasures", frozen=True, kw_only=True):
    """The personal data of one fact was erased, and its salt with it: nobody can try any more what its entry stood for."""

    relation: Annotated[str, Meta(description="the table of the fact that was erased")]
    fact_id: Annotated[FactId, Meta(description="the fact that was erased")]
    why: Annotated[str, Meta(min_length=1, description="the request or the rule it was erased for")]
    login: Annotated[Login | None, Meta(description="who ordered it")] = None
