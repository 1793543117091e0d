"""The names of the proofs, their states, and which refund class needs which of them within how many days."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Literal, get_args

import msgspec

Proof = Literal[
    "carrier_accepted",
    "weight_plausible",
    "delivered_at_site",
    "dock_manifested",
    "item_scanned",
    "inspected",
    "put_away",
    "counted_or_resold",
    "not_dispatched",
    "not_delivered",
    "documented",
    "approved",
]
PROOFS: tuple[Proof, ...] = get_args(Proof)

# The first eight follow goods on their way back; the others answer claims about goods that stay away.
RETURN_PROOFS = PROOFS[:8]
CLAIM_PROOFS = PROOFS[8:]

State = Literal["true", "contradicted", "absent", "pending", "unavailable", "not_applicable"]
# One letter a state, for patterns that can be counted and compared.
LETTERS: Mapping[State, str] = {
    "true": "T",
    "contradicted": "C",
    "absent": "A",
    "pending": "P",
    "unavailable": "U",
    "not_applicable": "N",
}

Standing = Literal["supported", "gap", "unchecked", "not_yet_due"]


class Need(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one refund class needs: each group is satisfied by any one of its proofs, within so many days of the refund."""

    groups: tuple[tuple[Proof, ...], ...]
    days: int


@cache
def matrix() -> Mapping[str, Need]:
    """The published matrix: refund class -> what it needs."""
    text = files("beleg.proofs").joinpath("matrix.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text), dict[str, Need])


def followed(refund_class: str) -> bool:
    """Whether goods are expected back, so that the eight return proofs apply."""
    return any(proof in RETURN_PROOFS for group in matrix()[refund_class].groups for proof in group)
