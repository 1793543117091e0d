"""One field of a fact from a frame: take the text, shape it, read it as what the field wants, and mark the rows that do not fit."""

import re
from collections.abc import Callable, Mapping
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
from msgspec import Struct

from beleg.connect.columns import Column, Mask, Numbers, empty_column, none, nulls, pc, repeated, strung, texts, to_mask, to_numbers
from beleg.connect.frame import Frame, clean
from beleg.connect.lookups import Lookups
from beleg.connect.mapping import SourceRule, Spec
from beleg.connect.slots import Slot
from beleg.connect.values import degrees, digits_of, each_distinct, flag, grams, instant, integer, keyed_hash, millionths
from beleg.facts.told import listed

_ARROW: dict[str, pa.DataType] = {
    "flag": pa.bool_(),
    "time": pa.int64(),
    "money": pa.int64(),
    "integer": pa.int64(),
    "grams": pa.int64(),
    "degrees": pa.int64(),
}
# Money that a source writes as whole cents.
MINOR = "minor"
_CURRENCY = re.compile(r"[A-Z]{3}")


class Setting(Struct, frozen=True):
    """What reading a field needs to know besides the rows: the source's habits, its lookups and the key for hashes."""

    rule: SourceRule
    lookups: Lookups
    secret: bytes
    own: bool = False


class Cell(Struct):
    """One column of facts: its values, the rows that did not fit, and what to say of them."""

    values: Column
    bad: Mask
    text: Column
    expected: str
    mend: str
    offset: Column | None = None


def evaluate(slot: Slot, spec: Spec, frame: Frame, setting: Setting, currency: Column | None = None) -> Cell:
    """This field for every row of the frame."""
    text = _text(spec, frame, setting)
    cell = _money(spec, text, frame, setting, currency) if _is_money(slot, spec) else _read(slot, spec, text, setting)
    cell.bad = cell.bad | _beyond(slot, cell.values)
    return _filled(slot, spec, cell)


def arrow_type(slot: Slot) -> pa.DataType:
    """The column type of this field."""
    return _ARROW.get(slot.kind, pa.string())


def _text(spec: Spec, frame: Frame, setting: Setting) -> Column:
    if spec.constant is not None:
        return repeated(_constant(spec.constant), frame.size)
    text = _template(spec.template, frame) if spec.template is not None else frame.text(spec.column or "")
    if spec.or_else:
        text = pc.coalesce(text, frame.text(spec.or_else))
    if spec.lookup:
        text = setting.lookups.take(spec.lookup, text)
    if spec.drop or spec.empty:
        text = pc.replace_substring_regex(text, spec.drop, "") if spec.drop else text
        text = clean(text, texts(spec.empty or []))
    return text


def _constant(value: str | int) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


_SLOT_IN_TEMPLATE = re.compile(r"\{([^{}]*)\}")


def template_names(template: str) -> list[str]:
    """The columns and stock words a template asks for."""
    return _SLOT_IN_TEMPLATE.findall(template)


def _template(template: str, frame: Frame) -> Column:
    pieces = _SLOT_IN_TEMPLATE.split(template)
    parts: list[Column | str] = []
    for place, piece in enumerate(pieces):
        if place % 2:
            parts.append(frame.piece(piece))
        elif piece:
            parts.append(piece)
    if all(isinstance(part, str) for part in parts):
        return repeated(template, frame.size)
    return strung(parts)


def _is_money(slot: Slot, spec: Spec) -> bool:
    return slot.kind == "money" and spec.words is None


def _read(slot: Slot, spec: Spec, text: Column, setting: Setting) -> Cell:
    if spec.words is not None:
        return _words(slot, spec, text)
    return _time(spec, text, setting) if slot.kind == "time" else _plain(slot, spec, text, setting)


