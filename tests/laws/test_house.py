"""The house rules that no linter knows: one sentence a module, short files and functions, documents that tell the truth."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = sorted((ROOT / "src").rglob("*.py"))
CODE = [*SOURCE, *sorted((ROOT / "bench").rglob("*.py")), *sorted((ROOT / "evals").rglob("*.py"))]
TREES = {path: ast.parse(path.read_text()) for path in CODE}


def tracked() -> list[Path]:
    """Every file of the project: as git knows them, or all that lies here when this is no checkout."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    names = listed.stdout.split("\0") if listed.returncode == 0 else [str(path) for path in ROOT.glob("[!.]*/**/*")]
    return [path for name in names if name and (path := ROOT / name).is_file()]


FILES = tracked()
PAGES = [path for path in FILES if path.suffix == ".md"]


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def functions(tree: ast.Module) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, (node.end_lineno or node.lineno) - node.lineno + 1


def test_the_walk_finds_the_house() -> None:
    assert len(SOURCE) > 100
    assert any(name(path) == "docs/reference/facts.md" for path in PAGES)


def test_every_module_opens_with_one_sentence() -> None:
    openings = {name(path): (ast.get_docstring(tree) or "").split("\n\n")[0] for path, tree in TREES.items()}
    assert [path for path, opening in openings.items() if not opening.endswith(".") or "\n" in opening] == []


def test_no_file_is_over_400_lines() -> None:
    lengths = {name(path): len(path.read_text().splitlines()) for path in CODE}
    assert {path: lines for path, lines in lengths.items() if lines > 400} == {}
    assert median(lengths.values()) <= 120


def test_no_function_is_over_60_lines() -> None:
    lengths = {(name(path), function): lines for path, tree in TREES.items() for function, lines in functions(tree)}
    assert {place: lines for place, lines in lengths.items() if lines > 60} == {}
    assert median(lengths.values()) <= 8


# Each is built so that it does not find itself.
MARKS = ("TO" + "DO", "FIX" + "ME", "X" * 3, "NotImplemented" + "Error", "pragma: " + "no cover", "type: " + "ignore", "no" + "qa")


@pytest.mark.parametrize("mark", MARKS)
def test_nothing_is_left_for_later_or_waved_through(mark: str) -> None:
    found = [
        f"{name(path)}:{number}" for path in CODE for number, line in enumerate(path.read_text().splitlines(), 1) if mark in line
    ]
    assert found == []


# Where a package or this checkout happens to lie is nobody's business.
PLACES = (
    r"(?<![\w.-])/(?:wo" + r"rk|fa" + r"rm|ro" + r"ot)/",
    "bash" + "_jobs",
    r"pypi\." + "org",
    "python" + "hosted",
    r"npmjs\." + "(?:com|org)",
)


@pytest.mark.parametrize("place", PLACES)
def test_no_file_names_a_machine_or_a_registry(place: str) -> None:
    texts = ((path, path.read_text(errors="replace")) for path in FILES if path.suffix not in {".parquet", ".gz"})
    assert [name(path) for path, text in texts if re.search(place, text)] == []


def test_engines_are_opened_in_one_place() -> None:
    opening = re.compile(r"\bibis\.(?:duckdb|sqlite|postgres|pyspark|polars|connect)\b")
    found = [name(path) for path in SOURCE if opening.search(path.read_text())]
    assert found
    assert [path for path in found if not path.startswith("src/beleg/ledger/engines/")] == []


LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def prose(text: str) -> str:
    return re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)


def anchors(page: Path) -> set[str]:
    titles = (re.sub(r"[`*]", "", title).strip().lower() for title in HEADING.findall(prose(page.read_text())))
    return {re.sub(r"[^\w\- ]", "", title).replace(" ", "-") for title in titles}


def broken_links(page: Path) -> Iterator[str]:
    for link in LINK.findall(prose(page.read_text())):
        target, _, anchor = link.partition("#")
        if "://" in target or target.startswith("mailto:"):
            continue
        goal = (page.parent / target).resolve() if target else page
        if not goal.exists() or (anchor and goal.suffix == ".md" and anchor not in anchors(goal)):
            yield link


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_somewhere(page: Path) -> None:
    assert list(broken_links(page)) == []


def said(pattern: str) -> dict[str, str]:
    """Each word that documents put in code after a command, and one page that does."""
    spans = re.compile(r"`([^`\n]+)`|^```(?:sh|console|text)?\n(.*?)^```$", re.DOTALL | re.MULTILINE)
    found = {}
    for page in PAGES:
        for span in spans.finditer(page.read_text()):
            for word in re.findall(pattern, span[1] or span[2] or "", re.MULTILINE):
                found[word] = name(page)
    return found


def test_documents_name_make_targets_that_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = said(r"(?:^|&& |\$ )make ([a-z][a-z-]*)")
    assert named
    assert {word: page for word, page in named.items() if word not in targets} == {}


def test_documents_name_commands_that_exist() -> None:
    commands = set(re.findall(r"^#+ beleg ([a-z]+)$", (ROOT / "docs/reference/cli.md").read_text(), re.MULTILINE))
    named = said(r"(?:^|&& |\$ |bin/)beleg ([a-z]+)")
    assert commands
    assert {word: page for word, page in named.items() if word not in commands} == {}


def test_the_quick_start_is_two_commands() -> None:
    text = (ROOT / "README.md").read_text()
    section = re.search(r"^## Quick start$(.*?)(?=^## |\Z)", text, re.DOTALL | re.MULTILINE)
    assert section, "README.md has no '## Quick start'"
    blocks = re.findall(r"^```(\w*)\n(.*?)^```$", section[1], re.DOTALL | re.MULTILINE)
    assert blocks[0][0] == "sh"
    commands = [line for line in blocks[0][1].splitlines() if line.strip() and not line.startswith("#")]
    assert len(commands) == 2
    assert [word for word, _ in blocks].count("sh") == 1


def test_the_long_runs_fuzz_the_readers_for_a_stated_time():
    told = subprocess.run(["make", "-n", "acceptance", "FUZZ_SECONDS=7"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "tests/acceptance/fuzz_readers.py -max_total_time=7 " in told.stdout
