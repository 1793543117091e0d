"""The mapping file: how one source's columns or JSON paths become facts, as a small TOML document checked word by word."""

import re
import tomllib
from collections.abc import Iterable
from importlib import resources
from pathlib import Path

import msgspec
from msgspec import Struct, field

from beleg.connect.errors import ConnectError
from beleg.facts.told import closest, listed

SHAPES = ("empty", "filled", "positive", "negative", "zero", "not_positive", "not_negative")


class _Part(Struct, forbid_unknown_fields=True, frozen=True):
    """A part of a mapping: a key it does not know is an error, not a silent nothing."""


class Condition(_Part, frozen=True, kw_only=True):
    """What a column must look like; everything said must hold.

    ``is`` is one of `SHAPES` (a bare text says the same); ``equals``, ``not_equals`` and ``starts`` take a word or a list of them;
    ``matches`` and ``not_matches`` are RE2 patterns found anywhere in the text.
    """

    shape: str | None = field(name="is", default=None)
    equals: str | list[str] | None = None
    not_equals: str | list[str] | None = None
    starts: str | list[str] | None = None
    matches: str | None = None
    not_matches: str | None = None


When = dict[str, Condition | str]


class Spec(_Part, frozen=True, kw_only=True):
    """Where one field of a fact comes from and what is done to it on the way; a bare text names a column.

    Exactly one of ``column`` (or JSON path), ``constant`` and ``template`` (``"{order}-{row}"``, where ``row``, ``stem``,
    ``digest``, ``index`` and ``n`` stand for the line, the file's name and digest, the place in an exploded list and in a group
    of rows).
    ``or_else`` is a second column for where the first is empty. ``lookup`` (``"name.column"``) takes the text as a key.
    Then ``drop`` cuts what a pattern matches, ``empty`` names words that mean nothing, ``words`` turns the source's words into ours
    (``otherwise`` the rest; ``""`` leaves the field empty), and the text is read as what the field holds: a time (``formats``,
    ``time_zone``), money (``times`` and ``minus`` name columns; ``sign`` is negate or absolute), a weight in ``unit``, a keyed hash
    (always for digests, on demand with ``hash``). ``default`` fills what is empty.
    """

    column: str | None = None
    or_else: str | None = None
    constant: str | int | bool | None = None
    template: str | None = None
    lookup: str | None = None
    words: dict[str, str] | None = None
    otherwise: str | None = None
    formats: list[str] | None = None
    time_zone: str | None = None
    times: str | None = None
    minus: str | None = None
    hashed: bool = field(name="hash", default=False)
    sign: str | None = None
    unit: str | None = None
    drop: str | None = None
    empty: list[str] | None = None
    default: str | int | bool | None = None


class SourceRule(_Part, frozen=True, kw_only=True):
    """One kind of file: which files, how they are written, and what makes two of its rows the same delivery.

    ``signature`` lists the headers by which it is recognised; every column that a rule names must be there unless ``optional``.
    With ``key`` a row that comes again is re-delivered, and one with other contents is quarantined: the first stands. Without, only
    a whole file that comes again is. ``fill_down`` fills blanks from the row above within rows that share ``group``.
    ``rounding = "nearest"`` allows money finer than the currency's smallest unit (halves to even).
    """

    files: str | list[str] = "*"
    signature: list[str] = []
    optional: list[str] = []
    feed: str | None = None
    records: str | None = None
    encoding: str | None = None
    separator: str | None = None
    skip_lines: int = 0
    decimal: str = "."
    formats: list[str] = []
    time_zone: str | None = None
    currency: str | None = None
    rounding: str = "exact"
    empty: list[str] = []
    key: list[str] = []
    fill_down: list[str] = []
    group: list[str] = []
    recording_delay: str = "0s"
    notes: list[str] = []


class IgnoreRule(_Part, frozen=True, kw_only=True):
    """Rows left out on purpose, under a name that the books show."""

    name: str
    why: str
    when: When
    source: str | None = field(name="from", default=None)


Said = Spec | str | int | bool


