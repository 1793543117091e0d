"""What can happen to goods and money after an order: one row per honest cause and per fraud method, as switches on one shared path.

Honest and fraudulent slices are written by the same builders; a story only says which records come to be and what they say.
"""

from typing import Literal

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from beleg.world.columns import Flags, Floats, Ints

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


_RETURN = Story(name="ordinary")
_NO_GOODS = Story(name="", docked=False, hands="none", inspected="none", put_away=False)
_CLAIM = Story(name="", flow="claim", whole_order=True, high_value=0.7)
_SENT_BACK = Story(name="", flow="sent_back", whole_order=True, outbound="sent_back")
_FALSE = Story(
    name="", kind="contradiction", high_value=0.9, carried=0, label=0.6, docked=False, hands="insider", keyed=0.3,
    inspected="same", inspected_share=0.3, put_away=False, counted="short", trigger="on_receipt",
)  # fmt: skip
_LOST_BACK = replace(_NO_GOODS, carried=2, trigger="manual", high_value=0.7)
_NEVER_BACK = replace(_SENT_BACK, docked=False, hands="none", high_value=0.7)

_HONEST = (
    _RETURN,
    Story(name="mislabelled", known_parcel=False, carried=0),
    Story(name="instant", trigger="instant"),
    replace(_NO_GOODS, name="returnless", label=0, carried=0, trigger="returnless", claim="damaged", document="photo"),
    replace(_NO_GOODS, name="unused", carried=0, trigger="none"),
    Story(name="lost_parcel", flow="claim", whole_order=True, outbound="lost", claim="not_received"),
    Story(name="damaged", flow="claim", claim="damaged", document="photo"),
    Story(name="replaced", flow="claim", claim="damaged", document="photo", trigger="none", after="replacement"),
    Story(name="packing_error", flow="claim", whole_order=True, outbound="light", claim="empty_box"),
    Story(name="missing_item", flow="claim", claim="missing_item"),
    replace(_SENT_BACK, name="sent_back"),
    Story(name="cancelled", flow="money", outbound="none"),
    Story(name="goodwill", flow="money"),
    Story(name="adjustment", flow="money"),
    Story(name="order_refund", flow="money"),
    Story(name="chargeback", flow="money"),
)

# Like the fraud in every single record; only who does it again tells them apart.
_TWINS = (
    replace(_LOST_BACK, name="lost_return", twin_of="stalled_return"),
    replace(_CLAIM, name="porch_theft", twin_of="not_received", claim="not_received"),
    replace(_CLAIM, name="pilfered", twin_of="empty_box", claim="empty_box"),
    replace(_NEVER_BACK, name="lost_sent_back", twin_of="return_to_sender"),
)

_AMBIGUOUS = (
    replace(_LOST_BACK, name="stalled_return", kind="ambiguous"),
    replace(_CLAIM, name="not_received", kind="ambiguous", claim="not_received"),
    replace(_CLAIM, name="empty_box", kind="ambiguous", claim="empty_box"),
    replace(_NEVER_BACK, name="return_to_sender", kind="ambiguous"),
)

_DIP = Story(name="", method="double_dip", kind="contradiction", trigger="on_receipt", whole_order=True, high_value=0.7)

_CONTRADICTIONS = (
    replace(_FALSE, name="false_receipt"),
    replace(_FALSE, name="phished_receipt", hands="phished", keyed=0.6),
    replace(_FALSE, name="duty_collapse", hands="collapse", keyed=0.2),
    replace(_FALSE, name="empty_return", received=False, keyed=0.5, inspected="none", counted="none"),
    Story(name="serial_mismatch", kind="contradiction", serial="other", serialised=True, high_value=1.0, trigger="on_receipt"),
    replace(_DIP, name="dip_dispute", after="dispute", settles=110),
    replace(_DIP, name="dip_twice", after="second_refund", settles=80),
    replace(_CLAIM, name="dip_replacement", method="double_dip", kind="contradiction", after="replacement", settles=40,
            claim="damaged", document="photo"),
)  # fmt: skip

_ARRIVED_HOLLOW = Story(
    name="", kind="other", hands="insider", inspected="none", put_away=False, trigger="on_receipt", high_value=0.9
)

_OTHER = (
    replace(_FALSE, name="keyed_receipt", kind="other", keyed=0.5, api=True),
    replace(_FALSE, name="back_dated", kind="other", keyed=0.5, tempo="back_dated", settles=60),
    replace(_ARRIVED_HOLLOW, name="faster_than_lane", carried=1, docked=False, tempo="within_hour", counted="short"),
    replace(_ARRIVED_HOLLOW, name="phantom_unit", contents="empty", inspected="same", inspected_share=0.4, counted="short"),
    replace(_ARRIVED_HOLLOW, name="active_after_return", serialised=True, high_value=1.0, counted="none", after="activation",
            settles=100),
    replace(_NO_GOODS, name="fake_tracking", kind="other", contents="empty", landing="either", trigger="on_delivered",
            high_value=0.8),
    replace(_NO_GOODS, name="destination_mismatch", kind="other", landing="elsewhere", trigger="early", high_value=0.8),
    Story(name="weight_mismatch", kind="other", contents="light", inspected_share=0.8, put_away=False, counted="none",
          trigger="early", high_value=0.8),
    Story(name="refund_without_order", kind="other", flow="money", high_value=0.9),
    Story(name="padded_goodwill", kind="other", flow="money"),
    replace(_CLAIM, name="document_reuse", kind="other", claim="not_received", document="police_report"),
)  # fmt: skip

_LIE = replace(_CLAIM, name="false_damage", kind="other", claim="damaged", document="photo")

# What becomes of claims over damaged goods that are asked back. Numbers of stories seed chance, so new ones come last.
_ASKED_BACK = (
    Story(name="damaged_back", claim="damaged", document="photo", trigger="on_receipt"),
    _LIE,
    replace(_LIE, name="false_damage_dropped", method="false_damage", trigger="none"),
    Story(name="false_damage_empty", method="false_damage", kind="other", contents="empty", received=False, put_away=False,
          counted="none", trigger="early", claim="damaged", document="photo"),
    Story(name="false_damage_other", method="false_damage", kind="other", serial="other", trigger="early", claim="damaged",
          document="photo"),
)  # fmt: skip

STORIES = (Story(name="none", flow="money"), *_HONEST, *_TWINS, *_AMBIGUOUS, *_CONTRADICTIONS, *_OTHER, *_ASKED_BACK)
"""All stories; the first means that nothing happens."""

NUMBER = {story.name: number for number, story in enumerate(STORIES)}
_TRAITS = {name: np.array([getattr(story, name) for story in STORIES]) for name in Story.__struct_fields__}


def has(trait: str, value: object, story: Ints) -> Flags:
    """Per row, whether the story's trait has this value."""
    return np.asarray(_TRAITS[trait] == value, dtype=np.bool_)[story]


def share(trait: str, story: Ints) -> Floats:
    """The story's trait per row, as a number."""
    return _TRAITS[trait].astype(np.float64)[story]


def twins() -> dict[str, str]:
    """The honest twin of each ambiguous method."""
    return {story.twin_of: story.name for story in STORIES if story.twin_of}
