"""What can happen to goods and money after an order: one row per honest cause and per fraud method, as switches on one shared path.

Honest and fraudulent slices are written by the same builders; a story only says which records come to be and what they say.
"""

from typing import Literal

import numpy as np
from msgspec import Struct

from beleg.world.columns import Flags, Ints

Kind = Literal["honest", "contradiction", "ambiguous", "other"]


class Story(Struct, frozen=True, kw_only=True):
    """One thing that happens to a slice. The defaults are an ordinary return with everything in its place."""

    name: str
    method: str = ""
    """The name in the truth, where several stories are one method; the story's own name if empty."""
    kind: Kind = "honest"
    twin_of: str = ""
    flow: Literal["return", "claim", "sent_back", "money"] = "return"

    # Which orders it can happen to.
    settles: int = 0
    """Days before the end by which the order must be placed, for stories that need a late second act."""
    high_value: float = 0.0
    """Share that happens to electronics rather than to anything."""
    whole_order: bool = False
    serialised: bool = False
    outbound: Literal["delivered", "lost", "sent_back", "none", "light"] = "delivered"

    # The way back.
    label: float = 1.0
    carried: int = 3
    """How far the carrier's scans go: 0 not handed in, 1 accepted, 2 in transit, 3 delivered."""
    contents: Literal["goods", "empty", "light"] = "goods"
    landing: Literal["site", "elsewhere", "either"] = "site"
    docked: bool = True
    known_parcel: bool = True
    """False: the label fell off, so that the warehouse knows the return but not the parcel."""

    # In the warehouse.
    hands: Literal["floor", "insider", "phished", "collapse", "none"] = "floor"
    keyed: float = -1.0
    """Share typed instead of scanned; below 0 it is as usual on that site and day."""
    api: bool = False
    received: bool = True
    """False: a receipt over no units."""
    inspected: Literal["other", "same", "none"] = "other"
    inspected_share: float = 1.0
    put_away: bool = True
    counted: Literal["usual", "short", "none"] = "usual"
    serial: Literal["right", "other"] = "right"
    tempo: Literal["usual", "within_hour", "back_dated"] = "usual"

    # The money.
    trigger: Literal["usual", "instant", "on_first_scan", "on_delivered", "early", "on_receipt", "returnless", "manual", "none"] = (
        "usual"
    )
    after: Literal["", "dispute", "replacement", "second_refund", "activation"] = ""
    claim: Literal["", "not_received", "damaged", "empty_box", "missing_item"] = ""
    document: Literal["", "photo", "police_report"] = ""

    def truth_name(self) -> str:
        """The method or the honest cause that the truth states."""
        return self.method or self.name


_FALSE = {"kind": "contradiction", "carried": 0, "label": 0.6, "docked": False, "high_value": 0.9, "put_away": False}
_HOLLOW = {**_FALSE, "inspected": "same", "inspected_share": 0.3, "counted": "short", "trigger": "on_receipt"}
_CLAIM = {"flow": "claim", "whole_order": True, "high_value": 0.7}

_HONEST = (
    Story(name="ordinary"),
    Story(name="mislabelled", known_parcel=False, carried=0),
    Story(name="instant", trigger="instant"),
    Story(name="returnless", label=0, carried=0, docked=False, hands="none", put_away=False, inspected="none",
          trigger="returnless", claim="damaged", document="photo"),
    Story(name="unused", carried=0, docked=False, hands="none", put_away=False, inspected="none", trigger="none"),
    Story(name="lost_parcel", flow="claim", whole_order=True, outbound="lost", claim="not_received"),
    Story(name="damaged", flow="claim", claim="damaged", document="photo"),
    Story(name="replaced", flow="claim", claim="damaged", document="photo", trigger="none", after="replacement"),
    Story(name="packing_error", flow="claim", whole_order=True, outbound="light", claim="empty_box"),
    Story(name="missing_item", flow="claim", claim="missing_item"),
    Story(name="sent_back", flow="sent_back", whole_order=True, outbound="sent_back"),
    Story(name="cancelled", flow="money", outbound="none"),
    Story(name="goodwill", flow="money"),
    Story(name="adjustment", flow="money"),
    Story(name="order_refund", flow="money"),
    Story(name="chargeback", flow="money"),
)  # fmt: skip

