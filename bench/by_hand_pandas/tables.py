"""Which columns are read, and what all parts share."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

DAY = 86_400_000_000
HELD = ["accepted", "in_transit", "out_for_delivery", "delivered", "attempted", "available_for_pickup", "exception"]
BACK = ["return", "instant", "unclassified"]
PROOFS = [
    "carrier_accepted", "weight_plausible", "delivered_at_site", "dock_manifested", "item_scanned", "inspected", "put_away",
    "counted_or_resold", "not_dispatched", "not_delivered", "left_light", "documented", "approved",
]  # fmt: skip
COLUMNS = {
    "activations": "id occurred_at serial",
    "cancellations": "id order_id line_id",
    "claim_documents": "id occurred_at claim_id order_id account_id content picture number",
    "claims": "id occurred_at claim_id order_id line_id kind quantity",
    "dispositions": "id occurred_at source_recorded_at order_id line_id rma_id site kind actor session",
    "disputes": "id occurred_at dispute_id order_id line_id amount currency status",
    "dock_arrivals": "id occurred_at source_recorded_at parcel_id site weight actor session",
    "inspections": "id occurred_at source_recorded_at order_id line_id rma_id result actor session",
    "order_lines": "id occurred_at order_id line_id account_id article quantity paid currency unit_weight",
    "orders": "order_id paid currency",
    "packed_serials": "occurred_at order_id line_id serial",
    "parcels": "id order_id rma_id parcel_id direction carrier to_postcode to_site declared_weight",
    "receipts": (
        "id occurred_at source_recorded_at order_id line_id rma_id quantity site entry_mode serial lpn actor session"
    ),
    "refunds": (
        "id occurred_at refund_id order_id line_id rma_id claim_id account_id article quantity amount currency status trigger "
        "stated_class requester approver session"
    ),
    "replacements": "id order_id line_id quantity value",
    "resales": "id occurred_at lpn",
    "return_authorisations": "id occurred_at rma_id order_id line_id quantity returnless site actor session",
    "scans": "id occurred_at parcel_id carrier status postcode weight attested",
    "staff": "login person",
    "staff_actions": "occurred_at session",
    "staff_sign_ins": "occurred_at login session activity device network badge",
    "stock_counts": "id occurred_at lpn found actor session",
}  # fmt: skip

Frame = pd.DataFrame
Tables = dict[str, Frame]


@dataclass(kw_only=True)
class Known:
    """The tables, and what was made of them so far."""

    t: Tables
    people: "pd.Series[Any]"
    slices: Frame
    paid_by: Frame
    parcels: Frame
    scans: Frame
    receipts: Frame


def same(one: "pd.Series[Any]", other: "pd.Series[Any]") -> "pd.Series[bool]":
    """Equal, or not said."""
    return one.isna() | other.isna() | (one == other)


def of_slice(happened: Frame, slices: Frame) -> Frame:
    """Warehouse facts of each slice."""
    keys = slices[["slice", "order_id", "line_id", "rma_id"]].rename(columns={"line_id": "slice_line", "rma_id": "slice_rma"})
    joined = keys.merge(happened[happened.order_id.notna()].rename(columns={"id": "fact_id", "occurred_at": "at"}), on="order_id")
    return joined[same(joined.line_id, joined.slice_line) & same(joined.rma_id, joined.slice_rma)].reset_index(drop=True)
