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
}

RIVALS: Mapping[str, str] = {
    "lost_return": "lost by the carrier on its way back",
    "lost_sent_back": "lost by the carrier while being sent back",
    "porch_theft": "stolen after delivery",
    "pilfered": "emptied on its way",
    "mislabelled": "came back under another label",
    "packing_error": "packed wrongly",
    "missing_item": "left out by mistake",
    "lost_parcel": "lost by the carrier on its way out",
}
