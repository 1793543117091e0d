"""Beleg's own layout: files or folders named for a table of facts; Parquet that is right is referenced where it lies."""

from collections.abc import Callable, Sequence
from pathlib import Path

from beleg.connect.files import InputFile
from beleg.connect.intake import Intake
from beleg.facts.registry import fact_types


def table_named(file: InputFile) -> str | None:
    """The table this file is named for, or the innermost folder that is."""
    names = [file.stem, *reversed(Path(file.name).parent.parts), file.path.parent.name]
    return next((name for name in names if name in fact_types()), None)


def read_own(files: Sequence[InputFile], passed: Sequence[str], into: Path, say: Callable[[str, float], None]) -> Intake:
    """Read Beleg's own layout."""
    raise NotImplementedError
