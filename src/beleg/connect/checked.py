"""A mapping checked before anything is read: every table, field, word, time zone and pattern in it exists and fits."""

import codecs
import re
from collections.abc import Iterator
from typing import NoReturn
from zoneinfo import ZoneInfo

import pyarrow as pa

from beleg.connect.columns import pc, texts
from beleg.connect.errors import ConnectError
from beleg.connect.fields import MINOR
from beleg.connect.mapping import SHAPES, Condition, FactRule, Mapping, SourceRule, Spec, When, as_spec
from beleg.connect.slots import Slot, slots
from beleg.connect.values import GRAMS, duration
from beleg.facts.registry import fact_types
from beleg.facts.told import closest, listed

_OURS = frozenset({"known_at", "ingested_at", "origin"})
_FILLED = frozenset({"id", "source"})


def check(mapping: Mapping, where: str) -> None:
    """Refuse a mapping that could not be followed."""
    for name, rule in mapping.source.items():
        _source(f"{where}: source.{name}", rule)
    for number, ignore in enumerate(mapping.ignore, 1):
        place = f"{where}: ignore {number} ({ignore.name})"
        _belongs(place, ignore.source, mapping)
        _when(place, ignore.when)
    for number, fact in enumerate(mapping.fact, 1):
        _fact(f"{where}: fact {number} ({fact.table})", fact, mapping)
    for name, lookup in mapping.lookup.items():
        _one_of(f"{where}: lookup.{name}.combine", lookup.combine, ("first", "sum"))
        _one_of(f"{where}: lookup.{name}.decimal", lookup.decimal, (".", ","))
    if not mapping.source or not mapping.fact:
        _refuse(where, "no source or no fact", "at least one [source.NAME] and one [[fact]]", "add them")


def _refuse(where: str, got: str, expected: str, mend: str) -> NoReturn:
    raise ConnectError(where, got=got, expected=expected, mend=mend)


def _one_of(where: str, word: str, known: tuple[str, ...]) -> None:
    if word not in known:
        _refuse(where, f"{word!r}{closest(word, known)}", f"one of {listed(known, 40)}", "correct the word")


def _source(where: str, rule: SourceRule) -> None:
    _one_of(f"{where}.decimal", rule.decimal, (".", ","))
    _one_of(f"{where}.rounding", rule.rounding, ("exact", "nearest"))
    _zone(f"{where}.time_zone", rule.time_zone)
    if duration(rule.recording_delay) is None:
        _refuse(f"{where}.recording_delay", repr(rule.recording_delay), "a span such as 90s, 15m, 36h or 2d", "correct it")
    if rule.separator is not None and len(rule.separator) != 1:
        _refuse(f"{where}.separator", repr(rule.separator), "one character", "correct it")
    if rule.currency is not None and not re.fullmatch("[A-Z]{3}", rule.currency):
        _refuse(f"{where}.currency", repr(rule.currency), "an ISO 4217 code such as EUR", "correct it")
    if rule.encoding is not None:
        _encoding(f"{where}.encoding", rule.encoding)


def _encoding(where: str, name: str) -> None:
    try:
        codecs.lookup(name)
        "a".encode(name)
    except (LookupError, TypeError, ValueError):
        _refuse(where, repr(name), "an encoding such as utf-8, cp1252 or utf-16", "correct it")


def _zone(where: str, name: str | None) -> None:
    try:
        ZoneInfo(name or "UTC")
    except (ValueError, OSError, LookupError):
        _refuse(where, repr(name), "a time zone such as Europe/London or UTC", "correct it")


def _belongs(where: str, source: str | None, mapping: Mapping) -> None:
    if source is None and len(mapping.source) > 1:
        _refuse(where, "no `from`", f"`from`, naming one of {listed(mapping.source)}", "say which source it speaks about")
    if source is not None and source not in mapping.source:
        near = closest(source, mapping.source)
        _refuse(f"{where}.from", f"{source!r}{near}", f"one of {listed(mapping.source)}", "correct the name")


def _fact(where: str, rule: FactRule, mapping: Mapping) -> None:
    _one_of(f"{where}.table", rule.table, tuple(fact_types()))
    _belongs(where, rule.source, mapping)
    _when(where, rule.when)
    known = slots(rule.table)
    source = mapping.source[rule.source or next(iter(mapping.source))]
    for name, said in rule.fields.items():
        if name not in known or name in _OURS:
            free = [field for field in known if field not in _OURS]
            near = closest(name, free)
            _refuse(f"{where}.fields", f"{name!r}{near}", f"one of {listed(free, 40)}", "correct or remove the field")
        _spec(f"{where}.fields.{name}", known[name], as_spec(said), mapping)
    for slot in known.values():
        given = slot.name in rule.fields or slot.name in _FILLED or (slot.name == "currency" and source.currency)
        if slot.required and not given:
            _refuse(f"{where}.fields", "nothing", f"the field {slot.name!r}, which every fact of {rule.table} has", "add it")


def _spec(where: str, slot: Slot, spec: Spec, mapping: Mapping) -> None:
    said = [word for word in ("column", "constant", "template") if getattr(spec, word) is not None]
    if len(said) != 1:
        _refuse(where, listed(said) or "nothing", "one of column, constant, template", "say where the value comes from")
    _one_of(f"{where}.sign", spec.sign or "negate", ("negate", "absolute"))
    _one_of(f"{where}.unit", spec.unit or "g", (*GRAMS, MINOR))
    _zone(f"{where}.time_zone", spec.time_zone)
    _pattern(f"{where}.drop", spec.drop)
    if (spec.times or spec.minus) and slot.kind != "money":
        _refuse(where, "`times` or `minus`", "them on money only", "remove them")
    if spec.lookup:
        _lookup(f"{where}.lookup", spec.lookup, mapping)
    for word in _our_words(slot, spec):
        _one_of(where, word, slot.words)


def _our_words(slot: Slot, spec: Spec) -> Iterator[str]:
    if not slot.words:
        return
    if spec.constant is not None:
        yield str(spec.constant)
    yield from (spec.words or {}).values()
    yield from (str(word) for word in (spec.otherwise, spec.default) if word)


def _lookup(where: str, path: str, mapping: Mapping) -> None:
    name, _, column = path.partition(".")
    if name not in mapping.lookup:
        near = closest(name, mapping.lookup)
        _refuse(where, f"{name!r}{near}", f"one of {listed(mapping.lookup)}" if mapping.lookup else "a [lookup.NAME]", "add it")
    _one_of(where, column, tuple(mapping.lookup[name].columns))


def _when(where: str, when: When) -> None:
    for column, wanted in when.items():
        condition = Condition(shape=wanted) if isinstance(wanted, str) else wanted
        place = f"{where}.when.{column}"
        _one_of(place, condition.shape or "empty", SHAPES)
        for pattern in (condition.matches, condition.not_matches):
            _pattern(place, pattern)


def _pattern(where: str, pattern: str | None) -> None:
    try:
        pc.match_substring_regex(texts(["a"]), pattern or "a")
    except pa.ArrowException:
        _refuse(where, repr(pattern), "a regular expression (RE2: no look-ahead, no back-reference)", "correct it")
