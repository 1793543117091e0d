"""The shape of evidence: one row per slice, proof and fact, saying for or against."""

import ibis
import ibis.expr.types as ir

# A carrier's scan shows possession, so a later scan proves acceptance as well as the first one does.
HELD_BY_CARRIER = ("accepted", "in_transit", "out_for_delivery", "delivered", "attempted", "available_for_pickup", "exception")

_COLUMNS = {
    "slice_id": "string",
    "proof": "string",
    "says": "string",
    "fact_id": "string",
    "at": "int64",
    "carrier": "string",
    "login": "string",
    "session": "string",
    "place": "string",
}


def rows(part: ir.Table, proof: str, says: str | ir.Value, **values: ir.Value) -> ir.Table:
    """Evidence rows: `says` is 'for' or 'against'; `carrier` is set where the carrier itself attests the fact."""
    cells = {"slice_id": part.slice_id, "fact_id": part.fact_id, "at": part["at"], "proof": ibis.literal(proof), **values}
    cells["says"] = ibis.literal(says) if isinstance(says, str) else says
    return part.select(**{name: cells.get(name, ibis.null()).cast(kind) for name, kind in _COLUMNS.items()})
