"""The weights: how often each pattern was seen among honest refunds and among those gone wrong, by method; a versioned file."""

import tomllib
from functools import cache
from importlib.resources import files

import msgspec

Counts = dict[str, int]  # pattern -> how often it was seen


class Weights(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Labelled outcomes, counted.

    honest: kind -> family -> counts, where the goods came back. wrong: method -> family -> counts. rivals: an honest
    misfortune -> family -> counts, such as a parcel the carrier lost; rival_bits: log2 odds of each. prior_bits: log2 odds that
    a refund went wrong by one given method, before anything is known of it. line_bits: what a refund must reach to stand above
    the budget line.
    """

    version: str
    learned_from: str
    prior_bits: float
    line_bits: float
    honest: dict[str, dict[str, Counts]]
    wrong: dict[str, dict[str, Counts]]
    rivals: dict[str, dict[str, Counts]]
    rival_bits: dict[str, float]

    @property
    def hypotheses(self) -> dict[str, dict[str, Counts]]:
        """Everything that may explain a refund other than goods that came back: methods first, then rivals."""
        return {**self.wrong, **self.rivals}

    def prior(self, hypothesis: str) -> float:
        """A hypothesis's log2 odds before anything is known."""
        return self.rival_bits.get(hypothesis, self.prior_bits)


@cache
def shipped() -> Weights:
    """The weights that come with this version."""
    text = files("beleg.weigh").joinpath("weights.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text), Weights)
