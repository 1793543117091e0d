"""Who works here, where they signed in and what they did: OCSF classes 3002 (sign-in), 3001 (account change), 6003 (action)."""

from typing import Annotated, Literal

from msgspec import Meta

from beleg.facts.base import Fact, OwnFact
from beleg.facts.types import Digest, Instant, Login, OrderId, RmaId, Session, Site, Station


class StaffMember(Fact, tag="staff", frozen=True, kw_only=True):
    """The roster says that this login belongs to this person from then until then."""

    login: Login
    person: Annotated[str, Meta(description="one human being, whatever the number of logins")]
    team: Annotated[str | None, Meta(description="who they work with; a second person comes from another one")] = None
    site: Site | None = None
    role: Annotated[str | None, Meta(description="what they do; peers share it")] = None
    shift: Annotated[str | None, Meta(description="when they work; peers share it")] = None
    manager: Annotated[str | None, Meta(description="the person they report to")] = None
    valid_from: Instant | None = None
    valid_to: Instant | None = None
    contact: Annotated[Digest | None, Meta(description="keyed hash of private phone or address, to spot staff as customers")] = None


class StaffSignIn(Fact, tag="staff_sign_ins", frozen=True, kw_only=True):
    """A member of staff signed in or out, or a sign-in factor was changed."""

    login: Login
    session: Session | None = None
    activity: Literal["logon", "logoff", "failed", "factor_added", "factor_removed", "password_reset"]
    device: Digest | None = None
    network: Annotated[Digest | None, Meta(description="keyed hash of the network (ASN) it came from")] = None
    site: Site | None = None
    station: Station | None = None
    badge: Annotated[bool | None, Meta(description="whether the person's badge was in the building")] = None


class StaffAction(Fact, tag="staff_actions", frozen=True, kw_only=True):
    """A member of staff did something in a system: looked a return up, opened, changed or exported it."""

    login: Login
    session: Session | None = None
    action: Annotated[str, Meta(description="view, search, create, update, delete, export")]
    order_id: OrderId | None = None
    rma_id: RmaId | None = None
    queued: Annotated[bool | None, Meta(description="whether the system had given them this piece of work")] = None
    site: Site | None = None
    station: Station | None = None


class SupportContact(Fact, tag="support_contacts", frozen=True, kw_only=True):
    """A customer wrote to or called customer service."""

    account_id: Annotated[str | None, Meta(description="the customer account")] = None
    order_id: OrderId | None = None
    channel: Annotated[str | None, Meta(description="chat, mail, phone")] = None
    device: Digest | None = None
    ip: Digest | None = None
    text: Annotated[Digest | None, Meta(description="near-duplicate hash of the wording")] = None
    language: Annotated[str | None, Meta(description="kept for changes within one account, never weighed by itself")] = None
    actor: Login | None = None


class SessionClearance(OwnFact, tag="session_clearances", frozen=True, kw_only=True):
    """A person looked at a session that showed signs of a takeover and found it to be its owner's own."""

    session: Session
    login: Login | None = None
    actor: Annotated[Login | None, Meta(description="who cleared it; another person than its owner")] = None
    reason: Annotated[str | None, Meta(description="why, in their words")] = None