class FactRule(_Part, frozen=True, kw_only=True):
    """Rows that become one fact each, or one fact per element of the JSON list (or object of objects) at ``each``.

    ``once`` makes a single fact of all rows that agree in these columns: the first good one.
    """

    table: str
    fields: dict[str, Said]
    source: str | None = field(name="from", default=None)
    when: When = {}
    each: str | None = None
    once: list[str] = []


class LookupRule(_Part, frozen=True, kw_only=True):
    """Another file of the same export, from which rows take attributes by a key."""

    files: str | list[str]
    key: str
    columns: list[str]
    combine: str = "first"
    decimal: str = "."


class Mapping(_Part, frozen=True, kw_only=True):
    """A whole mapping file."""

    name: str
    description: str = ""
    source: dict[str, SourceRule]
    fact: list[FactRule]
    ignore: list[IgnoreRule] = []
    lookup: dict[str, LookupRule] = {}
    unused: dict[str, str] = {}
    notes: list[str] = []

    def facts_of(self, source: str) -> list[FactRule]:
        """The fact rules of this source; a rule that names none belongs to the only one there is."""
        return [rule for rule in self.fact if (rule.source or source) == source]

    def ignores_of(self, source: str) -> list[IgnoreRule]:
        """The ignore rules of this source."""
        return [rule for rule in self.ignore if (rule.source or source) == source]


def as_spec(spec: Said) -> Spec:
    """A bare text names a column; a bare number or truth value is a constant."""
    if isinstance(spec, Spec):
        return spec
    return Spec(column=spec) if isinstance(spec, str) else Spec(constant=spec)


def shipped() -> dict[str, Path]:
    """The mappings that come with Beleg, by name."""
    folder = Path(str(resources.files("beleg.connect") / "mappings"))
    return {path.stem: path for path in sorted(folder.glob("*.toml"))}


def parse(text: str, where: str) -> Mapping:
    """A mapping from its text; every mistake is told with the key, what stood there and the nearest known word."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as problem:
        raise ConnectError(where, got=str(problem), expected="TOML", mend="mend the line named") from problem
    try:
        return msgspec.convert(raw, Mapping)
    except msgspec.ValidationError as problem:
        raise _told(where, str(problem)) from problem


_UNKNOWN = re.compile(r"Object contains unknown field `(?P<word>[^`]*)`(?: - at `\$\.?(?P<at>[^`]*)`)?")
_MISSING = re.compile(r"Object missing required field `(?P<word>[^`]*)`(?: - at `\$\.?(?P<at>[^`]*)`)?")
_TYPE = re.compile(r"Expected `(?P<expected>[^`]*)`, got `(?P<got>[^`]*)`(?: - at (?:key )?.*`\$\.?(?P<at>[^`]*)`)?")
_BLOCKS: dict[str, type[Struct]] = {"source": SourceRule, "fact": FactRule, "ignore": IgnoreRule, "lookup": LookupRule}


def _told(where: str, problem: str) -> ConnectError:
    if found := _UNKNOWN.match(problem):
        block = _block(found["at"] or "")
        known = _keys(block)
        return ConnectError(
            f"{where}: {found['at'] or 'top level'}",
            got=f"the key {found['word']!r}{closest(found['word'], known)}",
            expected=f"one of {listed(known, 30)}",
            mend="correct or remove the key",
        )
    if found := _MISSING.match(problem):
        return ConnectError(
            f"{where}: {found['at'] or 'top level'}", got="nothing", expected=f"the key {found['word']!r}", mend="add it"
        )
    if found := _TYPE.match(problem):
        return ConnectError(
            f"{where}: {found['at'] or 'top level'}",
            got=f"a value of type {found['got']}",
            expected=f"a value of type {found['expected']}",
            mend="correct the value",
        )
    return ConnectError(where, got=problem, expected="a mapping file", mend="see the guide on mapping files")


def _block(at: str) -> type[Struct]:
    head = re.split(r"[.\[]", at, maxsplit=1)[0]
    if ".fields" in at:
        return Spec
    if ".when" in at:
        return Condition
    return _BLOCKS.get(head, Mapping)


def _keys(block: type[Struct]) -> Iterable[str]:
    return tuple(entry.encode_name for entry in msgspec.structs.fields(block))
