"""Weights learned from a shop's own closed cases: the old weights are the prior, and how cases were chosen is corrected for."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Literal

import msgspec

from beleg.weigh.bits import Weighed
from beleg.weigh.patterns import FAMILIES
from beleg.weigh.rank import added_up
from beleg.weigh.weights import Counts, Weights

Label = Literal["wrong", "misfortune", "honest"]
LABELS: tuple[Label, ...] = ("wrong", "misfortune", "honest")

# The prior's strength, in labels: what a method or a kind of refund was known to look like counts for as much as so many labels
# of the shop's. It is as many as a shop's own honest refunds are mixed with, so ten labels move a share by a twentieth of the way.
STRENGTH = 200.0

# And in labels of refunds that look alike in everything: what the old weights say of them counts for so many.
ALIKE = 2.0


# A family speaks for a method from so many bits on; what is left below is smoothing.
TELLING = 1.0


class Stratum(msgspec.Struct, frozen=True, kw_only=True):
    """Refunds of one kind that look alike in every family: how many the shop has, and how many of them are labelled as what.

    They rank alike, money aside, so among them a label is as good as one drawn by lot, however the queue chose.
    """

    kind: str
    patterns: Mapping[str, str]
    refunds: int
    labels: Mapping[Label, float] = {}


class Explained(msgspec.Struct, frozen=True):
    """What a stratum is taken for: the method and the misfortune that fit best, and each label's part of its refunds.

    `method` is empty where nothing speaks for any.
    """

    method: str
    rival: str
    parts: Mapping[Label, float]


def explained(stratum: Stratum, bits: Mapping[tuple[str, str, str], Mapping[str, float]], weights: Weights) -> Explained:
    """Its labels, mixed with what the old weights say: (labels + ALIKE * chance) / (all labels + ALIKE)."""
    row = {"kind": stratum.kind, **stratum.patterns}
    sums = added_up(row, bits, weights)
    # where nothing speaks for any method, what is left is the prior alone, and which method that is says nothing
    wrong = 1 / (1 + 2 ** (-sums["millibits"] / 1000)) if sums["millibits"] > 1000 * weights.prior_bits else 0.0
    unlucky = _unlucky(row, bits, weights)
    chances = {"wrong": wrong, "misfortune": (1 - wrong) * unlucky, "honest": (1 - wrong) * (1 - unlucky)}
    whole = sum(stratum.labels.values()) + ALIKE
    parts: dict[Label, float] = {one: (stratum.labels.get(one, 0.0) + ALIKE * chances[one]) / whole for one in LABELS}
    return Explained(_method(row, bits, weights), list(weights.hypotheses)[sums["rival"]], parts)


def _method(row: Mapping[str, str], bits: Mapping[tuple[str, str, str], Mapping[str, float]], weights: Weights) -> str:
    """Of the methods that some family speaks for, the one with the largest sum: one of which nothing is known here is none."""
    mine = [bits[family, row["kind"], row[family]] for family in FAMILIES]
    spoken_for = [name for name in weights.wrong if any(one[name] >= TELLING for one in mine)]
    return max(spoken_for, key=lambda name: sum(one[name] for one in mine), default="")


def _unlucky(row: Mapping[str, str], bits: Mapping[tuple[str, str, str], Mapping[str, float]], weights: Weights) -> float:
    """The chance that somebody's misfortune explains it, if nothing went wrong by anybody's doing."""
    shares = weights.rival_shares.get(row["kind"], {})
    worth = sum(
        share * 2 ** sum(bits[family, row["kind"], row[family]][name] for family in FAMILIES) for name, share in shares.items()
    )
    plain = max(0.0, 1 - sum(shares.values()))
    return worth / (plain + worth) if plain + worth else 0.0


def learn(weights: Weights, strata: Iterable[Stratum], weighed: Iterable[Weighed], strength: float = STRENGTH) -> Weights:
    """The weights with what the labels say mixed in; without a label they stay exactly as they are.

    Every table (a method's, a misfortune's, the honest refunds' of a kind) is a Dirichlet distribution per family, whose mean is
    what was counted and whose strength is `strength`. Its labels (of a kind, all labels there are) count as so many
    observations, spread over patterns as the shop's own refunds are: each stratum with all its refunds times the part that it
    is taken for, whether or not anybody looked into it. So labels found because they rank high do not teach that their pattern
    is common.

    Args:
        weights: the prior.
        strata: all refunds of the shop, in strata.
        weighed: the bits of all their patterns, by the prior.
        strength: the prior's, in labels.
    """
    bits = {(one.family, one.kind, one.pattern): one.bits for one in weighed}
    tally = _Tally()
    for stratum in strata:
        tally.add(stratum, explained(stratum, bits, weights))
    return msgspec.structs.replace(
        weights,
        wrong=tally.mixed("wrong", weights.wrong, strength),
        rivals=tally.mixed("misfortune", weights.rivals, strength),
        honest=tally.mixed("honest", weights.honest, strength),
        rival_shares={kind: tally.shares(kind, shares, strength) for kind, shares in weights.rival_shares.items()},
    )


class _Tally:
    """What the shop's refunds look like, by table: a label with a method's, a misfortune's or a kind's name."""

    def __init__(self) -> None:
        self._labelled: dict[tuple[Label, str], float] = defaultdict(float)
        self._shown: dict[tuple[Label, str], dict[str, dict[str, float]]] = defaultdict(
            lambda: defaultdict(lambda: defaultdict(float))
        )
        self._innocent: dict[str, float] = defaultdict(float)
        self._unlucky: dict[tuple[str, str], float] = defaultdict(float)

    def add(self, stratum: Stratum, taken: Explained) -> None:
        """Count a stratum where its parts belong."""
        names: dict[Label, str] = {"wrong": taken.method, "misfortune": taken.rival, "honest": stratum.kind}
        for label, name in names.items():
            if not name:
                continue
            # every label of a kind says which of its refunds are among the honest ones, and which are not
            self._labelled[label, name] += sum(stratum.labels.values()) if label == "honest" else stratum.labels.get(label, 0.0)
            for family in FAMILIES:
                self._shown[label, name][family][stratum.patterns[family]] += stratum.refunds * taken.parts[label]
        self._innocent[stratum.kind] += stratum.labels.get("honest", 0.0) + stratum.labels.get("misfortune", 0.0)
        self._unlucky[stratum.kind, taken.rival] += stratum.refunds * taken.parts["misfortune"]

    def mixed(self, label: Label, table: Mapping[str, Mapping[str, Counts]], strength: float) -> dict[str, dict[str, Counts]]:
        """Each of these tables with its labels mixed in."""
        return {
            name: {family: self._with(counts, (label, name), family, strength) for family, counts in families.items()}
            for name, families in table.items()
        }

    def _with(self, counts: Counts, place: tuple[Label, str], family: str, strength: float) -> Counts:
        """Counted on the table's own scale, so that the prior keeps its counts to the last one."""
        labelled, shown = self._labelled[place], self._shown[place][family]
        whole, there = sum(counts.values()), sum(shown.values())
        if not labelled or not there:
            return counts
        scale = max(1.0, whole / strength)
        added = {pattern: round(scale * labelled * many / there) for pattern, many in shown.items()}
        both = {pattern: counts.get(pattern, 0) + added.get(pattern, 0) for pattern in sorted({*counts, *added})}
        return {pattern: count for pattern, count in both.items() if count}

    def shares(self, kind: str, shares: Mapping[str, float], strength: float) -> dict[str, float]:
        """How often each misfortune is what happened among the honest refunds of a kind."""
        labelled = self._innocent[kind]
        innocent = sum(self._shown["honest", kind][FIRST].values())
        unlucky = {name: self._unlucky[kind, name] for name in shares}
        whole = innocent + sum(unlucky.values())
        if not labelled or not whole:
            return dict(shares)
        return {
            name: (strength * share + labelled * unlucky[name] / whole) / (strength + labelled) for name, share in shares.items()
        }


FIRST = next(iter(FAMILIES))
