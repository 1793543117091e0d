"""The import contracts hold, and each of them would notice: one bad import per contract, tried on a copy of the source."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]

# One import that each contract forbids: the file it is written into, and the line. Type-only imports count like any other.
BROKEN_BY = {
    "The house": ("ledger/view.py", "from beleg.proofs import words"),
    "No room has a cycle": ("proofs/words.py", "from beleg.proofs import states"),
    "Kernels know nothing": ("kernels/people.py", "from beleg.facts import base"),
    "Nothing that detects": (
        "proofs/rows.py",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from beleg.world import truth",
    ),
    "A vendor's format": ("detect/rows.py", "from beleg.connect import read"),
    "The report reads": ("report/figures.py", "from beleg.detect import card"),
    "Cases are made": ("cases/labels.py", "from beleg.proofs import words"),
    "Detectors are independent": (
        "detect/detectors/double_dip/detector.py",
        "from beleg.detect.detectors.keyed_receipt import detector",
    ),
    "A detector sees": ("detect/run.py", "from beleg.ledger.engines import base"),
    "Engines are behind": ("connect/files.py", "import duckdb"),
    "Facts rest": ("facts/slices.py", "import numpy"),
    "Nothing of Beleg": ("kernels/liveness.py", "import pandas"),
}


def lint(source: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as run; run()", "--no-cache", "--no-logo"]
    environment = {**os.environ, "PYTHONPATH": str(source), "COLUMNS": "400"}
    config = ["--config", str(ROOT / "pyproject.toml")]
    return subprocess.run([*command, *config], env=environment, capture_output=True, text=True, check=False, cwd=source)


def test_every_contract_has_an_import_that_breaks_it() -> None:
    unmatched = [one["name"] for one in CONTRACTS if sum(one["name"].startswith(key) for key in BROKEN_BY) != 1]
    assert not unmatched
    assert len(BROKEN_BY) == len(CONTRACTS)


def test_the_contracts_hold() -> None:
    done = lint(ROOT / "src")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def spoiled(tmp_path_factory: pytest.TempPathFactory) -> str:
    source = tmp_path_factory.mktemp("spoiled")
    shutil.copytree(ROOT / "src" / "beleg", source / "beleg", ignore=shutil.ignore_patterns("__pycache__"))
    for file, line in BROKEN_BY.values():
        path = source / "beleg" / file
        path.write_text(path.read_text() + "\n" + line + "\n")
    return lint(source).stdout


@pytest.mark.parametrize("contract", BROKEN_BY)
def test_a_bad_import_is_noticed(contract: str, spoiled: str) -> None:
    assert re.findall(rf"^{contract}.* (KEPT|BROKEN)\b", spoiled, re.MULTILINE) == ["BROKEN"], spoiled