# Like the fraud in every single record; only who does it again tells them apart.
_TWINS = (
    Story(name="lost_return", twin_of="stalled_return", carried=2, docked=False, hands="none", inspected="none",
          put_away=False, trigger="manual", high_value=0.7),
    Story(name="porch_theft", twin_of="not_received", claim="not_received", **_CLAIM),
    Story(name="pilfered", twin_of="empty_box", claim="empty_box", **_CLAIM),
    Story(name="lost_sent_back", twin_of="return_to_sender", flow="sent_back", whole_order=True, outbound="sent_back",
          hands="none", docked=False, high_value=0.7),
)  # fmt: skip

_FRAUDS = (
    Story(name="false_receipt", hands="insider", keyed=0.3, **_HOLLOW),
    Story(name="phished_receipt", hands="phished", keyed=0.6, **_HOLLOW),
    Story(name="keyed_receipt", hands="insider", keyed=0.5, api=True, **{**_HOLLOW, "kind": "other"}),
    Story(name="faster_than_lane", kind="other", carried=1, docked=False, hands="insider", tempo="within_hour", inspected="none",
          put_away=False, counted="short", trigger="on_receipt", high_value=0.9),
    Story(name="phantom_unit", kind="other", contents="empty", hands="insider", inspected="same", inspected_share=0.4,
          put_away=False, counted="short", trigger="on_receipt", high_value=0.9),
    Story(name="fake_tracking", kind="other", contents="empty", landing="either", docked=False, hands="none", inspected="none",
          put_away=False, trigger="on_delivered", high_value=0.8),
    Story(name="destination_mismatch", kind="other", landing="elsewhere", docked=False, hands="none", inspected="none",
          put_away=False, trigger="early", high_value=0.8),
    Story(name="weight_mismatch", kind="other", contents="light", inspected_share=0.8, put_away=False, counted="none",
          trigger="early", high_value=0.8),
    Story(name="stalled_return", kind="ambiguous", carried=2, docked=False, hands="none", inspected="none",
          put_away=False, trigger="manual", high_value=0.7),
    Story(name="return_to_sender", kind="ambiguous", flow="sent_back", whole_order=True, outbound="sent_back",
          hands="none", docked=False, high_value=0.7),
    Story(name="not_received", kind="ambiguous", claim="not_received", **_CLAIM),
    Story(name="empty_box", kind="ambiguous", claim="empty_box", **_CLAIM),
    Story(name="serial_mismatch", kind="contradiction", serial="other", serialised=True, high_value=1.0, trigger="on_receipt"),
    Story(name="active_after_return", kind="other", serialised=True, high_value=1.0, hands="insider", inspected="none",
          put_away=False, counted="none", trigger="on_receipt", after="activation", settles=100),
    Story(name="duty_collapse", hands="collapse", keyed=0.2, **_HOLLOW),
    Story(name="dip_dispute", method="double_dip", kind="contradiction", after="dispute", settles=110, high_value=0.7,
          trigger="on_receipt", whole_order=True),
    Story(name="dip_replacement", method="double_dip", kind="contradiction", after="replacement", settles=40, claim="damaged",
          document="photo", **_CLAIM),
    Story(name="dip_twice", method="double_dip", kind="contradiction", after="second_refund", settles=80, high_value=0.7,
          trigger="on_receipt", whole_order=True),
    Story(name="refund_without_order", kind="other", flow="money", high_value=0.9),
    Story(name="empty_return", hands="insider", received=False, keyed=0.5,
          **{**_HOLLOW, "inspected": "none", "counted": "none"}),
    Story(name="back_dated", hands="insider", keyed=0.5, tempo="back_dated", settles=60, **{**_HOLLOW, "kind": "other"}),
    Story(name="document_reuse", kind="other", claim="not_received", document="police_report", **_CLAIM),
)  # fmt: skip

STORIES = (Story(name="none", flow="money"), *_HONEST, *_TWINS, *_FRAUDS)
"""All stories; the first means that nothing happens."""

NUMBER = {story.name: number for number, story in enumerate(STORIES)}
_TRAITS = {name: np.array([getattr(story, name) for story in STORIES]) for name in Story.__struct_fields__}


def has(trait: str, value: object, story: Ints) -> Flags:
    """Per row, whether the story's trait has this value."""
    return np.asarray(_TRAITS[trait] == value, dtype=np.bool_)[story]


def share(trait: str, story: Ints) -> np.typing.NDArray[np.float64]:
    """The story's trait per row, as a number."""
    return _TRAITS[trait].astype(np.float64)[story]


def twins() -> dict[str, str]:
    """The honest twin of each ambiguous method."""
    return {story.twin_of: story.name for story in STORIES if story.twin_of}
