"""What a column's values look like: dates and how they are written, numbers and their decimal sign, currencies."""

import re
from collections.abc import Sequence
from zoneinfo import ZoneInfo

from msgspec import Struct

from beleg.connect.values import UnfitError, decimal_of, instant

TIMES = (
    "iso", "%Y-%m-%d %H:%M:%S %z", "%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%d.%m.%Y", "%d/%m/%Y %H:%M:%S", "%d/%m/%Y %H:%M",
    "%d/%m/%Y", "%m/%d/%Y %H:%M:%S", "%m/%d/%Y %H:%M", "%m/%d/%Y", "%Y/%m/%d %H:%M:%S", "%Y/%m/%d", "%Y%m%d", "%d-%m-%Y",
    "%d %b %Y", "%b %d, %Y", "%d-%b-%Y",
)  # fmt: skip
_UTC = ZoneInfo("UTC")
_WORDS = 40  # a column with more different values than these is no closed list
_SIGNS = {"€": "EUR", "£": "GBP", "$": "USD", "¥": "JPY", "EUR": "EUR", "USD": "USD", "GBP": "GBP", "CHF": "CHF"}


class Shape(Struct, frozen=True):
    """What most of a column's values are."""

    filled: int
    distinct: int
    time: str = ""
    zoned: bool = False
    number: bool = False
    decimal: str = ""
    negatives: bool = False
    currency_sign: str = ""
    currency_codes: bool = False
    words: tuple[str, ...] = ()


def shape_of(values: Sequence[str | None]) -> Shape:
    """Judge a column by a sample of its values."""
    filled = [value for value in values if value]
    distinct = list(dict.fromkeys(filled))[:200]
    if not distinct:
        return Shape(0, 0)
    time = _time_format(distinct)
    decimal = "" if time else _decimal(distinct)
    return Shape(
        len(filled),
        len(set(filled)),
        time=time,
        zoned=bool(time) and _zoned(time, distinct[0]),
        number=bool(decimal),
        decimal=decimal if any(mark in value for value in distinct for mark in ",.") else "",
        negatives=bool(decimal) and any(value.startswith(("-", "(")) or value.endswith("-") for value in distinct),
        currency_sign=next((code for sign, code in _SIGNS.items() if sign in distinct[0]), ""),
        currency_codes=all(re.fullmatch("[A-Z]{3}", value) for value in distinct),
        words=tuple(distinct) if len(distinct) <= _WORDS else (),
    )


def _time_format(values: Sequence[str]) -> str:
    for form in TIMES:
        if sum(_is_time(value, form) for value in values) >= 0.9 * len(values):
            return form
    return ""


def _is_time(value: str, form: str) -> bool:
    try:
        _epoch(value, form)
    except (ValueError, ArithmeticError):
        return False
    return True


def _epoch(value: str, form: str) -> int:
    from_utc = instant([form], _UTC)(value)[0]
    if not -2_208_988_800_000_000 < from_utc < 7_258_118_400_000_000:
        raise UnfitError(value)
    return from_utc


def _zoned(form: str, value: str) -> bool:
    if "%z" in form:
        return True
    return form == "iso" and bool(re.search(r"(Z|[+-]\d\d:?\d\d)$", value[10:]))


def _decimal(values: Sequence[str]) -> str:
    """The decimal sign under which all but a few values are numbers, the likelier first; empty if they are none."""
    commas = sum(bool(re.search(r",\d{1,2}\D*$", value)) for value in values)
    points = sum(bool(re.search(r"\.\d{1,2}\D*$", value)) for value in values)
    for mark in (",", ".") if commas > points else (".", ","):
        if sum(_is_number(value, mark) for value in values) >= 0.9 * len(values):
            return mark
    return ""


def _is_number(value: str, mark: str) -> bool:
    try:
        decimal_of(value, mark)
    except (ValueError, ArithmeticError):
        return False
    return True
