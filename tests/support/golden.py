"""Texts that people read, held against the ones that were kept."""

import os
from collections.abc import Callable
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "golden"


def kept(room: str) -> Callable[[str, str], None]:
    """Compares a text of this room with the one kept under a name, or keeps it when BELEG_UPDATE_GOLDEN=1."""

    def compare(name: str, text: str) -> None:
        path = FOLDER / room / f"{name}.txt"
        if os.environ.get("BELEG_UPDATE_GOLDEN") == "1":
            path.write_text(text + "\n", encoding="utf-8")
        assert path.exists(), f"no golden file {path.name}: run with BELEG_UPDATE_GOLDEN=1 and read what it writes"
        assert text + "\n" == path.read_text(encoding="utf-8")

    return compare
