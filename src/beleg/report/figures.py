"""Money, counts, dates and foreign text as a reader meets them, the same on the terminal and in the HTML report."""

import unicodedata
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from babel import Locale
from babel.dates import format_date
from babel.numbers import format_compact_currency, format_currency, format_decimal, get_currency_precision, get_currency_symbol

LOCALE = Locale("en", "GB")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DASH = "\N{EN DASH}"
MINUS = "\N{MINUS SIGN}"
NONE = DASH
LONGEST = 320
KEPT = frozenset("\u200c\u200d")  # joiners that scripts and emoji need; every other invisible character is shown


def major(minor: int, currency: str) -> Decimal:
    """Minor units as the currency's own unit: 1234 is 12.34 EUR, but 1234 JPY."""
    return Decimal(minor).scaleb(-get_currency_precision(currency))


def minor(amount: Decimal, currency: str) -> int | None:
    """The other way round; nothing for an amount that is finer than the currency's smallest unit."""
    units = amount.scaleb(get_currency_precision(currency))
    return int(units) if units == units.to_integral_value() else None


def money(minor: int, currency: str) -> str:
    """An exact amount with its currency, in the currency's own number of digits."""
    if not currency:
        return format_decimal(major(minor, currency), format="#,##0.00", locale=LOCALE)
    letters = get_currency_symbol(currency, locale=LOCALE)[-1:].isalpha()
    return format_currency(major(minor, currency), currency, "¤\xa0#,##0.00" if letters else None, locale=LOCALE)


def money_code(minor: int, currency: str) -> str:
    """The same with the ISO code instead of a sign, for screens that know only ASCII."""
    return format_currency(major(minor, currency), currency, "¤¤ #,##0.00", locale=LOCALE).replace("\xa0", " ").strip()


def money_short(minor: int, currency: str) -> str:
    """A rounded amount for the axis of a chart, such as €40K."""
    if not currency:
        return format_decimal(major(minor, currency), format="#,##0", locale=LOCALE)
    return format_compact_currency(major(minor, currency), currency, locale=LOCALE, fraction_digits=1).replace(".0", "")


def count(number: int) -> str:
    """A whole number with thousands apart."""
    return f"{number:,}"


def counted(number: int, one: str, many: str = "") -> str:
    """A number with its noun in the right form: 1 refund, 2 refunds."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def percent(part: float, whole: float) -> str:
    """A share of a total; a part that is there never rounds down to nothing, nor one that is missing up to all."""
    if not whole:
        return NONE
    share = 100 * part / whole
    if 0 < share < 0.1:
        return "<0.1%"
    if 99.9 < share < 100:
        return ">99.9%"
    return f"{share:.1f}%"


def signed(bits: float) -> str:
    """Bits of evidence with their sign, so that a reader can add them up."""
    return "0.0" if abs(bits) < 0.05 else f"{bits:+.1f}".replace("-", MINUS)


def when(micros: int | None) -> datetime | None:
    """A moment in UTC; nothing for a time that is unknown or lies outside the calendar."""
    if micros is None:
        return None
    try:
        return EPOCH + timedelta(microseconds=micros)
    except OverflowError:
        return None


def day(micros: int | None) -> str:
    """The day of a moment, such as 3 Mar 2024."""
    moment = when(micros)
    if moment is None:
        return "time unknown" if micros is None else "outside the calendar"
    return format_date(moment, "d MMM y", locale=LOCALE)


def clock(micros: int | None) -> str:
    """The time of day of a moment in UTC; empty for an unknown time."""
    moment = when(micros)
    return f"{moment:%H:%M}" if moment else ""


def calendar_day(text: str) -> date | None:
    """A day a source wrote as 2024-03-31; nothing where it is not one."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def day_of(text: str) -> str:
    """The same day in words; what is not a day stays as it is written."""
    found = calendar_day(text)
    return format_date(found, "d MMM y", locale=LOCALE) if found else plain(text)


def month_of(key: str) -> str:
    """A month key such as 2024-03 in words; what is not a month stays as it is written."""
    found = calendar_day(f"{key}-01")
    return format_date(found, "MMM y", locale=LOCALE) if found else plain(key) or "no date"


def plain(text: str, longest: int = LONGEST) -> str:
    """Foreign text made safe to show: no invisible or direction-turning character acts, and nothing runs on for pages."""
    shown = "".join(_visible(character) for character in text[:longest])
    left = len(text) - longest
    return f"{shown}… ({left:,} more characters)" if left > 0 else shown


def clip(text: str, longest: int) -> str:
    """The same for a narrow place: cut to so many characters, with a sign that it was."""
    return plain(text, longest) if len(text) <= longest else plain(text[: longest - 1]).rstrip() + "…"


def _visible(character: str) -> str:
    if character in KEPT or unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Zl", "Zp"}:
        return character
    return " " if character in "\n\t\r" else f"\\u{ord(character):04x}"
