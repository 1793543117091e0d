"""A subject detector's cases: one TOML file each, see `Case`; all of them, found by walking the detectors' folders."""

import tomllib
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Literal

import msgspec

from beleg.detect import subjects
from beleg.detect.subject import every_subject_detector
from beleg.facts.registry import fact_types
from support.desk import Returns, returns, staff
from support.ledgers import Ledger, joined, micros, read

FOLDERS = Path(subjects.__path__[0])


class Expected(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One subject that passes, with whom it was seen if the question is about two, and how many facts play each part."""

    subject: str
    counterpart: str = ""
    facts: dict[str, int] = {}


class Case(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A desk and what a detector says of it.

    story: what happened; for a case that must stay silent also where the false alarm came from. staff: how many people of each
    role there are; contacts: whose private contact the roster knows. returns: peers in a few words, and whoever is not like them.
    rings: accounts by ring, as if rings had been found. weighed: the bits over the prior of each refund of what was never put away,
    as if refunds had been weighed and these stood above the line; with nothing said none does. given: what all rows below have in
    common. too_few: who must be told to have too few peers. Every other key is a table of facts.
    """

    story: str
    as_of: datetime
    staff: int = 12
    contacts: list[str] = []
    returns: list[Returns] = []
    rings: dict[str, list[str]] = {}
    weighed: float = 0.0
    given: dict[str, Any] = {}
    expect: list[Expected] = []
    too_few: list[str] = []


class Told(msgspec.Struct, frozen=True):
    """A case that was read, with all its facts."""

    detector: str
    kind: Literal["fires", "silent"]
    name: str
    case: Case
    ledger: Ledger

    @property
    def title(self) -> str:
        return f"{self.detector}-{self.kind}-{self.name}"

    @property
    def as_of(self) -> int:
        return micros(self.case.as_of)

    @property
    def size(self) -> int:
        return sum(len(rows) for rows in self.ledger.values())

    @property
    def members(self) -> list[tuple[str, str]]:
        return [(ring, account) for ring, accounts in self.case.rings.items() for account in accounts]


def tell(path: Path) -> Told:
    """Read one case; a wrong field or word anywhere in it is an error."""
    raw = tomllib.loads(path.read_text(encoding="utf-8"))
    tables = {key: raw.pop(key) for key in list(raw) if key in fact_types() and key not in {"staff", "returns"}}
    case = msgspec.convert(raw, Case)
    many = [returns(kind, f"r{number}", case.as_of) for number, kind in enumerate(case.returns)]
    detector, kind = path.parts[-4], path.parts[-2]
    return Told(detector, kind, path.stem, case, joined(staff(case.staff, case.contacts), read(tables, case.given), *many))


@cache
def every_subject_case() -> tuple[Told, ...]:
    """Every case of every detector of subjects, in order of detector, kind and name."""
    paths = (path for name in every_subject_detector() for path in sorted((FOLDERS / name / "cases").glob("*/*.toml")))
    return tuple(tell(path) for path in paths)
