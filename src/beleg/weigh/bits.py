"""Likelihood ratios in bits: how much likelier a pattern is if the refund went wrong by a method than if it is honest here."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from math import log2

import msgspec

from beleg.weigh.patterns import SEPARATOR, split
from beleg.weigh.weights import Counts, Weights

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


def weigh(
    seen: Iterable[tuple[str, str, str]], observed: Iterable[Observed], weights: Weights, silent: Collection[str] = ()
) -> list[Weighed]:
    """Weigh every pattern seen.

    Args:
        seen: family, kind and pattern of everything to be weighed.
        observed: the shop's own honest reference. Absent proofs are weighed by it, so that a missing scan counts for as much as
            this shop's scans can be relied on; contradictions and detectors are weighed by labelled outcomes.
        weights: labelled outcomes.
        silent: the detectors that did not run here; that they found nothing says nothing.
    """
    here: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for one in observed:
        here[one.family, one.kind][split(one.pattern)[0]] += one.count
    judge = _Judge(weights, frozenset(silent))
    return [judge.weigh(*one, here[one[0], one[1]]) for one in sorted(set(seen))]


class _Judge:
    """Holds labelled outcomes against patterns, without the detectors that did not run."""

    def __init__(self, weights: Weights, silent: frozenset[str]) -> None:
        self._honest = _each(weights.honest, silent)
        self._wrong = _each(weights.hypotheses, silent)
        self._names = tuple(weights.hypotheses)

    def weigh(self, family: str, kind: str, pattern: str, here: Counter[str]) -> Weighed:
        labelled = self._honest.get((kind, family), Counter())
        rests_on = sum(here.values()) or sum(labelled.values())
        if _says_nothing(pattern):
            return Weighed(family, kind, pattern, dict.fromkeys(self._names, 0.0), 1.0, rests_on)
        honest = _honest(pattern, here, labelled)
        bits = {}
        for name in self._names:
            wrong = _share(pattern, self._wrong.get((name, family), Counter()), honest)
            bits[name] = min(MOST, max(LEAST, log2(wrong / honest)))
        return Weighed(family, kind, pattern, bits, honest, rests_on)


def _each(table: Mapping[str, Mapping[str, Counts]], silent: frozenset[str]) -> dict[tuple[str, str], Counter[str]]:
    return {(name, family): _without(counts, silent) for name, families in table.items() for family, counts in families.items()}


def _without(counts: Counts, silent: frozenset[str]) -> Counter[str]:
    answer: Counter[str] = Counter()
    for pattern, count in counts.items():
        letters, fired = split(pattern)
        answer[SEPARATOR.join([letters, *(name for name in fired if name not in silent)])] += count
    return answer


def _says_nothing(pattern: str) -> bool:
    letters, fired = split(pattern)
    return bool(letters) and not fired and set(letters) <= _SILENT


def _honest(pattern: str, here: Counter[str], labelled: Counter[str]) -> float:
    """The probability of the pattern for an honest refund: its letters measured here, what fired by labelled outcomes."""
    letters, _ = split(pattern)
    labelled = _comparable(letters, labelled)
    if not labelled:
        return 1.0  # no honest refund like this was ever labelled, so nothing can be said to be rare among them
    total = sum(labelled.values())
    matching = {known: count for known, count in labelled.items() if _matches(letters, split(known)[0])}
    backed = (sum(matching.values()) + _UNSEEN) / (total + 2 * _UNSEEN)
    if _CONTRADICTED not in letters:
        here = _comparable(letters, here)
        same = sum(count for known, count in here.items() if _matches(letters, known))
        backed = (same + _BLEND * backed) / (sum(here.values()) + _BLEND)
    alike = sum(count for known, count in matching.items() if _fires(pattern, known))
    general = (sum(count for known, count in labelled.items() if _fires(pattern, known)) + _UNSEEN) / (total + 2 * _UNSEEN)
    return backed * (alike + general) / (sum(matching.values()) + 1)


def _share(pattern: str, counts: Counter[str], honest: float) -> float:
    """The probability of the pattern if the refund went wrong.

    What was never seen is taken to be as likely as if honest, unless it should then have been seen by now.
    """
    letters, _ = split(pattern)
    counts = _comparable(letters, counts)
    total = sum(counts.values())
    same = sum(count for known, count in counts.items() if _matches(letters, split(known)[0]) and _fires(pattern, known))
    return max((same + honest) / (total + 1), honest / (1 + honest * total))


def _comparable(letters: str, counts: Mapping[str, int]) -> Counter[str]:
    """The patterns to which the same proofs apply, and that speak wherever this one does.

    A method's claims say nothing of its returns, and what could not be checked nothing of what was missed.
    """
    return Counter({known: count for known, count in counts.items() if _speaks_of(letters, split(known)[0])})


def _speaks_of(letters: str, known: str) -> bool:
    return len(letters) == len(known) and all(
        (one == "N") == (other == "N") and (one in _SILENT or other not in _SILENT)
        for one, other in zip(letters, known, strict=True)
    )


def _matches(letters: str, known: str) -> bool:
    return all(one in _SILENT or one == other for one, other in zip(letters, known, strict=True))


def _fires(pattern: str, known: str) -> bool:
    """Whether the same detectors fired; where a proof could not be checked, a detector may have had nothing to go by."""
    letters, fired = split(pattern)
    others = split(known)[1]
    return set(fired) <= set(others) if _SILENT & set(letters) else fired == others
