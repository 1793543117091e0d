"""The weights as the page on policies shows them: which are in force, what closed cases would teach since, the newest proposal."""

from contextlib import suppress

import msgspec
from msgspec import Struct

from beleg.audit.learning import Proposal
from beleg.cases.labels import teaching
from beleg.facts.kinds.cases import WeightsProposal
from beleg.web.console.desk import Desk
from beleg.web.console.settings import ConsoleSettings
from beleg.weigh.weights import Weights


class Learned(Struct, frozen=True):
    """What is in force (nothing known where no gate runs beside the console), the labels since, and what was proposed last."""

    weights: Weights | None
    since: int
    cases: int
    proposed: WeightsProposal | None
    proposal: Proposal | None

    @property
    def in_force(self) -> bool:
        """Whether what was proposed last is what is in force."""
        return self.weights is not None and self.proposed is not None and self.weights.version == self.proposed.version


def learned(desk: Desk, settings: ConsoleSettings) -> Learned:
    """How things stand now."""
    weights = settings.weights
    after = weights.learned_at if weights else 0
    since = [teaching(case) for case in desk.book if case.outcomes and (case.outcomes[-1].known_at or 0) > after]
    taught = [many for mine in since if (many := sum(item.subject_kind in {"slice", "refund"} for item in mine))]
    proposal = None
    if desk.proposal is not None:
        with suppress(msgspec.DecodeError):
            proposal = msgspec.json.decode(desk.proposal.summary, type=Proposal)
    return Learned(weights, sum(taught), len(taught), desk.proposal, proposal)
