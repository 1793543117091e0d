"""One slice weighed: the same patterns, bits and sums as the audit's, for a question about a single claim."""

from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache

from msgspec import Struct

from beleg.weigh.bits import Observed, Weighed, weigh
from beleg.weigh.patterns import FAMILIES, kind_of, patterns_of
from beleg.weigh.rank import added_up
from beleg.weigh.weights import Weights


class Sum(Struct, frozen=True, eq=False):
    """What all evidence of one slice adds up to.

    method: what went wrong, if anything did; rival: the honest explanation that fits best. millibits: log2 odds times 1000 with the
    prior in them; prior_millibits: the prior's part. parts: every family that says something, with its bits for that method.
    """

    method: str
    rival: str
    millibits: int
    rival_millibits: int
    prior_millibits: int
    parts: tuple[Weighed, ...]

    @property
    def evidence_bits(self) -> float:
        """All evidence without the prior, less what an honest explanation accounts for."""
        return (self.millibits - self.prior_millibits) / 1000


class Scale:
    """Weights, and what this shop's honest refunds look like."""

    def __init__(self, weights: Weights, observed: Iterable[Observed] = (), silent: Collection[str] = ()) -> None:
        """Take the weights; see `bits.weigh` for the rest."""
        self.weights = weights
        self._observed, self._silent = tuple(observed), tuple(silent)
        # the patterns that slices show are few, whatever the number of slices
        self._added = lru_cache(maxsize=65_536)(self._add)

    def weigh(self, refund_class: str, claim_kind: str, letters: Mapping[str, str], fired: Mapping[str, str]) -> Sum:
        """Weigh one slice.

        Args:
            refund_class: its class.
            claim_kind: what the customer claims; empty for a plain return.
            letters: a letter per proof.
            fired: the detectors with an open finding on it, with their families.
        """
        return self._added(kind_of(refund_class, claim_kind), tuple(letters.items()), tuple(fired.items()))

    def _add(self, kind: str, letters: tuple[tuple[str, str], ...], fired: tuple[tuple[str, str], ...]) -> Sum:
        row = {"kind": kind, **patterns_of(dict(letters), dict(fired))}
        weighed = weigh([(family, kind, row[family]) for family in FAMILIES], self._observed, self.weights, self._silent)
        bits = {(one.family, one.kind, one.pattern): one.bits for one in weighed}
        sums = added_up(row, bits, self.weights)
        method = list(self.weights.wrong)[sums["method"]]
        rival = list(self.weights.hypotheses)[sums["rival"]]
        telling = tuple(one for one in weighed if any(one.bits.values()))
        return Sum(method, rival, sums["millibits"], sums["rival_millibits"], round(1000 * self.weights.prior_bits), telling)
