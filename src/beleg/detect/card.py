"""A detector's card: the question it answers, what it needs, what each outcome means, and where it is blind."""

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

from beleg.detect import detectors
from beleg.facts.kinds.findings import SubjectKind
from beleg.proofs.dossier import Dossier

Family = Literal["movement", "weight", "item", "afterlife", "conduct", "money", "claim"]


class Rival(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Another explanation of the same facts."""

    name: str
    tells_apart: str


class Outcomes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What each answer means, in sentences."""

    fires: str
    silent: str
    not_run: str


class Card(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a detector says about itself.

    It needs everything that `needs` names: tables with facts in them, columns that hold something (``receipts.serial``), or
    either of two (``scans|dock_arrivals``).
    """

    question: str
    why: str
    method: str
    version: str
    family: Family
    needs: tuple[str, ...]
    outcomes: Outcomes
    blind_spots: tuple[str, ...]
    what_to_do: str
    rivals: tuple[Rival, ...]
    standards: tuple[str, ...] = ()
    subject: SubjectKind = "slice"
    lifecycle: Literal["experimental", "stable", "deprecated"] = "experimental"
    exemptions: dict[str, str] = {}


class Detector(msgspec.Struct, frozen=True):
    """One detector: its folder's name, its card and its function."""

    name: str
    card: Card
    detect: Callable[[Dossier], ir.Table]


@cache
def every_detector() -> Mapping[str, Detector]:
    """Every detector by its folder's name."""
    return MappingProxyType({entry.name: _read(entry.name) for entry in pkgutil.iter_modules(detectors.__path__)})


def _read(name: str) -> Detector:
    text = files(f"{detectors.__name__}.{name}").joinpath("card.toml").read_text(encoding="utf-8")
    card = msgspec.convert(tomllib.loads(text), Card)
    module = importlib.import_module(f"{detectors.__name__}.{name}.detector")
    return Detector(name, card, module.detect)
