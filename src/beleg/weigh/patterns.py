"""What each family of evidence looks like for one slice: its proofs' letters, then the names of the detectors that fired."""

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from operator import add

import ibis
import ibis.expr.types as ir

from beleg.proofs.words import LETTERS, PROOF_WORDS, STATE_WORDS, STATES, Proof

# One missing scan is one piece of evidence, however many proofs and detectors see it: what shares a cause is one family.
FAMILIES: Mapping[str, tuple[Proof, ...]] = {
    "movement": ("carrier_accepted", "delivered_at_site", "dock_manifested"),
    "weight": ("weight_plausible",),
    "item": ("item_scanned", "inspected"),
    "afterlife": ("put_away", "counted_or_resold"),
    "claim": ("not_dispatched", "not_delivered", "left_light", "documented"),
    "conduct": ("approved",),
    "money": (),
}

# Which refunds are compared with each other: those of one kind are honest in the same ways. What a customer claims comes first.
CLAIMED: Mapping[str, str] = {
    "not_received": "claims that nothing came",
    "empty_box": "claims of an empty box",
    "missing_item": "claims of a missing item",
    "damaged": "claims of damage",
}
KINDS: Mapping[str, tuple[str, ...]] = {
    "returns": ("return", "instant"),
    "refunds without a class": ("unclassified",),
    "claims that nothing came": ("not_received",),
    "claims of damage": ("damaged", "returnless"),
    "cancellations": ("cancelled",),
    "money given": ("adjustment", "goodwill"),
    "chargebacks": ("chargeback",),
}
_ANSWERED_BY_MONEY = ("not_received", "damaged")  # a claim that comes with a return is told from the return

SEPARATOR = "+"


def patterns(states: ir.Table, found: ir.Table, detectors: Mapping[str, str]) -> ir.Table:
    """One row per slice: slice_id, kind, and one pattern per family, such as ``AAA+receipt_without_arrival``.

    Args:
        states: a letter per proof and slice.
        found: detector, subject.
        detectors: each detector's family, for those that ran.
    """
    fired = found.group_by("subject").agg(
        **{f"fired_{name}": (found.detector == name).any() for name in detectors} or {"n": found.count()}
    )
    joined = states.left_join(fired, states.slice_id == fired.subject)
    columns = {
        family: _pattern(joined, proofs, [name for name in sorted(detectors) if detectors[name] == family])
        for family, proofs in FAMILIES.items()
    }
    return joined.select("slice_id", kind=_kind(joined), **columns)


def _kind(t: ir.Table) -> ir.Value:
    answers = t.refund_class.isin(_ANSWERED_BY_MONEY)
    claimed = [(answers & (t.claim_kind == name), kind) for name, kind in CLAIMED.items()]
    return ibis.cases(*claimed, *((t.refund_class.isin(classes), kind) for kind, classes in KINDS.items()), else_="other refunds")


def _pattern(t: ir.Table, proofs: Sequence[str], names: Sequence[str]) -> ir.Value:
    letters = [_letter(t, proof) for proof in proofs]
    flags = [t[f"fired_{name}"].fill_null(False).ifelse(f"{SEPARATOR}{name}", "") for name in names]
    return reduce(add, [*letters, *flags], ibis.literal(""))


def _letter(t: ir.Table, proof: str) -> ir.Value:
    # what nobody weighed was not scanned either, and that is counted among the movements already
    return (t[proof] == "A").ifelse("U", t[proof]) if proof == "weight_plausible" else t[proof]


def kind_of(refund_class: str, claim_kind: str) -> str:
    """The kind of one slice, as `patterns` has it."""
    if refund_class in _ANSWERED_BY_MONEY and claim_kind in CLAIMED:
        return CLAIMED[claim_kind]
    return next((kind for kind, classes in KINDS.items() if refund_class in classes), "other refunds")


def patterns_of(letters: Mapping[str, str], fired: Mapping[str, str]) -> dict[str, str]:
    """One slice's pattern per family, as `patterns` has it: from its proofs' letters, and its detectors with their families."""
    found = {}
    for family, proofs in FAMILIES.items():
        shown = ["U" if proof == "weight_plausible" and letters[proof] == "A" else letters[proof] for proof in proofs]
        names = sorted(name for name, of in fired.items() if of == family)
        found[family] = "".join(shown) + "".join(f"{SEPARATOR}{name}" for name in names)
    return found


def family_in_words(family: str, say: Callable[[str], str] = str) -> str:
    """A family's name as people read it."""
    return say(_FAMILY_WORDS.get(family, family))


# most names say what they are; this one would be taken for an amount
_FAMILY_WORDS = {"money": "where the money went"}


def in_words(family: str, pattern: str, say: Callable[[str], str] = str) -> str:
    """A pattern as people read it: what each proof of the family stands at, then what detectors found.

    Args:
        family: the pattern's family.
        pattern: letters and detectors, as `patterns` gives them.
        say: puts a proof's, a state's or a detector's name into the reader's language.
    """
    letters, fired = split(pattern)
    stands = [
        f"{say(PROOF_WORDS[proof])} ({say(STATE_WORDS[STATES[letter]].label)})"
        for proof, letter in zip(FAMILIES[family], letters, strict=True)
        if letter != LETTERS["not_applicable"]
    ]
    return "; ".join([*stands, *(say(name.replace("_", " ")) for name in fired)]) or say(_NOTHING[bool(letters)])


# what is said of a family whose detectors found nothing, and of one none of whose proofs such a refund can have
_NOTHING = ("nothing found", "does not apply")


def split(pattern: str) -> tuple[str, tuple[str, ...]]:
    """A pattern's letters, and the detectors that fired."""
    letters, *fired = pattern.split(SEPARATOR)
    return letters, tuple(fired)
