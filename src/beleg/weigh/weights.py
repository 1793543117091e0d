"""The weights: how often each pattern was seen among honest refunds and among those gone wrong, by method; a versioned file."""

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path

import msgspec

from beleg.facts.told import ToldError

Counts = dict[str, int]  # pattern -> how often it was seen


class Weights(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Labelled outcomes, counted.

    honest: kind -> family -> counts, where the goods came back. wrong: method -> family -> counts. rivals: an honest
    misfortune -> family -> counts, such as a parcel the carrier lost; rival_shares: kind -> misfortune -> its share of the honest
    refunds of that kind; tells_apart: what would show that it was the misfortune. prior_bits: log2 odds that a refund went wrong by
    one given method, before anything is known of it. line_bits: what a refund must reach to stand above the budget line.
    learned_at: of a shop's own weights, up to when its cases were learned from, in microseconds; author and approver: who made
    them, and the other person who agreed to their use.
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
    learned_at: int = 0
    author: str = ""
    approver: str = ""

    @property
    def hypotheses(self) -> dict[str, dict[str, Counts]]:
        """Everything that may explain a refund other than goods that came back: methods first, then rivals."""
        return {**self.wrong, **self.rivals}


@cache
def shipped() -> Weights:
    """The weights that come with this version."""
    text = files("beleg.weigh").joinpath("weights.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text), Weights)


def load(path: str) -> Weights:
    """A shop's own weights, from a file that two persons stand behind; the shipped ones where no path is given.

    Raises:
        ToldError: the file cannot be read, is none of weights, or nobody or only its author agreed to its use.
    """
    if not path:
        return shipped()
    try:
        found = msgspec.convert(tomllib.loads(Path(path).read_text(encoding="utf-8")), Weights)
    except (OSError, UnicodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as problem:
        what = problem.strerror if isinstance(problem, OSError) else str(problem)
        raise ToldError(
            f"weights {path}",
            got=what or type(problem).__name__,
            expected="a file that `beleg weights learn` wrote",
            mend="check the path, or learn them again",
        ) from problem
    _two_persons(found, path)
    return found


def _two_persons(weights: Weights, path: str) -> None:
    author, approver = weights.author.strip(), weights.approver.strip()
    if not author or not approver or author.casefold() == approver.casefold():
        raise ToldError(
            f"weights {path}",
            got=f"author {weights.author!r} and approver {weights.approver!r}",
            expected="two persons: one who had them learned and another who agreed to their use",
            mend="have another person read what they change, and write their name behind `approver`",
        )


def text(weights: Weights, remark: str) -> str:
    """The weights as a file that `load` and `shipped` read, a remark at its head."""
    own: dict[str, str | int] = {"learned_at": weights.learned_at, "author": weights.author, "approver": weights.approver}
    head = [
        f"# {remark}",
        f"version = {_value(weights.version)}",
        f"learned_from = {_value(weights.learned_from)}",
        f"prior_bits = {weights.prior_bits}",
        f"line_bits = {weights.line_bits}",
        *(f"{name} = {_value(value)}" for name, value in own.items() if weights.learned_at),
        "",
        "[tells_apart]",
        *(f"{_value(name)} = {_value(said)}" for name, said in weights.tells_apart.items()),
        "",
    ]
    shares = [
        line
        for kind, mine in weights.rival_shares.items()
        for line in (f"[rival_shares.{_value(kind)}]", *(f"{_value(name)} = {share:.5f}" for name, share in mine.items()), "")
    ]
    tables = {"honest": weights.honest, "wrong": weights.wrong, "rivals": weights.rivals}
    return "\n".join([*head, *shares, *(line for title, table in tables.items() for line in _section(title, table))])


def _section(title: str, table: Mapping[str, Mapping[str, Counts]]) -> Iterator[str]:
    for name, families in table.items():
        for family, counts in families.items():
            yield f"[{title}.{_value(name)}.{family}]"
            yield from (f"{_value(pattern)} = {counts[pattern]}" for pattern in sorted(counts))
            yield ""


def _value(value: str | int) -> str:
    """A text or a whole number; TOML writes both as JSON does."""
    return msgspec.json.encode(value).decode()
