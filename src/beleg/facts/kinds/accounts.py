"""Customer accounts, the identifiers seen on them, their sign-ins, and what the shop restricted."""

from typing import Annotated, Literal

from msgspec import Meta

from beleg.facts.base import Fact
from beleg.facts.types import AccountId, Digest, IdentifierKind, Login


class Account(Fact, tag="accounts", frozen=True, kw_only=True):
    """A customer account was opened."""

    account_id: AccountId
    channel: Annotated[str | None, Meta(description="web, app, store, marketplace")] = None


class Identifier(Fact, tag="identifiers", frozen=True, kw_only=True):
    """An identifier was seen on an account: the raw value stays with the shop, only its keyed hash is kept."""

    account_id: AccountId
    kind: IdentifierKind
    value: Digest
    seen_in: Annotated[str | None, Meta(description="where it was seen: sign_up, order, claim, support, refund")] = None


class SignIn(Fact, tag="sign_ins", frozen=True, kw_only=True):
    """A customer signed in, or tried to."""

    account_id: AccountId
    outcome: Literal["success", "failure", "reset", "factor_changed"]
    device: Digest | None = None
    ip: Digest | None = None


class Restriction(Fact, tag="restrictions", frozen=True, kw_only=True):
    """The shop warned, restricted, closed or reopened a customer account."""

    account_id: AccountId
    action: Literal["warned", "restricted", "closed", "reopened"]
    reason: Annotated[str | None, Meta(description="the shop's own words")] = None
    actor: Annotated[Login | None, Meta(description="the staff login that decided it")] = None
