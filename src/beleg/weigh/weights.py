"""The weights: how often each pattern was seen among honest refunds and among those gone wrong, by method; a versioned file."""

import tomllib
from functools import cache
from importlib.resources import files

import msgspec

Counts = dict[str, int]  # pattern -> how often it was seen


class Weights(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Labelled outcomes, counted.

    honest: kind -> family -> counts, where the goods came back. wrong: method -> family -> counts. rivals: an honest
    misfortune -> family -> counts, such as a parcel the carrier lost; rival_shares: kind -> misfortune -> its share of the honest
    refunds of that kind; tells_apart: what would show that it was the misfortune. prior_bits: log2 odds that a refund went wrong by
    one given method, before anything is known of it. line_bits: what a refund must reach to stand above the budget line.
    """

    version: str
    learned_from: str
    prior_bits: float
    line_bits: float
    honest: dict[str, dict[str, Counts]]
    wrong: dict[str, dict[str, Counts]]
    rivals: dict[str, dict[str, Counts]]
    rival_shares: dict[str, dict[str, float]]
    tells_apart: dict[str, str]

    @property
    def hypotheses(self) -> dict[str, dict[str, Counts]]:
        """Everything that may explain a refund other than goods that came back: methods first, then rivals."""
        return {**self.wrong, **self.rivals}


@cache
def shipped() -> Weights:
    """The weights that come with this version."""
    text = files("beleg.weigh").joinpath("weights.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text), Weights)
