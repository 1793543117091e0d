"""Likelihood ratios in bits: how much likelier a pattern is if the refund went wrong by a method than if it is honest here."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from math import log2

import msgspec

from beleg.weigh.patterns import split
from beleg.weigh.weights import Weights

# Letters that say nothing: no source, or not due. They match every letter.
_SILENT = frozenset("UP")
_CONTRADICTED = "C"

# How many labelled observations a shop's own refunds are mixed with, and what a pattern never seen among either weighs.
_BLEND = 200.0
_UNSEEN = 0.25

# No family may shout down all others: the floor is an explanation nobody thought of.
MOST, LEAST = 16.0, -6.0


class Observed(msgspec.Struct, frozen=True):
    """So many of this shop's refunds of one kind show this pattern, while other families say that the goods are there."""

    family: str
    kind: str
    pattern: str
    count: int


class Weighed(msgspec.Struct, frozen=True):
    """One pattern's weight: bits per method and rival, the share of honest refunds that look like it, out of how many."""

    family: str
    kind: str
    pattern: str
    bits: dict[str, float]
    honest_share: float
    rests_on: int


def weigh(seen: Iterable[tuple[str, str, str]], observed: Iterable[Observed], weights: Weights) -> list[Weighed]:
    """Weigh every pattern seen.

    Args:
        seen: family, kind and pattern of everything to be weighed.
        observed: the shop's own honest reference. Absent proofs are weighed by it, so that a missing scan counts for as much as
            this shop's scans can be relied on; contradictions and detectors are weighed by labelled outcomes.
        weights: labelled outcomes.
    """
    here: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for one in observed:
        here[one.family, one.kind][split(one.pattern)[0]] += one.count
    return [_weigh_one(*one, here[one[0], one[1]], weights) for one in sorted(set(seen))]


def _weigh_one(family: str, kind: str, pattern: str, here: Counter[str], weights: Weights) -> Weighed:
    labelled = Counter(weights.honest.get(kind, {}).get(family, {}))
    honest = _honest(pattern, here, labelled)
    bits = {}
    for method, families in weights.hypotheses.items():
        wrong = _share(pattern, Counter(families.get(family, {})), honest)
        bits[method] = min(MOST, max(LEAST, log2(wrong / honest)))
    return Weighed(family, kind, pattern, bits, honest, sum(here.values()) or sum(labelled.values()))


def _honest(pattern: str, here: Counter[str], labelled: Counter[str]) -> float:
    """The probability of the pattern for an honest refund: its letters measured here, what fired by labelled outcomes."""
    letters, fired = split(pattern)
    labelled = _comparable(letters, labelled)
    by_letters: Counter[str] = Counter()
    for known, count in labelled.items():
        by_letters[split(known)[0]] += count
    total = sum(by_letters.values())
    backed = (_count(letters, by_letters) + _UNSEEN) / (total + 2 * _UNSEEN)
    if _CONTRADICTED not in letters:
        backed = (_count(letters, here) + _BLEND * backed) / (sum(here.values()) + _BLEND)
    matching = {known: count for known, count in labelled.items() if _matches(letters, split(known)[0])}
    same = sum(count for known, count in matching.items() if split(known)[1] == fired)
    overall = sum(count for known, count in labelled.items() if split(known)[1] == fired)
    general = (overall + _UNSEEN) / (total + 2 * _UNSEEN)
    return backed * (same + general) / (sum(matching.values()) + 1)


def _share(pattern: str, counts: Counter[str], honest: float) -> float:
    """The probability of the pattern if the refund went wrong; what was never seen is taken to be as likely as if honest."""
    letters, fired = split(pattern)
    counts = _comparable(letters, counts)
    same = sum(n for known, n in counts.items() if split(known)[1] == fired and _matches(letters, split(known)[0]))
    return (same + honest) / (sum(counts.values()) + 1)


def _comparable(letters: str, counts: Counter[str]) -> Counter[str]:
    """The patterns to which the same proofs apply: a method's claims say nothing of its returns."""
    return Counter({known: count for known, count in counts.items() if _inapplicable(split(known)[0]) == _inapplicable(letters)})


def _inapplicable(letters: str) -> tuple[bool, ...]:
    return tuple(letter == "N" for letter in letters)


def _count(letters: str, counts: Mapping[str, int]) -> int:
    return sum(count for known, count in counts.items() if _matches(letters, known))


def _matches(letters: str, known: str) -> bool:
    return len(letters) == len(known) and all(
        one in _SILENT or other in _SILENT or one == other for one, other in zip(letters, known, strict=True)
    )
