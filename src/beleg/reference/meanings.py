"""What the code does not say of itself: which facts speak for a proof, and what each key of a mapping does."""

import tomllib
from functools import cache
from importlib.resources import files

from msgspec import Struct, convert


class Says(Struct, frozen=True, forbid_unknown_fields=True):
    """Which facts speak for a proof and which against it."""

    question: str
    speaks_for: str
    speaks_against: str


class Meanings(Struct, frozen=True, forbid_unknown_fields=True):
    """All of them: by proof; and by part of a mapping and key."""

    proof: dict[str, Says]
    mapping: dict[str, dict[str, str]]


@cache
def meanings() -> Meanings:
    """The meanings, from `meanings.toml`."""
    text = files("beleg.reference").joinpath("meanings.toml").read_text(encoding="utf-8")
    return convert(tomllib.loads(text), Meanings)
