"""What a case is made of: findings and decisions as items, each with the persons and rings behind it."""

from collections.abc import Iterable

from msgspec import Struct

from beleg.facts.kinds.findings import Finding
from beleg.facts.kinds.gate import Decision

WAITING = frozenset({"hold", "review"})


class Item(Struct, frozen=True, kw_only=True):
    """One finding or decision, as a case sees it.

    `same` is what a later fact about the same thing shares with it, so that it takes its place; `behind` names the accounts, rings
    and members of staff it is about, as ``kind:name``, none for one that cannot be tied to anybody. `amount` is in minor units.
    `live` is false once it was withdrawn or superseded without a successor, or the request was answered.
    """

    id: str
    kind: str
    same: str
    behind: tuple[str, ...]
    subject_kind: str
    subject: str
    says: str
    amount: int
    currency: str
    at: int | None
    live: bool
    deadline: int | None = None
    because: str = ""
    order_id: str = ""


def keys(kind: str, names: Iterable[str | None]) -> tuple[str, ...]:
    """Names as keys that join; a blank name is nobody's."""
    return tuple(sorted({f"{kind}:{name}" for name in names if name and name.strip()}))


def of_finding(finding: Finding, accounts: Iterable[str | None] = ()) -> Item:
    """A finding as an item; `accounts` are those of the facts it rests on."""
    own = keys(finding.subject_kind, [finding.subject]) if finding.subject_kind in {"account", "ring", "staff"} else ()
    joined = () if finding.subject_kind == "staff" else keys("account", accounts)
    return Item(
        id=finding.id,
        kind="finding",
        same=f"{finding.detector}/{finding.subject_kind}/{finding.subject}",
        behind=tuple(sorted({*own, *joined})),
        subject_kind=finding.subject_kind,
        subject=finding.subject,
        says=finding.detector,
        amount=finding.amount,
        currency=finding.currency or "",
        at=finding.known_at or finding.as_of,
        live=finding.status == "open",
        because=finding.because or "",
        order_id=finding.subject.partition("/")[0] if finding.subject_kind in {"slice", "refund"} else "",
    )


def of_decision(decision: Decision) -> Item:
    """A decision as an item; it waits for a person while it is a hold or a review, and a later answer takes its place."""
    return Item(
        id=decision.id,
        kind="decision",
        same=f"decision/{decision.request_id}",
        behind=keys("account", [decision.account_id]),
        subject_kind="slice",
        subject=decision.slice_id,
        says=decision.outcome,
        amount=decision.amount,
        currency=decision.currency,
        at=decision.known_at,
        live=decision.outcome in WAITING,
        deadline=decision.deadline if decision.outcome in WAITING else None,
        because=decision.reason or "",
        order_id=decision.order_id,
    )
