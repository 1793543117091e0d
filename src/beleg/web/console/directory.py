"""Who may use the console, folded from facts: roles, passkeys and their counters, invitations, reveals, saved views."""

from hmac import compare_digest

from msgspec import Struct

from beleg.facts.base import Fact
from beleg.facts.kinds.operators import (
    Invitation,
    LogCheck,
    OperatorRole,
    OperatorSignIn,
    Passkey,
    PasskeyEnd,
    RevealAnswer,
    RevealRequest,
    Role,
    SavedView,
)

TABLES = (
    "operator_roles", "invitations", "passkeys", "passkey_ends", "operator_sign_ins", "reveal_requests", "reveal_answers",
    "saved_views", "log_checks",
)  # fmt: skip


class Operator(Struct):
    """One person who uses the console. Sessions that began before `signed_out_at` are over."""

    login: str
    roles: tuple[Role, ...] = ()
    signed_out_at: int = 0


class Directory:
    """Everybody, as the facts so far say."""

    def __init__(self) -> None:
        self.operators: dict[str, Operator] = {}
        self.passkeys: dict[str, Passkey] = {}
        self.reveals: dict[str, RevealRequest] = {}
        self.answers: dict[str, RevealAnswer] = {}
        self.checks: list[LogCheck] = []
        self.views: dict[tuple[str, str], str] = {}
        self._counters: dict[str, int] = {}
        self._invitations: dict[str, Invitation] = {}
        self._used: set[str] = set()

    def add(self, fact: Fact) -> None:
        """Take in the next fact."""
        match fact:
            case OperatorRole():
                self._role(fact)
            case Passkey():
                self.passkeys[fact.credential] = fact
                self._used.add(fact.invitation or "")
            case PasskeyEnd():
                self.passkeys.pop(fact.credential, None)
            case Invitation():
                self._invitations[fact.id] = fact
            case OperatorSignIn():
                self._sign_in(fact)
            case _:
                self._other(fact)

    def _other(self, fact: Fact) -> None:
        match fact:
            case RevealRequest():
                self.reveals[fact.id] = fact
            case RevealAnswer():
                self.answers.setdefault(fact.request_id, fact)
            case LogCheck():
                self.checks.append(fact)
            case SavedView():
                self.views.pop((fact.login, fact.name), None)
                if fact.query is not None:
                    self.views[fact.login, fact.name] = fact.query
            case _:
                pass

    @property
    def empty(self) -> bool:
        """Whether nobody can sign in yet, so that the first administrator may be made."""
        return not self.passkeys

    def counter(self, credential: str) -> int:
        """The last signature counter seen of a passkey."""
        return self._counters.get(credential, 0)

    def invitation(self, secret: str, now: int) -> Invitation | None:
        """The unused invitation that this secret's digest belongs to, if it is still good."""
        for one in self._invitations.values():
            if compare_digest(one.secret, secret) and one.expires_at > now and one.id not in self._used:
                return one
        return None

    def credentials(self, login: str) -> tuple[str, ...]:
        """The passkeys of one person."""
        return tuple(one.credential for one in self.passkeys.values() if one.login == login)

    def waiting(self) -> list[RevealRequest]:
        """Requests to see a name that nobody answered yet."""
        return [one for one in self.reveals.values() if one.id not in self.answers]

    def may_see(self, login: str, subject: str, now: int) -> bool:
        """Whether a second person agreed that this one sees the name behind the pseudonym, for now."""
        granted = (self.answers.get(one.id) for one in self.reveals.values() if one.actor == login and one.subject == subject)
        return any(one is not None and one.granted and (one.expires_at or 0) > now for one in granted)

    def _operator(self, login: str) -> Operator:
        return self.operators.setdefault(login, Operator(login))

    def _role(self, fact: OperatorRole) -> None:
        person = self._operator(fact.login)
        kept = {*person.roles, fact.role} if fact.granted else {*person.roles} - {fact.role}
        person.roles = tuple(sorted(kept))

    def _sign_in(self, fact: OperatorSignIn) -> None:
        if fact.credential and fact.counter is not None and fact.activity == "logon":
            self._counters[fact.credential] = max(self.counter(fact.credential), fact.counter)
        if fact.activity == "logoff" and fact.login and fact.session is None:
            self._operator(fact.login).signed_out_at = fact.known_at or 0
