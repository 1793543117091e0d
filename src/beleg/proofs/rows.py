"""The shape of evidence: one row per slice, proof and fact, saying for or against."""

import ibis
import ibis.expr.types as ir

from beleg.proofs.words import PROOFS, Proof

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
    "mark": "int64",
}


def rows(part: ir.Table, proof: Proof, says: str | ir.Value, **values: ir.Value) -> ir.Table:
    """Evidence rows: `says` is 'for' or 'against'; `carrier` is set where the carrier itself attests the fact.

    `mark` is one bit for the proof and what is said of it (see `bit`), so that all that is said of a slice is one number.
    """
    cells = {"slice_id": part.slice_id, "fact_id": part.fact_id, "at": part["at"], "proof": ibis.literal(proof), **values}
    if isinstance(says, str):
        cells |= {"says": ibis.literal(says), "mark": ibis.literal(bit(proof, says))}
    else:
        marks = (((says == word).fill_null(False), bit(proof, word)) for word in ("for", "against"))
        cells |= {"says": says, "mark": ibis.cases(*marks)}
    return part.select(**{name: cells.get(name, ibis.null()).cast(kind) for name, kind in _COLUMNS.items()})


def bit(proof: Proof, says: str) -> int:
    """The bit that stands for a proof that is spoken for, or against."""
    place = PROOFS.index(proof)
    return 1 << (place if says == "for" else place + len(PROOFS))