def _words(slot: Slot, spec: Spec, text: Column) -> Cell:
    table = {word.casefold(): ours for word, ours in (spec.words or {}).items()}
    otherwise = spec.otherwise

    def read(word: str) -> str | None:
        ours = table.get(word.casefold(), otherwise)
        if ours is None:
            raise ValueError(word)
        return ours or None

    values, bad = each_distinct(text, read, pa.string())
    if slot.kind == "flag":
        values = pc.equal(values, "true")
    return Cell(
        values, bad, text, f"one of {listed(spec.words or {})}", "add the word to `words` in the mapping, or give `otherwise`"
    )


def _money(spec: Spec, text: Column, frame: Frame, setting: Setting, currency: Column | None) -> Cell:
    decimal = setting.rule.decimal
    expected = f"money with {decimal!r} as its decimal sign, no finer than the currency's smallest unit"
    mend = 'set `decimal` (or `rounding = "nearest"`) for this source in the mapping'
    if setting.own or spec.unit == MINOR:
        values, bad = each_distinct(text, integer(), pa.int64())
        whole = pa.array(_signed(to_numbers(values), spec), mask=nulls(values) | bad)
        return Cell(whole, bad, text, "money as a whole number of minor units", "write cents: 12.50 is 1250")
    values, bad = each_distinct(text, millionths(decimal), pa.int64())
    amounts = to_numbers(values)
    empty = nulls(values)
    if spec.times:
        factors, unfit = each_distinct(frame.text(spec.times), integer(decimal), pa.int64())
        counts = to_numbers(factors)
        unfit = unfit | (np.abs(amounts.astype(np.float64) * counts.astype(np.float64)) > 9e18)
        bad, empty = bad | unfit, empty | nulls(factors)
        amounts = np.where(unfit, 0, amounts) * np.where(unfit, 0, counts)
    unit = _unit(currency, frame.size)
    if spec.minus:
        less, unfit = each_distinct(frame.text(spec.minus), millionths(decimal), pa.int64())
        bad, amounts = bad | unfit, amounts - to_numbers(less)
    minor, rest = np.divmod(amounts, unit)
    if setting.rule.rounding == "nearest":
        minor = minor + ((rest * 2 > unit) | ((rest * 2 == unit) & (minor % 2 == 1)))
    else:
        bad = bad | (rest != 0)
    return Cell(pa.array(_signed(minor, spec), mask=empty | bad), bad, text, expected, mend)


def _unit(currency: Column | None, rows: int) -> Numbers:
    """How many millionths of the main unit the smallest unit is, row by row."""
    if currency is None:
        return np.full(rows, 10_000, dtype=np.int64)
    units, _ = each_distinct(currency, lambda code: 10 ** (6 - digits_of(code)), pa.int64())
    return to_numbers(units, 10_000)


def _signed(numbers: Numbers, spec: Spec) -> Numbers:
    if spec.sign == "negate":
        return -numbers
    return np.abs(numbers) if spec.sign == "absolute" else numbers


def _time(spec: Spec, text: Column, setting: Setting) -> Cell:
    formats = spec.formats or setting.rule.formats or (["epoch_us", "iso"] if setting.own else [])
    name = spec.time_zone or setting.rule.time_zone or ("UTC" if setting.own else None)
    zone = ZoneInfo(name) if name else None
    offsets: list[int | None] = []
    values, bad = each_distinct(text, _keeping_offsets(instant(formats, zone), offsets), pa.int64())
    offset = pc.take(pa.array(offsets, pa.int64()), text.dictionary_encode().indices)
    wanted = " or ".join(formats) or "ISO 8601, such as 2024-03-01T09:30:00+01:00"
    expected = f"a time as {wanted}" + ("" if zone else ", with its UTC offset")
    mend = "set `formats` or `time_zone` for this source in the mapping"
    return Cell(values, bad, text, expected, mend, offset)


def _keeping_offsets(read: Callable[[str], tuple[int, int]], offsets: list[int | None]) -> Callable[[str], int]:
    """The same reader, which puts each distinct text's offset aside as it goes."""

    def at(entry: str) -> int:
        offsets.append(None)
        moment, offsets[-1] = read(entry)
        return moment

    return at


