"""What people say in public: posts in the channels where refunds are sold and praised, and reviews of articles."""

from typing import Annotated, Literal

from msgspec import Meta

from beleg.facts.base import Fact
from beleg.facts.types import AccountId, Article, Currency, Digest, Minor, OrderId


class Post(Fact, tag="posts", frozen=True, kw_only=True):
    """A public post was seen: somebody offers refunds, asks for staff, or vouches for a refund that was paid."""

    post_id: Annotated[str, Meta(description="the platform's number for it")]
    platform: Annotated[str | None, Meta(description="telegram, reddit, discord, ...")] = None
    channel: Annotated[Digest | None, Meta(description="keyed hash of the channel's handle")] = None
    author: Annotated[Digest | None, Meta(description="keyed hash of the poster's handle")] = None
    kind: Annotated[
        Literal["advert", "store_list", "vouch", "recruiting", "other"] | None, Meta(description="what its collector took it for")
    ] = None
    shop: Annotated[str | None, Meta(description="the shop it names")] = None
    item: Annotated[str | None, Meta(description="the goods it names, in its own words")] = None
    amount: Annotated[Minor | None, Meta(description="the money it names, in minor units; people round")] = None
    currency: Currency | None = None
    text: Annotated[Digest | None, Meta(description="near-duplicate hash of the wording")] = None


class Review(Fact, tag="reviews", frozen=True, kw_only=True):
    """A customer reviewed an article."""

    review_id: Annotated[str, Meta(description="the shop's number for it")]
    article: Article
    account_id: AccountId | None = None
    order_id: Annotated[OrderId | None, Meta(description="the purchase it is about, where it is verified")] = None
    rating: Annotated[int, Meta(ge=1, le=5, description="stars, one to five")]
    text: Annotated[Digest | None, Meta(description="near-duplicate hash of the wording")] = None
