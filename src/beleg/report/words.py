"""The words and signs a report uses for proofs, states, classes and standings, so that every screen says the same."""

from typing import NamedTuple

from beleg.proofs.words import PROOF_WORDS, STATE_WORDS
from beleg.proofs.words import State as ProofState


class State(NamedTuple):
    """How one state of a proof is named and drawn; the signs differ in shape, because colour is not everybody's."""

    key: str
    label: str
    sign: str
    ascii: str
    style: str
    meaning: str


class Standing(NamedTuple):
    """One of the four parts of the refunded money."""

    key: str
    label: str
    sign: str
    ascii: str
    style: str
    meaning: str


def _state(key: ProofState, sign: str, ascii_sign: str, style: str) -> State:
    said = STATE_WORDS[key]
    return State(key, said.label, sign, ascii_sign, style, said.meaning)


STATES = {
    state.key: state
    for state in (
        _state("true", "✓", "+", "green"),
        _state("contradicted", "✗", "x", "bold red"),
        _state("absent", "○", "o", "red"),
        _state("pending", "…", ":", "yellow"),
        _state("unavailable", "?", "?", "dim"),
        _state("not_applicable", "·", "-", "dim"),
    )
}

STANDINGS = {
    standing.key: standing
    for standing in (
        Standing("gap", "unsupported", "█", "#", "red", "proofs it needs are absent or contradicted, past their time"),
        Standing("unchecked", "could not be checked", "▒", "?", "yellow", "no source that could say, or the source was down"),
        Standing("not_yet_due", "not yet due", "░", ".", "cyan", "the time its proofs may take has not passed"),
        Standing("supported", "supported", "━", "=", "green", "every proof it needs is there"),
    )
}

PROOFS: dict[str, str] = dict(PROOF_WORDS.items())

CLASSES = {
    "return": "return",
    "instant": "instant refund",
    "returnless": "returnless refund",
    "cancelled": "cancelled before dispatch",
    "adjustment": "price or shipping adjustment",
    "goodwill": "goodwill",
    "not_received": "not received",
    "damaged": "damaged",
    "chargeback": "chargeback",
    "unclassified": "unclassified",
}

UNKNOWN_STATE = State("unavailable", "unknown state", "?", "?", "dim", "this version does not know the state")


def state_of(key: str) -> State:
    """How a proof's state is shown; a state this version does not know counts as unavailable, never as true."""
    return STATES.get(key, UNKNOWN_STATE)


def standing_of(key: str) -> str:
    """A refund's standing in words."""
    found = STANDINGS.get(key)
    return found.label if found else words(key)


def proof_name(key: str) -> str:
    """A proof in plain words."""
    return PROOFS.get(key) or words(key)


def class_name(key: str) -> str:
    """A refund class in plain words."""
    return CLASSES.get(key) or words(key)


def words(key: str, empty: str = "not known") -> str:
    """A name as code writes it, in words: receipt_without_arrival becomes receipt without arrival."""
    return key.replace("_", " ").strip() or empty


def title(text: str) -> str:
    """The same with a capital at its head; the rest keeps its case, so that SKU stays SKU."""
    return text[:1].upper() + text[1:]
