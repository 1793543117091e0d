"""Text into typed values: each distinct text is read once, whatever the number of rows that repeat it."""

import hashlib
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa

from beleg.connect.columns import Column, Mask, none, pc, to_mask

MICRO = 1_000_000
_as_written = datetime.strptime  # what it reads may lack a zone; the caller puts the source's on
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ONE = timedelta(microseconds=1)
_SECONDS = {"epoch_s": MICRO, "epoch_ms": 1000, "epoch_us": 1}
_NOTES = re.compile(r"[A-Z]{3}|[$€£¥₹]|R\$|kr\.?|zł", re.UNICODE)
_SIMPLE = re.compile(r"-?\d{1,15}(\.\d{1,6})?", re.ASCII)
_EXPONENTS = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
_DIGITS = {code: digits for digits, codes in _EXPONENTS.items() for code in codes.split()}
GRAMS = {"g": Decimal(1), "kg": Decimal(1000), "mg": Decimal("0.001"), "oz": Decimal("28.349523125"), "lb": Decimal("453.59237")}
TRUE = frozenset({"true", "t", "yes", "y", "1", "ja", "wahr", "x"})
FALSE = frozenset({"false", "f", "no", "n", "0", "nein", "falsch"})
_FIRST, _LAST = -62_135_596_800_000_000, 253_402_300_799_999_999  # the years 1 to 9999
_LARGEST = 9_000_000_000_000_000_000


class UnfitError(ValueError):
    """This text is not what was expected here."""


def each_distinct(text: Column, read: Callable[[str], Any], kind: pa.DataType) -> tuple[Column, Mask]:
    """Read every distinct text once; unfit ones come back empty and marked."""
    coded = text.dictionary_encode()
    values: list[Any] = []
    bad: list[bool] = []
    entries: list[Any] = coded.dictionary.to_pylist()
    for entry in entries:
        try:
            values.append(read(entry))
            bad.append(False)
        except (ValueError, ArithmeticError):
            values.append(None)
            bad.append(True)
    column: Column = pc.take(pa.array(values, kind), coded.indices)
    if not any(bad):
        return column, none(len(text))
    return column, to_mask(pc.take(pa.array(bad), coded.indices))


def digits_of(currency: str) -> int:
    """How many decimal places this currency's smallest unit has (ISO 4217)."""
    return _DIGITS.get(currency, 2)


def decimal_of(text: str, decimal: str = ".") -> Decimal:
    """A number as shops write it: currency signs, thousands in threes, brackets or a trailing minus for less than nothing."""
    if decimal == "." and _SIMPLE.fullmatch(text):
        return Decimal(text)
    plain = _NOTES.sub("", text).replace("\u2212", "-").replace("\u00a0", "").replace("\u202f", "").strip()
    if plain.startswith("(") and plain.endswith(")"):
        plain = "-" + plain[1:-1]
    elif plain.endswith("-"):
        plain = "-" + plain[:-1]
    plain = plain.replace(" ", "").replace("'", "").replace("\u2019", "")
    whole, _, part = plain.partition(decimal)
    thousands = "," if decimal == "." else "."
    if thousands in part:
        raise UnfitError(text)
    if thousands in whole:
        groups = whole.lstrip("+-").split(thousands)
        if not 1 <= len(groups[0]) <= 3 or any(len(group) != 3 for group in groups[1:]):
            raise UnfitError(text)
        whole = whole.replace(thousands, "")
    joined = f"{whole}.{part}" if part else whole
    if not re.fullmatch(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,2})?", joined, re.ASCII):
        raise UnfitError(text)
    try:
        return Decimal(joined)
    except InvalidOperation as problem:
        raise UnfitError(text) from problem


def millionths(decimal: str) -> Callable[[str], int]:
    """A reader of money as millionths of the currency's main unit, which no real price is finer than."""

    def read(text: str) -> int:
        exact = decimal_of(text, decimal) * MICRO
        whole = int(exact)
        if whole != exact or abs(whole) > _LARGEST:
            raise UnfitError(text)
        return whole

    return read


def integer(decimal: str = ".") -> Callable[[str], int]:
    """A reader of whole numbers; ``3.0`` is one, ``3.5`` is not."""

    def read(text: str) -> int:
        exact = decimal_of(text, decimal)
        if exact != exact.to_integral_value() or abs(exact) > _LARGEST:
            raise UnfitError(text)
        return int(exact)

    return read


def grams(unit: str, decimal: str) -> Callable[[str], int]:
    """A reader of weights in this unit, to the nearest gram."""
    factor = GRAMS[unit]

    def read(text: str) -> int:
        weight = (decimal_of(text, decimal) * factor).quantize(Decimal(1))
        if not 0 <= weight <= 1_000_000_000:
            raise UnfitError(text)
        return int(weight)

    return read


def degrees(text: str) -> int:
    """WGS 84 degrees as millionths."""
    found = (decimal_of(text) * MICRO).quantize(Decimal(1))
    if abs(found) > 180 * MICRO:
        raise UnfitError(text)
    return int(found)


def flag(text: str) -> bool:
    """Yes or no, in the words exports use."""
    word = text.strip().lower()
    if word in TRUE:
        return True
    if word in FALSE:
        return False
    raise UnfitError(text)


def instant(formats: Sequence[str], zone: ZoneInfo | None) -> Callable[[str], tuple[int, int]]:
    """A reader of times: microseconds UTC and the offset in minutes. A time without an offset needs the source's zone.

    When clocks go back an hour is named twice and the first is taken; when they go forward the hour left out is read by the offset
    before it.
    """

    def read(text: str) -> tuple[int, int]:
        moment = _moment(text, formats)
        if isinstance(moment, int):
            return moment, 0
        if moment.tzinfo is None:
            if zone is None:
                raise UnfitError(text)
            moment = moment.replace(tzinfo=zone)
        offset = moment.utcoffset() or timedelta()
        return (moment - _EPOCH) // _ONE, int(offset.total_seconds() // 60)

    return read


def _moment(text: str, formats: Sequence[str]) -> datetime | int:
    for form in formats:
        try:
            if form in _SECONDS:
                return _epoch(text, _SECONDS[form])
            if form != "iso":
                return _as_written(text, form)
            return _iso(text)
        except (ValueError, ArithmeticError):
            continue
    if formats:
        raise UnfitError(text)
    return _iso(text)


def _epoch(text: str, scale: int) -> int:
    moment = int(decimal_of(text) * scale)
    if not _FIRST <= moment <= _LAST:
        raise UnfitError(text)
    return moment


def _iso(text: str) -> datetime:
    if len(text) < 10 or text[4] != "-":
        raise UnfitError(text)
    return datetime.fromisoformat(text)


def keyed_hash(secret: bytes) -> Callable[[str], str]:
    """A reader that keeps only a keyed hash, alike for values that differ by case or blanks alone."""

    def read(text: str) -> str:
        folded = " ".join(text.casefold().split()).encode(errors="surrogatepass")
        return hashlib.blake2b(folded, key=secret[:64], digest_size=16).hexdigest()

    return read


def duration(text: str) -> int | None:
    """A span such as ``90s``, ``15m``, ``36h`` or ``2d`` in microseconds; None for what is no span."""
    found = re.fullmatch(r"(\d{1,6})([smhd])", text.strip())
    return int(found[1]) * {"s": 1, "m": 60, "h": 3600, "d": 86400}[found[2]] * MICRO if found else None
