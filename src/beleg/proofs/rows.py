"""The shape of evidence: one row per slice, proof and fact; a mark says which proof, and whether for or against it."""

import ibis
import ibis.expr.types as ir

from beleg.proofs.words import PROOFS, Proof

# A carrier's scan shows possession, so a later scan proves acceptance as well as the first one does.
HELD_BY_CARRIER = ("accepted", "in_transit", "out_for_delivery", "delivered", "attempted", "available_for_pickup", "exception")

_COLUMNS = {
    "slice_id": "string",
    "mark": "int64",
    "fact_id": "string",
    "at": "int64",
    "carrier": "string",
    "login": "string",
    "session": "string",
    "late": "boolean",
}

# Microseconds: whoever writes down so long afterwards what is said to have happened then has not seen it happen.
LATE = 2 * 86_400_000_000


def rows(part: ir.Table, proof: Proof, says: str | ir.Value, **values: ir.Value) -> ir.Table:
    """Evidence rows: `says` is 'for', 'against' or nothing; `carrier` is set where the carrier itself attests the fact.

    `mark` is one bit for the proof and what is said of it (see `bit`), so that all that is said of a slice is one number. Of what
    was written down long after the moment it gives (`late`) nobody is a witness; it is said all the same.
    """
    cells = {"slice_id": part.slice_id, "fact_id": part.fact_id, "at": part["at"], **values}
    if isinstance(says, str):
        cells["mark"] = ibis.literal(bit(proof, says))
    else:
        cells["mark"] = ibis.cases(*(((says == word).fill_null(False), bit(proof, word)) for word in ("for", "against")))
    return part.select(**{name: cells.get(name, ibis.null()).cast(kind) for name, kind in _COLUMNS.items()})


def written_late(t: ir.Table, happened_at: ir.Value) -> ir.Value:
    """Whether the source itself says that a fact was recorded long after it happened; without that nobody knows."""
    return (t.source_recorded_at - happened_at > LATE).fill_null(False)


def bit(proof: Proof, says: str) -> int:
    """The bit that stands for a proof that is spoken for, or against."""
    place = PROOFS.index(proof)
    return 1 << (place if says == "for" else place + len(PROOFS))


def speaks_for(mark: ir.Value) -> ir.Value:
    """Whether a piece of evidence speaks for its proof."""
    return mark < (1 << len(PROOFS))


def in_words(mark: int) -> tuple[Proof, str]:
    """The proof that one piece of evidence is about, and whether it speaks for or against it."""
    place = mark.bit_length() - 1
    return PROOFS[place % len(PROOFS)], "for" if place < len(PROOFS) else "against"
