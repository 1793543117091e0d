"""Adds up what detectors say about one subject: families of evidence add, what is within a family is one piece of evidence."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from math import exp2, log2

import msgspec

from beleg.weigh.discoveries import LEARNED_FALSE, bits, discoveries, levels


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """One subject held against its peers by one detector: `p`, or an e-value's logarithm, or both."""

    subject: str
    counterpart: str | None = None
    p: float | None = None
    log2_e: float | None = None

    @property
    def chance(self) -> float:
        """The p-value; an e-value e gives 1/e, by Markov's inequality."""
        if self.p is not None:
            return self.p
        return exp2(-max(self.log2_e or 0.0, 0.0))


class Voice(msgspec.Struct, frozen=True, kw_only=True):
    """One detector's comparisons; `tests` counts all that were made, unless p-values have paid for them (`searched`).

    A weak one never alerts alone; see `LEARNED_FALSE` of one that learned from closed cases.
    """

    detector: str
    kind: str
    family: str
    comparisons: Sequence[Comparison]
    tests: int
    searched: bool = False
    weak: bool = False
    learned: bool = False


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """One comparison weighed: its bits, and whether it alone is reason enough to name the subject."""

    detector: str
    family: str
    comparison: Comparison
    bits: float
    passes: bool


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """One subject that passes: the sum of its families' bits, and all comparisons, the strongest first."""

    kind: str
    subject: str
    bits: float
    told: tuple[Told, ...]


def weigh_subjects(voices: Iterable[Voice], shares: Mapping[str, float]) -> list[Heard]:
    """The subjects that pass, by their bits.

    A subject passes when a comparison of a detector that is not weak does, at that detector's part of the error rate. Its sum
    then counts every family: within one, the mean of the e-values, which holds however they depend on each other.

    Args:
        voices: what the detectors that ran said.
        shares: every detector that may ever alert in an honest shop, with its share of the error rate, whether it ran or not.
    """
    level = levels(shares)
    said: dict[tuple[str, str], list[Told]] = defaultdict(list)
    for voice in voices:
        alone = LEARNED_FALSE if voice.learned else 0.0 if voice.weak else level.get(voice.detector, 0.0)
        passing = _passing(voice, alone)
        for one, passes in zip(voice.comparisons, passing, strict=True):
            worth = bits(one.p, one.log2_e)
            told = Told(detector=voice.detector, family=voice.family, comparison=one, bits=worth, passes=passes)
            said[voice.kind, one.subject].append(told)
    heard = [_add(kind, subject, told) for (kind, subject), told in said.items() if any(one.passes for one in told)]
    return sorted(heard, key=lambda one: (one.kind, -one.bits, one.subject))


def _passing(voice: Voice, level: float) -> list[bool]:
    chances = [one.chance for one in voice.comparisons]
    if voice.searched:
        return [chance <= level for chance in chances]
    plain = voice.learned or all(one.p is None for one in voice.comparisons)
    return discoveries(chances, voice.tests, level, plain=plain)


def _add(kind: str, subject: str, told: Sequence[Told]) -> Heard:
    families: dict[str, list[float]] = defaultdict(list)
    for one in told:
        families[one.family].append(one.bits)
    whole = sum(_mean(worths) for worths in families.values())
    kept = sorted(told, key=lambda one: (-one.bits, one.detector, one.comparison.counterpart or ""))
    return Heard(kind=kind, subject=subject, bits=whole, told=tuple(kept))


def _mean(worths: Sequence[float]) -> float:
    top = max(worths)
    return top + log2(sum(exp2(worth - top) for worth in worths) / len(worths))
