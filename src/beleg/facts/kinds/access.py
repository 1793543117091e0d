"""Which programs may use the service, by API keys kept as digests, and what was taken in from outside."""

from typing import Annotated

from msgspec import Meta

from beleg.facts.base import OwnFact
from beleg.facts.types import Digest, FactId, Instant


class ApiKey(OwnFact, tag="api_keys", frozen=True, kw_only=True):
    """A key was made for a program. Its id is the key's public part; the secret is kept by whoever uses it."""

    client: Annotated[str, Meta(min_length=1, description="the program; several keys of one client overlap while one is changed")]
    digest: Annotated[Digest, Meta(description="SHA-256 of the secret, which is random")]
    scopes: Annotated[str, Meta(description="what it may do, words with blanks between")]
    expires_at: Annotated[Instant | None, Meta(description="when it ends by itself")] = None
    made_by: Annotated[str | None, Meta(description="the client or person who made it")] = None


class ApiKeyEnd(OwnFact, tag="api_key_ends", frozen=True, kw_only=True):
    """A key was taken back. The id is the key's with ``-end`` behind it."""

    key_id: FactId
    ended_by: Annotated[str | None, Meta(description="the client or person who did")] = None


class Delivery(OwnFact, tag="deliveries", frozen=True, kw_only=True):
    """A webhook came with a good signature; all it said is kept, whatever was made of it."""

    feed: Annotated[str, Meta(description="the connector")]
    topic: Annotated[str, Meta(description="the sender's word for what happened")]
    delivery_id: Annotated[str | None, Meta(description="the sender's number of the delivery")] = None
    body: Annotated[str, Meta(description="as it came")]
    quarantined: Annotated[str | None, Meta(description="what could not be read, as JSON, with identifiers masked")] = None
