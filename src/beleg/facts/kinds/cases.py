"""What people decide about cases: merged, split, assigned, noted, closed. Which case a finding is in is derived, never written."""

from typing import Annotated, Literal

from msgspec import Meta

from beleg.facts.base import OwnFact
from beleg.facts.types import FactId, Instant, Login

CaseId = Annotated[str, Meta(min_length=1, description="the case, named for the first finding or decision in it")]
# More than that on one case, a thousand hours, is a slip of the pen.
MOST_MINUTES = 60_000
Minutes = Annotated[int, Meta(ge=0, le=MOST_MINUTES)]
Outcome = Literal["confirmed_fraud", "process_error", "carrier_error", "customer_error", "unknown"]


class CaseMerge(OwnFact, tag="case_merges", frozen=True, kw_only=True):
    """A person says that two cases are one."""

    case_id: CaseId
    into: Annotated[str, Meta(min_length=1, description="the case that goes on")]
    why: Annotated[str, Meta(min_length=1, description="the reason given")]
    actor: Login


class CaseSplit(OwnFact, tag="case_splits", frozen=True, kw_only=True):
    """A person takes one finding or decision out of a case; several with the same `into` form one new case."""

    case_id: CaseId
    item_id: Annotated[FactId, Meta(description="the finding or decision that goes")]
    into: Annotated[str, Meta(min_length=1, description="the new case")]
    why: Annotated[str, Meta(min_length=1, description="the reason given")]
    actor: Login


class CaseAssignment(OwnFact, tag="case_assignments", frozen=True, kw_only=True):
    """A case is somebody's to work, perhaps by a day; empty for nobody's."""

    case_id: CaseId
    assignee: Annotated[Login | None, Meta(description="who works on it")] = None
    due_at: Annotated[Instant | None, Meta(description="by when")] = None
    actor: Login


class CaseNote(OwnFact, tag="case_notes", frozen=True, kw_only=True):
    """Somebody wrote something down; a note is never changed, only followed by another."""

    case_id: CaseId
    text: Annotated[str, Meta(min_length=1, description="the words")]
    actor: Login


class CaseOutcome(OwnFact, tag="case_outcomes", frozen=True, kw_only=True):
    """What a case came to. A second reading is by another person, who does not see the first's reasons before answering."""

    case_id: CaseId
    outcome: Outcome
    why: Annotated[str, Meta(min_length=1, description="the reason given")]
    reading: Annotated[Literal["first", "second"], Meta(description="first, or by a second reader")] = "first"
    minutes: Annotated[Minutes | None, Meta(description="minutes worked on it, as this person says; never measured")] = None
    actor: Login


class WeightsProposal(OwnFact, tag="weights_proposals", frozen=True, kw_only=True):
    """New weights were learned from closed cases; they are in force only where another person agreed and a setting names them."""

    version: Annotated[str, Meta(min_length=1, description="the new weights' version")]
    author: Annotated[str, Meta(min_length=1, description="the person who had them learned")]
    learned_at: Annotated[Instant, Meta(description="up to when closed cases were learned from")]
    labels: Annotated[int, Meta(ge=0, description="how many labels they rest on")]
    summary: Annotated[str, Meta(description="what was learned from and what would change, as JSON")]
