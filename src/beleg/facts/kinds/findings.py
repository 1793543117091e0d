"""What detectors say, in two flat relations; a finding is itself a fact."""

from typing import Annotated, Literal

from msgspec import Meta

from beleg.facts.base import Fact
from beleg.facts.types import Currency, FactId, Instant, Minor

SubjectKind = Literal["slice", "refund", "account", "ring", "staff", "session", "document"]


class Finding(Fact, tag="findings", frozen=True, kw_only=True):
    """A detector's answer about one subject. Its id is a hash of detector, version, subject, as-of and the sorted fact ids."""

    detector: Annotated[str, Meta(description="the detector that says so")]
    version: Annotated[str, Meta(description="the detector's version, from its card")]
    subject_kind: SubjectKind
    subject: Annotated[str, Meta(description="the slice, refund, account, ... it is about")]
    as_of: Annotated[Instant | None, Meta(description="only facts known by then were looked at")] = None
    family: Annotated[str, Meta(description="the evidence family it belongs to; only families add up")]
    amount: Annotated[Minor, Meta(description="money at stake, in minor units")]
    currency: Currency | None = None
    status: Literal["open", "superseded", "withdrawn"] = "open"
    because: Annotated[str | None, Meta(description="the fact for which it was withdrawn")] = None


class FindingFact(Fact, tag="finding_facts", frozen=True, kw_only=True):
    """A fact that a finding rests on, and the part it plays."""

    finding_id: FactId
    fact_id: FactId
    role: Annotated[str, Meta(description="what the fact shows, such as receipt, refund, missing_before")]
