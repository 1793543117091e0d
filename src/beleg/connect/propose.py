"""A mapping proposed from headers and values, with what it is sure of, what to check, and what it could not place."""

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from beleg.connect.drafts import Column, Draft, draft
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
    lists: dict[str, dict[str, Shape]]

    @property
    def found(self) -> dict[str, Column]:
        """What its columns stand for."""
        return _found(self.shapes)

    @property
    def inside(self) -> dict[str, dict[str, Column]]:
        """What the columns of its lists' elements stand for."""
        return {path: _found(shapes) for path, shapes in self.lists.items()}


def propose(path: Path | str) -> Proposal:
    """Propose a mapping for these files; `read` takes its text as it stands.

    Raises:
        ConnectError: nothing to read, or no column that looks like an order, a refund, a return or a parcel.
    """
    files, _ = find(path)
    kinds = _kinds(files)
    drafts = [(kind, draft(kind.name, {**_elsewhere(kind, kinds), **kind.found}, kind.inside)) for kind in kinds]
    unplaced = [each for kind, made in drafts for each in _left_over(kind, made.used | _taken_by_others(kind, drafts))]
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
        shapes, lists = _sampled(file)
        key = tuple(sorted(shapes))
        if not key:
            continue
        if key in found:
            found[key].files.append(file)
            continue
        base = re.sub(r"[^a-z]+", "_", plain(file.stem)).strip("_") or "rows"
        name = next(each for each in (base, *(f"{base}_{number}" for number in range(2, 999))) if each not in names)
        names.add(name)
        found[key] = _Seen(name, [file], shapes, lists)
    return list(found.values())


def _sampled(file: InputFile) -> tuple[dict[str, Shape], dict[str, dict[str, Shape]]]:
    """Each column's shape by the file's first rows, and the same for the elements of each list."""
    seen = glance(file)
    for batch in opened(file, seen, None):
        frame = Frame(batch, FileFacts(file.name, file.stem, ""), [])
        if batch.records is None:
            return _shapes(frame, list(batch.columns)), {}
        names, lists = _paths(batch.records[:50])
        return _shapes(frame, names), {path: _shapes(frame.exploded(path), _elements(frame, path)) for path in lists}
    return {}, {}


def _shapes(frame: Frame, names: Sequence[str]) -> dict[str, Shape]:
    return {name: shape_of(frame.text(name).slice(0, _SAMPLE).to_pylist()) for name in names}


def _elements(frame: Frame, path: str) -> list[str]:
    """The columns of a list's elements, by their whole paths; those of lists within the list are left alone."""
    names, _ = _paths(frame.elements(path)[:200])
    return [f"{path}.{name}" for name in names]


# Where something may be looked up that the rows themselves do not say: by whose key, and what.
_KEYS = {
    "order": ("account", "ordered_at", "channel", "currency"),
    "account": ("postcode",),
    "article": ("title", "category", "unit_price"),
}


def _tables(kinds: Sequence[_Seen]) -> dict[str, tuple[_Seen, Column]]:
    """The files in which each key stands once, and the key's column, by a name for each such table."""
    return {
        f"{kind.name}_by_{key}": (kind, kind.found[key])
        for key in _KEYS
        for kind in kinds
        if key in kind.found and _once(kind.found[key].shape)
    }


def _elsewhere(kind: _Seen, kinds: Sequence[_Seen]) -> dict[str, Column]:
    """What another file says of these rows, by a key that both have."""
    mine = kind.found
    taken: dict[str, Column] = {}
    for table, (other, _) in _tables(kinds).items():
        key = table.rpartition("_by_")[2]
        if other is kind or key not in mine:
            continue
        for meaning, column in other.found.items():
            if meaning in _KEYS[key] and meaning not in mine:
                taken.setdefault(meaning, Column(column.name, column.shape, table, mine[key].name))
    return taken


def _once(shape: Shape) -> bool:
    return shape.filled > 0 and shape.distinct == shape.filled


def _found(shapes: Mapping[str, Shape]) -> dict[str, Column]:
    return {meaning: Column(column, shapes[column]) for meaning, column in _meanings(list(shapes)).items()}


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


def _taken_by_others(kind: _Seen, drafts: Sequence[tuple[_Seen, Draft]]) -> set[str]:
    mine = {table: key.name for table, (other, key) in _tables([each for each, _ in drafts]).items() if other is kind}
    taken = [column for _, made in drafts for column in made.looked_up if column.lookup in mine]
    return {name for column in taken for name in (column.name, mine[column.lookup])}


def _left_over(kind: _Seen, used: set[str]) -> list[Unplaced]:
    file = kind.files[0].name
    rest = list(_unused(file, kind.shapes, used))
    for path, shapes in kind.lists.items():
        inside = list(_unused(file, shapes, used))
        told = len(inside) < len(shapes) or not inside
        rest += inside if told and shapes else [Unplaced(file, path, "a list: give it a [[fact]] with `each`")]
    return rest


def _unused(file: str, shapes: Mapping[str, Shape], used: set[str]) -> Iterator[Unplaced]:
    taken = {column: meaning for meaning, column in _meanings(list(shapes)).items()}
    for column, shape in shapes.items():
        if column not in used:
            yield Unplaced(file, column, _why(shape, taken.get(column, "")))


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
            lines += [f"[source.{kind.name}]", _files(kind), *made.settings, ""]
    looked_up = {column for _, made in drafts for column in made.looked_up}
    for table, (kind, key) in _tables([kind for kind, _ in drafts]).items():
        if columns := sorted({column.name for column in looked_up if column.lookup == table}):
            told = ", ".join(map(_quoted, columns))
            lines += [f"[lookup.{table}]", _files(kind), f"key = {_quoted(key.name)}", f"columns = [{told}]", ""]
    for _, made in drafts:
        for fact in made.facts:
            lines += [*fact, ""]
    return "\n".join(lines)


def _files(kind: _Seen) -> str:
    return f"files = [{', '.join(map(_quoted, sorted({_pattern(file) for file in kind.files})))}]"


def _pattern(file: InputFile) -> str:
    """The file's name with runs of digits left open, so that tomorrow's file fits as well."""
    return re.sub(r"\d[\d_-]*", "*", file.path.name)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
