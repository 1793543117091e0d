"""The worlds of the evaluation: public seeds, and conditions that differ from those the weights were learned from."""

from collections.abc import Mapping

from msgspec.structs import replace

from beleg.world import WorldParameters

# Used in no fitting: evals/fit.py trains on seeds from 9001.
SEEDS = tuple(range(101, 121))
ORDERS = 20_000

_NOTHING_LACKS: Mapping[str, float] = {
    "scan_missing": 0.0,
    "scan_late": 0.0,
    "carrier_outage_days": 0,
    "dock_missing": 0.0,
    "inspection_missing": 0.0,
    "put_away_missing": 0.0,
    "lpn_missing": 0.0,
}

# Few insiders and much lying at the door: the reverse of what the weights were learned from.
_OTHER_MIX = {
    "false_receipt": 1.0,
    "phished_receipt": 4.0,
    "faster_than_lane": 0.5,
    "keyed_receipt": 0.5,
    "phantom_unit": 0.5,
    "fake_tracking": 6.0,
    "destination_mismatch": 5.0,
    "weight_mismatch": 6.0,
    "stalled_return": 6.0,
    "return_to_sender": 4.0,
    "not_received": 9.0,
    "empty_box": 7.0,
    "serial_mismatch": 1.0,
    "active_after_return": 1.0,
    "duty_collapse": 0.5,
    "dip_dispute": 4.0,
    "dip_replacement": 3.0,
    "dip_twice": 2.0,
    "refund_without_order": 0.5,
    "empty_return": 0.5,
    "back_dated": 0.5,
    "document_reuse": 4.0,
}

# What each condition is called, and the parameters in which it differs from a world as it comes.
CONDITIONS: Mapping[str, Mapping[str, object]] = {
    "complete sources": _NOTHING_LACKS,
    "1 % missing, 1 % late": {"scan_missing": 0.01, "scan_late": 0.01},
    "5 % missing, 5 % late": {"scan_missing": 0.05, "scan_late": 0.05, "dock_missing": 0.02},
    "20 % missing, 20 % late": {"scan_missing": 0.20, "scan_late": 0.20, "dock_missing": 0.03},
    "outages of six days": {"carrier_outage_days": 4, "carrier_outage_length": 6},
    "another mix": {
        "mix": _OTHER_MIX,
        "fraud_rate": 0.05,
        "return_rate": 0.20,
        "keyed_share": 0.03,
        "inspection_missing": 0.04,
        "electronics_share": 0.18,
        "repeat_share": 0.2,
        "scan_missing": 0.02,
    },
    "rare fraud": {
        "fraud_rate": 0.005,
        "at_least": 1,
        "rings": 0,
        "padded": 2,
        "takeovers": 1,
        "scan_missing": 0.02,
        "scan_late": 0.02,
    },
    "no fraud": {"fraud": False, "scan_missing": 0.02, "scan_late": 0.02},
}
COMPLETE = "complete sources"


def parameters(condition: str, seed: int, orders: int = ORDERS) -> WorldParameters:
    """The world of this condition and seed."""
    return replace(WorldParameters(seed=seed, orders=orders), **CONDITIONS[condition])
