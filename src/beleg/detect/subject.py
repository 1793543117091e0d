"""A detector of subjects: its card, and the three functions that count, judge, and name the facts it rests on."""

import importlib
import pkgutil
import tomllib
from collections.abc import Callable, Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Literal

import ibis.expr.types as ir
import msgspec
import pyarrow as pa

from beleg.detect import subjects
from beleg.detect.card import Outcomes, Rival
from beleg.detect.judged import Judged
from beleg.proofs.dossier import Dossier

Kind = Literal["account", "ring", "staff"]
Family = Literal["proofs", "ties", "conduct", "rate", "claims", "access", "identity"]


class SubjectCard(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a detector of subjects says about itself; `needs` is read as a `Card`'s.

    measure: what is counted, in words that follow a number. counterpart: what the other one is, if the question is about two.
    weak: it adds to a sum and never alerts alone. share: its part of the product's error rate, relative to the other detectors'.
    learned: it learns from closed cases and runs only where fraud was confirmed, so it has an error rate of its own.
    """

    question: str
    why: str
    measure: str
    version: str
    subject: Kind
    family: Family
    needs: tuple[str, ...]
    outcomes: Outcomes
    blind_spots: tuple[str, ...]
    what_to_do: tuple[str, ...]
    rivals: tuple[Rival, ...]
    counterpart: Literal["", "account", "ring", "staff"] = ""
    weak: bool = False
    learned: bool = False
    share: float = 1.0
    standards: tuple[str, ...] = ()
    lifecycle: Literal["experimental", "stable", "deprecated"] = "experimental"


class Naming(msgspec.Struct, frozen=True):
    """How a detector that counts very many subjects by the engine's own numbers comes by the names of those who are spoken of.

    names: given a table of numbers (`NUMBERS`), what they stand for: what, number, kind, name. spoken: puts names where numbers
    stand.
    """

    names: Callable[[Dossier, ir.Table], ir.Table]
    spoken: Callable[[Judged, pa.Table], Judged]


class SubjectDetector(msgspec.Struct, frozen=True):
    """One detector: its folder's name, its card and its functions.

    count: what is counted per subject and stratum, one expression that every engine runs alike. judge: the counts held against
    peers. rests_on: given a table `named` (subject, member, counterpart; a ring has a row per member, others are their own), the
    facts and slices behind it: subject, fact_id, role, slice_id.

    naming: how names are put in the place of numbers, if it counts by numbers.
    """

    name: str
    card: SubjectCard
    count: Callable[[Dossier], ir.Table]
    judge: Callable[[pa.Table], Judged]
    rests_on: Callable[[Dossier, ir.Table], ir.Table]
    naming: Naming | None = None


@cache
def every_subject_detector() -> Mapping[str, SubjectDetector]:
    """Every detector of subjects by its folder's name."""
    return MappingProxyType({entry.name: _read(entry.name) for entry in pkgutil.iter_modules(subjects.__path__)})


def _read(name: str) -> SubjectDetector:
    text = files(f"{subjects.__name__}.{name}").joinpath("card.toml").read_text(encoding="utf-8")
    card = msgspec.convert(tomllib.loads(text), SubjectCard)
    module = importlib.import_module(f"{subjects.__name__}.{name}.detector")
    naming = Naming(module.names, module.spoken) if hasattr(module, "names") else None
    return SubjectDetector(name, card, module.count, module.judge, module.rests_on, naming)
