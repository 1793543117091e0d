"""What the world calls its stories, in the words of the weights: which method a fraud is, which misfortune an honest twin is."""

from collections.abc import Mapping

METHODS: Mapping[str, str] = {
    "false_receipt": "false receipt",
    "phished_receipt": "false receipt",
    "faster_than_lane": "false receipt",
    "keyed_receipt": "false receipt",
    "back_dated": "back-dated record",
    "phantom_unit": "phantom unit",
    "fake_tracking": "fake tracking",
    "destination_mismatch": "fake tracking",
    "weight_mismatch": "empty box",
    "stalled_return": "lost in transit",
    "return_to_sender": "return to sender",
    "not_received": "not received",
    "empty_box": "empty box claim",
    "serial_mismatch": "switched unit",
    "active_after_return": "switched unit",
    "duty_collapse": "duty collapse",
    "double_dip": "double dip",
    "refund_without_order": "refund without order",
    "empty_return": "empty return",
    "document_reuse": "reused document",
    "padded_goodwill": "padded goodwill",
    "false_damage": "false damage",
}

# What no single record shows: only the person behind many of them does, so no weight of a refund can be learned of it.
BEYOND_RECORDS = frozenset({"padded goodwill", "false damage"})

RIVALS: Mapping[str, str] = {
    "lost_return": "lost by the carrier on its way back",
    "lost_sent_back": "lost by the carrier while being sent back",
    "porch_theft": "stolen after delivery",
    "pilfered": "emptied on its way",
    "mislabelled": "came back under another label",
    "packing_error": "packed wrongly",
    "missing_item": "left out by mistake",
}

TELLS_APART: Mapping[str, str] = {
    "lost by the carrier on its way back": "the carrier's trace; whether this account's parcels get lost more often than others",
    "lost by the carrier while being sent back": "the carrier's trace; where the parcel stood last",
    "stolen after delivery": "other thefts at the address; the delivery photo; a serial in use",
    "emptied on its way": "the parcel's weight at the first and the last scan; the tape",
    "came back under another label": "the parcel's packaging or the dock camera",
    "packed wrongly": "the parcel's weight when it left; the stock count of the shelf it came from",
    "left out by mistake": "the parcel's weight when it left; the stock count of the shelf it came from",
}

# The misfortunes that are a carrier's or a thief's doing.
CARRIER_OR_THEFT = frozenset(RIVALS[name] for name in ("lost_return", "lost_sent_back", "porch_theft", "pilfered"))
