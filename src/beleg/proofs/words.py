"""The names of the proofs, their states, how people say both, and which refund class needs which proofs within how many days."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Literal, NamedTuple, get_args

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
    "left_light",
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

STATES: Mapping[str, State] = {letter: state for state, letter in LETTERS.items()}

PROOF_WORDS: Mapping[Proof, str] = {
    "carrier_accepted": "carrier accepted it",
    "weight_plausible": "weight is plausible",
    "delivered_at_site": "delivered at the returns site",
    "dock_manifested": "on the dock manifest",
    "item_scanned": "item scanned, its serial right",
    "inspected": "inspected by another person",
    "put_away": "put away",
    "counted_or_resold": "counted or sold again",
    "not_dispatched": "never dispatched",
    "not_delivered": "not delivered",
    "left_light": "left light",
    "documented": "documented",
    "approved": "agreed to by a second person",
}


class StateWords(NamedTuple):
    """A state in a word or two, and what it means."""

    label: str
    meaning: str


STATE_WORDS: Mapping[State, StateWords] = {
    "true": StateWords("true", "a fact says so"),
    "contradicted": StateWords("contradicted", "a fact says otherwise"),
    "absent": StateWords("absent", "expected, its time has passed, and the source was live then"),
    "pending": StateWords("pending", "its time has not passed yet"),
    "unavailable": StateWords("unavailable", "no such source, or it was down then"),
    "not_applicable": StateWords("not applicable", "this article or refund does not have it"),
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
