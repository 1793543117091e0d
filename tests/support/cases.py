"""A detector's cases: one TOML file each, see `Case`; all of them, found by walking the detectors' folders."""

import tomllib
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any, Literal

import msgspec

from beleg.detect import detectors
from beleg.detect.card import every_detector
from beleg.facts.registry import fact_types
from support.background import busy, shop
from support.ledgers import Ledger, joined, micros, read

FOLDERS = Path(detectors.__path__[0])


class Expected(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One finding: its subject, and by the part they play the ids of the facts it rests on."""

    subject: str
    facts: dict[str, list[str]]


class Outage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Days on which nothing came from this carrier or site."""

    place: str
    first: date
    last: date


class Case(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A small ledger and what a detector says of it.

    story: what happened; for a case that must stay silent also where the false alarm came from.
    background: ``shop`` adds a handful of complete honest returns, ``busy`` enough daily traffic besides to tell an outage.
    outages: days on which the busy background is silent.
    given: what all rows below have in common, beyond what is usual (`ledgers.USUAL`).
    Every other key is a table of facts.
    """

    story: str
    as_of: datetime
    background: Literal["none", "shop", "busy"] = "shop"
    outages: list[Outage] = []
    given: dict[str, Any] = {}
    expect: list[Expected] = []


class Told(msgspec.Struct, frozen=True):
    """A case that was read: its place in the folders, and all its facts with those of the background."""

    detector: str
    kind: Literal["fires", "silent"]
    name: str
    story: str
    as_of: int
    ledger: Ledger
    expect: frozenset[tuple[str, str, str]]

    @property
    def title(self) -> str:
        return f"{self.detector}-{self.kind}-{self.name}"


def tell(path: Path) -> Told:
    """Read one case; a wrong field or word anywhere in it is an error."""
    raw = tomllib.loads(path.read_text(encoding="utf-8"))
    tables = {key: raw.pop(key) for key in list(raw) if key in fact_types()}
    case = msgspec.convert(raw, Case)
    own = read(tables, case.given)
    around = [] if case.background == "none" else [shop(case.as_of)]
    if case.background == "busy":
        around.append(busy(case.as_of, case.outages))
    expect = frozenset((one.subject, fact, role) for one in case.expect for role, facts in one.facts.items() for fact in facts)
    detector, kind = path.parts[-4], path.parts[-2]
    return Told(detector, kind, path.stem, case.story, micros(case.as_of), joined(own, *around), expect)


@cache
def every_case() -> tuple[Told, ...]:
    """Every case of every detector, in order of detector, kind and name."""
    paths = (path for name in every_detector() for path in sorted((FOLDERS / name / "cases").glob("*/*.toml")))
    return tuple(tell(path) for path in paths)
