"""The questions to second persons that wait for their answer, kept as facts so that they outlive this process."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from beleg.facts.kinds.gate import ApprovalQuestion, Decision
from beleg.facts.kinds.operators import Passkey
from beleg.gate.approving import Bound, bind
from beleg.gate.claim import Name
from beleg.gate.envelope import by_gate
from beleg.gate.live.asking import now_micros


class Wanted(Struct, frozen=True, forbid_unknown_fields=True):
    """What a second person is asked to agree to. In an emergency the approver is named, still another person, and it is loud."""

    verdict: Literal["release", "refuse"]
    reason: Annotated[str, Meta(min_length=3, max_length=2000, pattern=r"^[^\x00]*\Z")]
    emergency: bool = False
    approver: Name | None = None


class Pending(Struct, frozen=True):
    """A question that waits for its approver.

    `until` is in microseconds; `asker` is the login of whoever asked, empty for a program; `chosen` is what the approver is about
    to sign where they chose themselves, with their own reason.
    """

    bound: Bound
    decision: Decision
    wanted: Wanted
    keys: dict[str, Passkey]
    until: int
    asker: str = ""
    chosen: Wanted | None = None

    @property
    def says(self) -> Wanted:
        """What a good passkey's answer decides."""
        return self.chosen or self.wanted


def written(name: str, asked: Pending, *, answered: bool = False) -> ApprovalQuestion:
    """The question as the ledger keeps it: when it is asked, and when a passkey answered."""
    now, bound = now_micros(), asked.bound
    return ApprovalQuestion(
        **by_gate(f"question:{name}:{'answered' if answered else 'asked'}", now),
        question=name, request_id=bound.request_id, decision_id=bound.answer_id, approver=bound.approver,
        asker=asked.asker or None, verdict=asked.wanted.verdict, reason=asked.wanted.reason, emergency=asked.wanted.emergency,
        nonce=bound.nonce, expires_at=asked.until, answered=answered,
    )  # fmt: skip


def read(fact: ApprovalQuestion, decision: Decision, keys: dict[str, Passkey]) -> Pending:
    """A question that the ledger kept.

    Args:
        fact: the question.
        decision: the answer it is about.
        keys: the passkeys that may approve now, by credential.
    """
    wanted = Wanted(fact.verdict, fact.reason or "", fact.emergency, fact.approver if fact.emergency else None)
    bound = bind(decision, fact.approver, fact.verdict, fact.nonce)
    mine = {name: key for name, key in keys.items() if key.login == fact.approver}
    return Pending(bound, decision, wanted, mine, fact.expires_at, fact.asker or "")


class Approvals:
    """The questions that wait."""

    def __init__(self) -> None:
        self.pending: dict[str, Pending] = {}

    def of(self, approver: str) -> dict[str, Pending]:
        """The questions that wait for this login, by their names."""
        self.forget_old()
        return {name: one for name, one in self.pending.items() if one.bound.approver == approver}

    def about(self, request_id: str) -> list[Pending]:
        """The questions about a request that still wait, whoever was asked."""
        self.forget_old()
        return [one for one in self.pending.values() if one.bound.request_id == request_id]

    def forget_old(self) -> None:
        """Questions that nobody answered in time."""
        now = now_micros()
        self.pending = {name: one for name, one in self.pending.items() if one.until > now}
