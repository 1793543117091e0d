"""Who uses Beleg itself: their roles and passkeys, their sign-ins, what personal data they read, what they asked to see."""

from typing import Annotated, Literal

from msgspec import Meta

from beleg.facts.base import OwnFact
from beleg.facts.types import Digest, FactId, Instant, Login, Session

Role = Literal["analyst", "investigator", "approver", "policy_author", "counsel", "auditor", "administrator"]
Shown = Literal["account", "staff", "ring", "refund"]


class OperatorRole(OwnFact, tag="operator_roles", frozen=True, kw_only=True):
    """A person was given a role in Beleg, or it was taken away; the newest fact holds."""

    login: Login
    role: Role
    granted: Annotated[bool, Meta(description="given, or taken away")]
    actor: Annotated[Login | None, Meta(description="the administrator; empty for the first one, made at first start")] = None


class Invitation(OwnFact, tag="invitations", frozen=True, kw_only=True):
    """Somebody may enrol a passkey once, with a secret that only its digest is kept of."""

    login: Login
    secret: Annotated[Digest, Meta(description="digest of the one-time secret")]
    expires_at: Annotated[Instant, Meta(description="when it is worth nothing any more")]
    actor: Annotated[Login | None, Meta(description="who invited; empty for the first administrator")] = None


class Passkey(OwnFact, tag="passkeys", frozen=True, kw_only=True):
    """A passkey was enrolled; its private part never leaves its owner's device."""

    login: Login
    credential: Annotated[str, Meta(min_length=1, description="the credential's id, base64url")]
    public_key: Annotated[str, Meta(min_length=1, description="COSE public key, base64url")]
    label: Annotated[str | None, Meta(description="what its owner calls it")] = None
    invitation: Annotated[FactId | None, Meta(description="the invitation it was enrolled with")] = None


class PasskeyEnd(OwnFact, tag="passkey_ends", frozen=True, kw_only=True):
    """A passkey is worth nothing any more."""

    credential: Annotated[str, Meta(min_length=1, description="the credential's id, base64url")]
    actor: Login


class CompanyAccount(OwnFact, tag="company_accounts", frozen=True, kw_only=True):
    """A person may sign in at their company's provider from now on, with the account there that is hashed here."""

    login: Login
    account: Annotated[Digest, Meta(description="keyed hash of the provider and its own name for the person")]
    issuer: Annotated[str, Meta(min_length=1, description="the provider")]
    invitation: Annotated[FactId | None, Meta(description="the invitation it was bound with")] = None


class CompanyAccountEnd(OwnFact, tag="company_account_ends", frozen=True, kw_only=True):
    """A company account signs nobody in any more."""

    account: Annotated[Digest, Meta(description="keyed hash of the provider and its own name for the person")]
    actor: Login


class EnrolmentAnswer(OwnFact, tag="enrolment_answers", frozen=True, kw_only=True):
    """A second person agreed that a new passkey or company account counts, or objected to it; the first answer holds."""

    enrolment_id: Annotated[FactId, Meta(description="the fact of the new passkey or company account")]
    granted: Annotated[bool, Meta(description="agreed, or objected")]
    actor: Annotated[
        Login | None, Meta(description="who; empty where the waiting time had passed and there was nobody else to ask")
    ] = None


class OperatorSignIn(OwnFact, tag="operator_sign_ins", frozen=True, kw_only=True):
    """Somebody signed in to Beleg, out of it, or failed to."""

    login: Annotated[Login | None, Meta(description="who; empty where the passkey is unknown")] = None
    activity: Literal["logon", "logoff", "failed"]
    session: Session | None = None
    credential: Annotated[str | None, Meta(description="the passkey used, base64url")] = None
    counter: Annotated[int | None, Meta(description="the passkey's signature counter")] = None
    account: Annotated[Digest | None, Meta(description="the company account used, as hashed when it was bound")] = None


class PersonalRead(OwnFact, tag="personal_reads", frozen=True, kw_only=True):
    """Somebody looked at a page about a person."""

    login: Login
    session: Session | None = None
    shown: Shown
    subject: Annotated[str, Meta(min_length=1, description="the pseudonym looked at")]
    raw: Annotated[bool, Meta(description="whether the name behind the pseudonym was shown")] = False


class RevealRequest(OwnFact, tag="reveal_requests", frozen=True, kw_only=True):
    """Somebody asks to see the name behind a pseudonym, and says why."""

    shown: Shown
    subject: Annotated[str, Meta(min_length=1, description="the pseudonym")]
    reason: Annotated[str, Meta(min_length=1, description="why it is needed")]
    actor: Login


class RevealAnswer(OwnFact, tag="reveal_answers", frozen=True, kw_only=True):
    """A second person agreed that a name is shown to whoever asked, or did not."""

    request_id: Annotated[FactId, Meta(description="the request")]
    granted: Annotated[bool, Meta(description="agreed, or not")]
    expires_at: Annotated[Instant | None, Meta(description="until when the name is shown")] = None
    actor: Login


class SavedView(OwnFact, tag="saved_views", frozen=True, kw_only=True):
    """Somebody keeps a way to look at a list; the newest of a name holds, and one without a query is gone."""

    login: Login
    name: Annotated[str, Meta(min_length=1, description="what its owner calls it")]
    query: Annotated[str | None, Meta(description="the list's address")] = None


class LogCheck(OwnFact, tag="log_checks", frozen=True, kw_only=True):
    """Somebody had the whole log checked from the console, and this came of it."""

    login: Login
    entries: Annotated[int, Meta(ge=0, description="how many entries the log had")]
    outside: Annotated[int | None, Meta(description="the size in the checkpoint that they brought along")] = None
    whole: Annotated[bool, Meta(description="whether everything is as it was written")]
    found: Annotated[str | None, Meta(description="what is not, the first of it")] = None


class PolicyTrial(OwnFact, tag="policy_trials", frozen=True, kw_only=True):
    """Somebody began to try a policy on history, from the console."""

    login: Login
    policy: Annotated[str, Meta(min_length=1, description="the policy, as the console names it")]
    digest: Annotated[str, Meta(description="SHA-256 of its file")]


class PolicyTrialEnd(OwnFact, tag="policy_trial_ends", frozen=True, kw_only=True):
    """A trial came to its end: with an answer, or with the reason why there is none."""

    trial_id: Annotated[FactId, Meta(description="the trial")]
    answer: Annotated[str | None, Meta(description="what would have changed, as JSON")] = None
    failed: Annotated[str | None, Meta(description="why there is no answer")] = None