def _plain(slot: Slot, spec: Spec, text: Column, setting: Setting) -> Cell:
    decimal = setting.rule.decimal
    mend = "correct the value in the source"
    if slot.kind == "integer":
        values, bad = each_distinct(text, integer(decimal), pa.int64())
        signed = pa.array(_signed(to_numbers(values), spec), mask=nulls(values))
        return Cell(signed, bad, text, _range("a whole number", slot), mend)
    if slot.kind == "grams":
        unit = spec.unit or "g"
        values, bad = each_distinct(text, grams(unit, decimal), pa.int64())
        return Cell(values, bad, text, f"a weight in {unit}", "set `unit` in the mapping")
    if slot.kind == "degrees":
        values, bad = each_distinct(text, integer() if setting.own else degrees, pa.int64())
        return Cell(values, bad, text, "degrees between -180 and 180", mend)
    if slot.kind == "flag":
        values, bad = each_distinct(text, flag, pa.bool_())
        return Cell(values, bad, text, "yes or no, true or false, 1 or 0", "give `words` for it in the mapping")
    return _text_kind(slot, text, setting, hashed=spec.hashed)


def _text_kind(slot: Slot, text: Column, setting: Setting, *, hashed: bool) -> Cell:
    if (slot.kind == "digest" or hashed) and not setting.own:
        values, bad = each_distinct(text, keyed_hash(setting.secret), pa.string())
        return Cell(values, bad, text, "text", "")
    if slot.kind == "currency":
        values, bad = each_distinct(text, _currency, pa.string())
        return Cell(values, bad, text, "an ISO 4217 currency code such as EUR", "give `words` for it in the mapping")
    if slot.kind == "postcode":
        values = pc.utf8_upper(pc.replace_substring_regex(text, r"\s+", ""))
        return Cell(values, none(len(text)), text, "a postcode", "")
    bad = none(len(text))
    if slot.words:
        bad = ~to_mask(pc.is_in(text, value_set=texts(slot.words))) & ~nulls(text)
    return Cell(text, bad, text, f"one of {listed(slot.words)}", "give `words` for it in the mapping")


def _currency(code: str) -> str:
    if not _CURRENCY.fullmatch(code.upper()):
        raise ValueError(code)
    return code.upper()


def _range(what: str, slot: Slot) -> str:
    if slot.least is not None and slot.most is None:
        return f"{what} not below {slot.least}"
    return what if slot.most is None else f"{what} from {slot.least} to {slot.most}"


def _beyond(slot: Slot, values: Column) -> Mask:
    outside = none(len(values))
    if slot.least is not None:
        outside |= to_mask(pc.less(values, slot.least))
    if slot.most is not None:
        outside |= to_mask(pc.greater(values, slot.most))
    return outside


def _filled(slot: Slot, spec: Spec, cell: Cell) -> Cell:
    """Put defaults where nothing stood, and mark the rows of a field that must be filled and is not."""
    default = slot.default if spec.default is None else spec.default
    missing = nulls(cell.values) & ~cell.bad
    if not missing.any():
        return cell
    if default is not None:
        cell.values = pc.fill_null(cell.values, pa.scalar(default, cell.values.type))
    elif slot.required:
        cell.bad = cell.bad | missing
    return cell


def nothing(slot: Slot, rows: int) -> Column:
    """A column of a field that the mapping does not fill."""
    if slot.default is None:
        return empty_column(rows, arrow_type(slot))
    return repeated(slot.default, rows, arrow_type(slot))


def first_bad(cells: Mapping[str, Cell]) -> dict[int, tuple[str, Cell]]:
    """For each row that does not fit: the first field to blame."""
    found: dict[int, tuple[str, Cell]] = {}
    for name, cell in cells.items():
        for row in np.flatnonzero(cell.bad):
            found.setdefault(int(row), (name, cell))
    return found
