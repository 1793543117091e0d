"""All reference pages by their path, and how they differ from what lies on disk."""

import difflib
from collections.abc import Iterator, Mapping
from pathlib import Path

from beleg.reference.api import api, openapi, settings
from beleg.reference.commands import commands
from beleg.reference.detectors import detectors
from beleg.reference.facts import facts
from beleg.reference.mapping import mapping
from beleg.reference.policies import policies
from beleg.reference.proofs import proofs
from beleg.reference.schemas import schemas
from beleg.reference.subjects import subjects

# Written by `make evals` from measurements, not from the code.
_PAGES = (
    "quality", "quality_holds", "quality_learned", "quality_closed", "quality_subjects", "quality_rings", "quality_insiders",
    "quality_graphs",
)  # fmt: skip
_MEASURED = frozenset(f"{name}.{kind}" for name in _PAGES for kind in ("md", "json"))


def pages() -> dict[str, str]:
    """Every page and schema, by its path below the reference folder."""
    found = {
        "facts.md": facts(),
        "proofs.md": proofs(),
        "detectors.md": detectors(),
        "subjects.md": subjects(),
        "mapping.md": mapping(),
        "policies.md": policies(),
    }
    found |= {"api.md": api(), "openapi.json": openapi(), "settings.md": settings()}
    if (text := commands()) is not None:
        found["cli.md"] = text
    return found | {f"schemas/{name}": schema for name, schema in schemas().items()}


def write(wanted: Mapping[str, str], folder: Path) -> None:
    """Write the pages and take away those that are no more."""
    for path in _present(folder) - wanted.keys():
        (folder / path).unlink()
    for path, text in wanted.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8", newline="\n")


def differences(wanted: Mapping[str, str], folder: Path) -> Iterator[str]:
    """Each stale, missing or left-over page as a diff."""
    for path in sorted(_present(folder) | wanted.keys()):
        there = (folder / path).read_text(encoding="utf-8") if (folder / path).is_file() else ""
        if there != wanted.get(path, ""):
            diff = difflib.unified_diff(
                there.splitlines(), wanted.get(path, "").splitlines(), f"{path} on disk", f"{path} from the code", n=1, lineterm=""
            )
            yield "\n".join(diff)


def _present(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} - _MEASURED
