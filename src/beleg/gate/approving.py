"""Who may agree to a refund that a person has to decide, and exactly what they agree to."""

import secrets
from collections.abc import Collection, Iterable
from hashlib import sha256

import msgspec
from msgspec import Struct

from beleg.facts.kinds.gate import Decision
from beleg.facts.kinds.operators import EnrolmentAnswer, Invitation, Passkey
from beleg.facts.kinds.staff import StaffMember

HOUR = 3_600_000_000  # microseconds


class Roster:
    """Who works here at a moment."""

    def __init__(self, members: Iterable[StaffMember], now: int) -> None:
        """Keep those whose entry holds now."""
        self.members = tuple(one for one in members if (one.valid_from or now) <= now < (one.valid_to or now + 1))

    def persons(self, login: str) -> set[str]:
        """The persons a login belongs to; exactly one, or nobody can be told from anybody."""
        return {one.person for one in self.members if one.login == login}

    def contacts(self, persons: Collection[str]) -> set[str]:
        """The keyed hashes of these persons' private contacts."""
        return {one.contact for one in self.members if one.person in persons and one.contact}

    def teams(self, persons: Collection[str]) -> set[str]:
        """The teams these persons are in."""
        return {one.team for one in self.members if one.person in persons and one.team}


def eligible(
    roster: Roster, decision: Decision, customer: Collection[str], able: Collection[str], *, emergency: bool = False
) -> list[str]:
    """The logins that may agree to this request, in order.

    Never whoever asked, nor the same person under another login, nor whoever gets the money, nor anybody of the same team; in an
    emergency the team does not matter. Somebody who is no one person on the roster agrees to nothing, and nobody agrees to what
    such a login asked for.

    Args:
        roster: who works here.
        decision: the answer that waits for a person.
        customer: the keyed hashes seen on the account that gets the money.
        able: the logins with a passkey that may approve.
        emergency: whether the usual rule on teams is set aside.
    """
    asking = roster.persons(decision.requester) if decision.requester else set()
    if decision.requester and len(asking) != 1:
        return []
    close = roster.contacts(asking)
    theirs = roster.teams(asking)
    found = []
    for login in sorted({one.login for one in roster.members} & set(able)):
        persons = roster.persons(login)
        contacts, teams = roster.contacts(persons), roster.teams(persons)
        other = len(persons) == 1 and not persons & asking and not contacts & close and not contacts & set(customer)
        elsewhere = emergency or not asking or (bool(theirs and teams) and not theirs & teams)
        if other and elsewhere:
            found.append(login)
    return found


def choose(logins: Collection[str]) -> str | None:
    """One of them, by chance, so that nobody can choose whom to ask."""
    return secrets.choice(sorted(logins)) if logins else None


class Enrolled(Struct, frozen=True):
    """A passkey, the invitation that it was made with, and the first answer to it; none where they are not there."""

    key: Passkey
    invitation: Invitation | None
    answer: EnrolmentAnswer | None


def able(enrolled: Iterable[Enrolled], roster: Roster, now: int, wait: int) -> dict[str, Passkey]:
    """The passkeys that may approve, by credential: one person invited their owner, another one agreed, and the time has passed.

    An enrolment, a recovery and a new factor are all the same: an invitation, a second person, and a passkey that waits.
    """
    good = (one.key for one in enrolled if _vouched(one, roster))
    return {key.credential: key for key in good if key.known_at is not None and key.known_at + wait <= now}


def _vouched(one: Enrolled, roster: Roster) -> bool:
    """Whether owner, inviter and whoever agreed are different persons; where nobody else could agree, the waiting time did."""
    if one.invitation is None or one.answer is None or not one.answer.granted:
        return False
    logins = [one.key.login, one.invitation.actor, *([one.answer.actor] if one.answer.actor else [])]
    persons = [roster.persons(login) if login else set() for login in logins]
    return all(len(each) == 1 for each in persons) and len(set[str]().union(*persons)) == len(persons)


class Bound(Struct, frozen=True, kw_only=True):
    """What an approval is over; its hash is what the passkey signs, so that it is worth nothing for anything else."""

    request_id: str
    answer_id: str
    refund_id: str | None
    order_id: str
    slice_id: str
    amount: int
    currency: str
    instrument: str | None
    policy_version: str
    approver: str
    verdict: str
    nonce: str

    def challenge(self) -> bytes:
        """The 32 bytes to sign."""
        return sha256(msgspec.json.encode(self, order="sorted")).digest()


def bind(decision: Decision, approver: str, verdict: str, nonce: str = "") -> Bound:
    """An approval of this very answer, with a nonce of its own unless one is given."""
    return Bound(
        request_id=decision.request_id,
        answer_id=decision.id,
        refund_id=decision.refund_id,
        order_id=decision.order_id,
        slice_id=decision.slice_id,
        amount=decision.amount,
        currency=decision.currency,
        instrument=decision.instrument,
        policy_version=decision.policy_version,
        approver=approver,
        verdict=verdict,
        nonce=nonce or secrets.token_urlsafe(24),
    )
