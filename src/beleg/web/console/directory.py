"""Who uses the console, folded from facts: roles, enrolments, passkeys' counters, reveals, saved views, checks and trials."""

from msgspec import Struct

from beleg.facts.base import Fact
from beleg.facts.kinds.operators import (
    LogCheck,
    OperatorRole,
    OperatorSignIn,
    PasskeyEnd,
    PolicyTrial,
    PolicyTrialEnd,
    RevealAnswer,
    RevealRequest,
    Role,
    SavedView,
)
from beleg.web.console import enrolments
from beleg.web.console.enrolments import Enrolments, Way

TABLES = (
    *enrolments.TABLES, "operator_roles", "operator_sign_ins", "reveal_requests", "reveal_answers", "saved_views", "log_checks",
    "policy_trials", "policy_trial_ends",
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
        self.enrolments = Enrolments()
        self.reveals: dict[str, RevealRequest] = {}
        self.answers: dict[str, RevealAnswer] = {}
        self.checks: list[LogCheck] = []
        self.trials: dict[str, PolicyTrial] = {}
        self.trial_ends: dict[str, PolicyTrialEnd] = {}
        self.views: dict[tuple[str, str], str] = {}
        self._counters: dict[str, int] = {}
        self._fewer_at = 0

    def add(self, fact: Fact) -> None:
        """Take in the next fact."""
        match fact:
            case OperatorRole() | PasskeyEnd():
                self._taken(fact)
            case OperatorSignIn():
                self._sign_in(fact)
            case _:
                self.enrolments.add(fact)
                self._other(fact)

    def _other(self, fact: Fact) -> None:
        match fact:
            case RevealRequest():
                self.reveals[fact.id] = fact
            case RevealAnswer():
                self.answers.setdefault(fact.request_id, fact)
            case LogCheck():
                self.checks.append(fact)
            case PolicyTrial():
                self.trials[fact.id] = fact
            case PolicyTrialEnd():
                self.trial_ends.setdefault(fact.trial_id, fact)
            case SavedView():
                self.views.pop((fact.login, fact.name), None)
                if fact.query is not None:
                    self.views[fact.login, fact.name] = fact.query
            case _:
                pass

    @property
    def empty(self) -> bool:
        """Whether nobody can sign in yet, so that the first administrator may be made."""
        return not self.enrolments.passkeys

    def counter(self, credential: str) -> int:
        """The last signature counter seen of a passkey."""
        return self._counters.get(credential, 0)

    def others(self, one: Way) -> set[str]:
        """The administrators who can agree to a new way to sign in: neither its owner nor whoever invited them."""
        return self._administrators() - {one.login, self.enrolments.inviter(one)}

    def due(self, one: Way, wait: int) -> int | None:
        """When a new way to sign in counts by itself; never while an administrator can be asked.

        The time begins anew whenever there is one administrator fewer, so that nobody gets rid of the one who would have objected.

        Args:
            one: the passkey or company account.
            wait: the waiting time, in microseconds.
        """
        return None if self.others(one) else max(one.known_at or 0, self._fewer_at) + wait

    def _administrators(self) -> set[str]:
        """Those who have the role and a passkey that counts."""
        able = {key.login for key in self.enrolments.passkeys.values() if self.enrolments.counts(key)}
        return {login for login in able if login in self.operators and "administrator" in self.operators[login].roles}

    def waiting(self) -> list[RevealRequest]:
        """Requests to see a name that nobody answered yet."""
        return [one for one in self.reveals.values() if one.id not in self.answers]

    def may_see(self, login: str, subject: str, now: int) -> bool:
        """Whether a second person agreed that this one sees the name behind the pseudonym, for now."""
        granted = (self.answers.get(one.id) for one in self.reveals.values() if one.actor == login and one.subject == subject)
        return any(one is not None and one.granted and (one.expires_at or 0) > now for one in granted)

    def _operator(self, login: str) -> Operator:
        return self.operators.setdefault(login, Operator(login))

    def _taken(self, fact: OperatorRole | PasskeyEnd) -> None:
        before = self._administrators()
        if isinstance(fact, OperatorRole):
            self._role(fact)
        else:
            self.enrolments.add(fact)
        if before - self._administrators():
            self._fewer_at = max(self._fewer_at, fact.known_at or 0)

    def _role(self, fact: OperatorRole) -> None:
        person = self._operator(fact.login)
        kept = {*person.roles, fact.role} if fact.granted else {*person.roles} - {fact.role}
        person.roles = tuple(sorted(kept))

    def _sign_in(self, fact: OperatorSignIn) -> None:
        if fact.credential and fact.counter is not None and fact.activity == "logon":
            self._counters[fact.credential] = max(self.counter(fact.credential), fact.counter)
        if fact.activity == "logoff" and fact.login and fact.session is None:
            self._operator(fact.login).signed_out_at = fact.known_at or 0
