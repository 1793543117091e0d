"""A mapping proposed from headers and values, with what it is sure of, what to check, and what it could not place."""

import difflib
import re
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from beleg.connect.drafts import Draft, draft
from beleg.connect.errors import ConnectError
from beleg.connect.files import InputFile, find, glance
from beleg.connect.frame import FileFacts, Frame
from beleg.connect.loading import from_text
from beleg.connect.run import opened
from beleg.connect.shapes import Shape, shape_of
from beleg.connect.synonyms import NAMES, plain
from beleg.facts.told import listed

_SAMPLE = 2000


class Unplaced(Struct, frozen=True):
    """A column that the proposal makes no use of, and why."""

    file: str
    column: str
    why: str


class Proposal(Struct, frozen=True):
    """A mapping file to look through and keep, and what it leaves out."""

    text: str
    unplaced: tuple[Unplaced, ...]


class _Seen(Struct):
    """One kind of file: those that share a header."""

    name: str
    files: list[InputFile]
    shapes: dict[str, Shape]
    nested: list[str]


def propose(path: Path | str) -> Proposal:
    """Propose a mapping for these files; `read` takes its text as it stands.

    Raises:
        ConnectError: nothing to read, or no column that looks like an order, a refund, a return or a parcel.
    """
    files, _ = find(path)
    kinds = _kinds(files)
    drafts: list[tuple[_Seen, Draft]] = []
    unplaced: list[Unplaced] = []
    for kind in kinds:
        meanings = _meanings(list(kind.shapes))
        made = draft(kind.name, {name: (column, kind.shapes[column]) for name, column in meanings.items()})
        drafts.append((kind, made))
        unplaced += _left_over(kind, made)
    text = _text(_name(path), drafts)
    if not any(made.facts for _, made in drafts):
        raise _nothing_placed(str(path), kinds)
    from_text(text, "the proposal")
    return Proposal(text, tuple(unplaced))


def _nothing_placed(path: str, kinds: Sequence[_Seen]) -> ConnectError:
    columns = [column for kind in kinds for column in kind.shapes]
    return ConnectError(
        path,
        got=f"the columns {listed(columns)}" if columns else "no column at all",
        expected="columns for an order number with an article, a refund amount, a return or a tracking number",
        mend="name the columns in the header, or write a mapping by hand",
    )


def _kinds(files: Sequence[InputFile]) -> list[_Seen]:
    found: dict[tuple[str, ...], _Seen] = {}
    names: set[str] = set()
    for file in files:
        shapes, nested = _sampled(file)
        key = tuple(sorted(shapes))
        if not key:
            continue
        if key in found:
            found[key].files.append(file)
            continue
        base = re.sub(r"[^a-z]+", "_", plain(file.stem)).strip("_") or "rows"
        name = next(each for each in (base, *(f"{base}_{number}" for number in range(2, 999))) if each not in names)
        names.add(name)
        found[key] = _Seen(name, [file], shapes, nested)
    return list(found.values())


def _sampled(file: InputFile) -> tuple[dict[str, Shape], list[str]]:
    """Each column's shape by the file's first rows, and the paths that hold lists."""
    seen = glance(file)
    for batch in opened(file, seen, None):
        frame = Frame(batch, FileFacts(file.name, file.stem, ""), [])
        nested: list[str] = []
        names = list(batch.columns)
        if batch.records is not None:
            names, nested = _paths(batch.records[:50])
        return {name: shape_of(frame.text(name).slice(0, _SAMPLE).to_pylist()) for name in names}, nested
    return {}, []


def _paths(records: Sequence[object]) -> tuple[list[str], list[str]]:
    plain_paths: dict[str, None] = {}
    nested: dict[str, None] = {}
    for record in records:
        _walk(record, "", plain_paths, nested)
    return list(plain_paths), list(nested)


def _walk(value: object, path: str, found: dict[str, None], nested: dict[str, None]) -> None:
    if isinstance(value, list) or (path and _keyed(value)):
        nested[path] = None
    elif isinstance(value, dict):
        for name, inner in value.items():
            if "." not in name and path.count(".") < 3:
                _walk(inner, f"{path}.{name}" if path else name, found, nested)
    elif path != "_key":
        found[path] = None


def _keyed(value: object) -> bool:
    """Whether an object is a list in disguise: its values are objects and its names are ids."""
    if not isinstance(value, dict) or not value or not all(isinstance(inner, dict) for inner in value.values()):
        return False
    return any(mark.isdigit() for name in value for mark in name)


def _meanings(columns: Sequence[str]) -> dict[str, str]:
    """For each meaning the column that stands for it: exact names first, then near ones; a column stands for one thing."""
    found: dict[str, str] = {}
    for name in (plain, _joined, _last_step):
        for column in columns:
            meaning = NAMES.get(name(column))
            if meaning and meaning not in found and column not in found.values():
                found[meaning] = column
    for column in columns:
        near = difflib.get_close_matches(plain(column), NAMES, n=1, cutoff=0.88)
        if near and column not in found.values() and NAMES[near[0]] not in found:
            found[NAMES[near[0]]] = column
    return found


def _joined(column: str) -> str:
    return plain(column).replace(" ", "")


def _last_step(column: str) -> str:
    return plain(column.rpartition(".")[2])


def _left_over(kind: _Seen, made: Draft) -> list[Unplaced]:
    file = kind.files[0].name
    taken = {column: meaning for meaning, column in _meanings(list(kind.shapes)).items()}
    rest = [
        Unplaced(file, column, _why(kind.shapes[column], taken.get(column, "")))
        for column in kind.shapes
        if column not in made.used
    ]
    return rest + [Unplaced(file, path, "a list: give it a [[fact]] with `each`") for path in kind.nested]


def _why(shape: Shape, meaning: str) -> str:
    if not shape.filled:
        return "empty in the rows looked at"
    looks = f"times written as {shape.time}" if shape.time else "numbers" if shape.number else "text"
    if meaning:
        return f"taken for {meaning.replace('_', ' ')}, which no rule here needs; it holds {looks}"
    return f"its name says nothing known; it holds {looks}, {shape.distinct} different in {shape.filled}"


def _name(path: Path | str) -> str:
    stem = Path(path).name.partition(".")[0]
    return re.sub(r"[^a-z0-9]+", "_", stem.lower()).strip("_") or "proposed"


def _text(name: str, drafts: Sequence[tuple[_Seen, Draft]]) -> str:
    lines = [
        "# Proposed from the headers and values. Look at each line marked CHECK, then keep this file and give it with --mapping.",
        f'name = "{name}"',
        "",
    ]
    for kind, made in drafts:
        if made.facts:
            patterns = sorted({_pattern(file) for file in kind.files})
            lines += [f"[source.{kind.name}]", f"files = [{', '.join(map(_quoted, patterns))}]", *made.settings, ""]
    for _, made in drafts:
        for fact in made.facts:
            lines += [*fact, ""]
    return "\n".join(lines)


def _pattern(file: InputFile) -> str:
    """The file's name with runs of digits left open, so that tomorrow's file fits as well."""
    return re.sub(r"\d[\d_-]*", "*", file.path.name)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
