"""The questions to second persons that wait for their answer; they live as long as this process does."""

import time
from typing import Annotated, Literal

from msgspec import Meta, Struct

from beleg.facts.kinds.gate import Decision
from beleg.facts.kinds.operators import Passkey
from beleg.gate.approving import Bound
from beleg.gate.claim import Name


class Wanted(Struct, frozen=True, forbid_unknown_fields=True):
    """What a second person is asked to agree to. In an emergency the approver is named, still another person, and it is loud."""

    verdict: Literal["release", "refuse"]
    reason: Annotated[str, Meta(min_length=3, max_length=2000, pattern=r"^[^\x00]*\Z")]
    emergency: bool = False
    approver: Name | None = None


class Pending(Struct, frozen=True):
    """A question that waits for its approver.

    `asker` is the login of whoever asked, empty for a program; `chosen` is what the approver is about to sign where they chose
    themselves, with their own reason.
    """

    bound: Bound
    decision: Decision
    wanted: Wanted
    keys: dict[str, Passkey]
    until: float
    asker: str = ""
    chosen: Wanted | None = None

    @property
    def says(self) -> Wanted:
        """What a good passkey's answer decides."""
        return self.chosen or self.wanted


class Approvals:
    """The questions that wait, and the counters of passkeys seen since the start."""

    def __init__(self) -> None:
        self.pending: dict[str, Pending] = {}
        self.counters: dict[str, int] = {}

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
        now = time.monotonic()
        self.pending = {name: one for name, one in self.pending.items() if one.until > now}
