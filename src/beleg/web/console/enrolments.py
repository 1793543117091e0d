"""Ways to sign in: each is made with an invitation, and counts once a second person agreed; only the first of all needs nobody."""

from hashlib import sha256
from hmac import compare_digest

from beleg.facts.base import Fact
from beleg.facts.kinds.operators import (
    CompanyAccount,
    CompanyAccountEnd,
    EnrolmentAnswer,
    Invitation,
    Passkey,
    PasskeyEnd,
)

TABLES = ("invitations", "passkeys", "passkey_ends", "company_accounts", "company_account_ends", "enrolment_answers")
Way = Passkey | CompanyAccount  # to sign in


class Enrolments:
    """Everybody's ways to sign in with their invitations and answers, folded from facts; what ended or was objected to is gone."""

    def __init__(self) -> None:
        self.passkeys: dict[str, Passkey] = {}
        self.accounts: dict[str, CompanyAccount] = {}
        self.answers: dict[str, EnrolmentAnswer] = {}
        self.invitations: dict[str, Invitation] = {}
        self._made: dict[str, Way] = {}
        self._used: set[str] = set()
        self._first: set[str] = set()  # passkeys of the first start, each made while nobody had one

    def add(self, fact: Fact) -> None:
        """Take in the next fact."""
        match fact:
            case Invitation():
                self.invitations[fact.id] = fact
            case Passkey():
                if not self.passkeys and self._by_nobody(fact):
                    self._first.add(fact.id)
                self.passkeys[fact.credential] = self._made[fact.id] = fact
                self._used.add(fact.invitation or "")
            case PasskeyEnd():
                self.passkeys.pop(fact.credential, None)
            case CompanyAccount():
                self.accounts.setdefault(fact.account, fact)  # one account is one person's
                self._made[fact.id] = fact
                self._used.add(fact.invitation or "")
            case CompanyAccountEnd():
                self.accounts.pop(fact.account, None)
            case EnrolmentAnswer():
                self._answer(fact)
            case _:
                pass

    def _answer(self, fact: EnrolmentAnswer) -> None:
        """The first answer holds."""
        if self.answers.setdefault(fact.enrolment_id, fact) is fact and not fact.granted:
            self.passkeys = {name: key for name, key in self.passkeys.items() if key.id != fact.enrolment_id}
            self.accounts = {name: one for name, one in self.accounts.items() if one.id != fact.enrolment_id}

    def invitation(self, secret: str, now: int) -> Invitation | None:
        """The unused invitation that this secret's digest belongs to, if it is still good.

        Those of the first start are good while nobody has a passkey: one that was left over would let in one administrator more.
        """
        found = self._invited(secret)
        if found is None or found.expires_at <= now or found.id in self._used:
            return None
        return found if found.actor is not None or not self.passkeys else None

    def made_with(self, secret: str) -> Way | None:
        """What was made with the invitation that this secret's digest belongs to, if it still waits."""
        found = self._invited(secret)
        return next((one for one in self.waiting() if found and one.invitation == found.id), None)

    def _invited(self, secret: str) -> Invitation | None:
        return next((one for one in self.invitations.values() if compare_digest(one.secret, secret)), None)

    def ways(self) -> tuple[Way, ...]:
        """Every way to sign in, those that wait as well."""
        return (*self.passkeys.values(), *self.accounts.values())

    def of(self, login: str) -> tuple[Way, ...]:
        """Those of one person."""
        return tuple(one for one in self.ways() if one.login == login)

    def counts(self, one: Way) -> bool:
        """Whether it may be used: the passkey of the first start, made while nobody had one, or agreed to."""
        answer = self.answers.get(one.id)
        return one.id in self._first or (answer is not None and answer.granted)

    def _by_nobody(self, one: Way) -> bool:
        invitation = self.invitations.get(one.invitation or "")
        return invitation is not None and invitation.actor is None

    def inviter(self, one: Way) -> str:
        """Who invited its owner; nobody at first start."""
        invitation = self.invitations.get(one.invitation or "")
        return (invitation.actor if invitation else None) or ""

    def waiting(self) -> list[Way]:
        """Those that nobody answered yet."""
        return [one for one in self.ways() if not self.counts(one)]

    def answered(self) -> list[tuple[Way, EnrolmentAnswer]]:
        """Every answer with what it was about, in the order of the log."""
        return [(self._made[name], answer) for name, answer in self.answers.items() if name in self._made]


def code(one: Way) -> str:
    """Twelve digits for two people to compare, another twelve for every way to sign in.

    They come from the fact's own id, which is drawn here: nobody can search for a second passkey with the same ones.
    """
    digits = f"{int(sha256(one.id.encode()).hexdigest(), 16) % 10**12:012}"
    return f"{digits[:4]} {digits[4:8]} {digits[8:]}"
