"""How the console speaks: one language and one time zone for each reader; numbers, money, days and plurals by its rules."""

from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import cache
from gettext import GNUTranslations, NullTranslations
from importlib.resources import files
from io import BytesIO
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale
from babel.core import negotiate_locale
from babel.dates import format_date, format_datetime, format_timedelta
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_compact_currency, format_currency, format_decimal, format_percent
from markupsafe import Markup
from starlette.requests import Request

from beleg.report.figures import major, plain

LANGUAGES = ("en", "de")
REGION = {"en": Locale("en", "GB"), "de": Locale("de", "DE")}
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NONE = "\N{EN DASH}"
LONGEST = 100_000  # characters of a line


@cache
def catalog(language: str) -> NullTranslations:
    """The translations into a language; English is as written."""
    source = files("beleg.web.console").joinpath("locale", f"{language}.po")
    if not source.is_file():
        return NullTranslations()
    compiled = BytesIO()
    with source.open("rb") as po:
        write_mo(compiled, read_po(po, locale=language))
    compiled.seek(0)
    return GNUTranslations(compiled)


class Speech:
    """Speaks to one reader."""

    def __init__(self, language: str, zone: tzinfo, zone_name: str) -> None:
        self.language = language
        self.zone_name = zone_name
        self._zone = zone
        self._locale = REGION[language]
        self._catalog = catalog(language)

    def say(self, text: str, **parts: object) -> str:
        """A sentence in the reader's language."""
        said = self._catalog.gettext(text) if text else ""  # a catalogue answers its own header to nothing
        return said % parts if parts else said

    def count(self, number: int, one: str, many: str) -> str:
        """A number with its noun in the right form; `%(num)s` stands for the number."""
        return self._catalog.ngettext(one, many, number) % {"num": self.number(number)}

    def number(self, number: float) -> str:
        """A number with its groups."""
        return format_decimal(number, locale=self._locale)

    def bits(self, bits: float) -> str:
        """Bits of evidence with their sign."""
        return format_decimal(bits, format="+#,##0.0;-#,##0.0", locale=self._locale)

    def percent(self, part: float, whole: float) -> str:
        """A share; nothing for a share of nothing."""
        return format_percent(part / whole, format="#,##0.0 %", locale=self._locale) if whole else NONE

    def money(self, minor: int, currency: str) -> str:
        """An exact amount."""
        return format_currency(major(minor, currency), currency, locale=self._locale) if currency else self.number(minor)

    def money_short(self, minor: int, currency: str) -> str:
        """An amount as an axis has room for: in thousands or millions."""
        return format_compact_currency(major(minor, currency), currency, locale=self._locale)

    def sums(self, amounts: dict[str, int]) -> str:
        """Amounts of several currencies, beside each other."""
        return " + ".join(self.money(amount, currency) for currency, amount in amounts.items()) or NONE

    def day(self, micros: int | None) -> str:
        """The day of a moment in the reader's zone."""
        moment = self._local(micros)
        return format_date(moment, "medium", locale=self._locale) if moment else self.say("time unknown")

    def month(self, day: date) -> str:
        """A month's short name."""
        return format_date(day, "LLL", locale=self._locale)

    def month_of(self, micros: int | None) -> date | None:
        """The first day of a moment's month in the reader's zone."""
        moment = self._local(micros)
        return date(moment.year, moment.month, 1) if moment else None

    def moment(self, micros: int | None) -> str:
        """The day and the time of a moment in the reader's zone."""
        moment = self._local(micros)
        return format_datetime(moment, "medium", locale=self._locale) if moment else self.say("time unknown")

    def away(self, micros: int | None, now: int) -> str:
        """How far a moment is from now: in 3 days, 2 hours ago."""
        if micros is None:
            return NONE
        return format_timedelta(timedelta(microseconds=micros - now), add_direction=True, locale=self._locale)

    def _local(self, micros: int | None) -> datetime | None:
        if micros is None:
            return None
        try:
            return (EPOCH + timedelta(microseconds=micros)).astimezone(self._zone)
        except OverflowError:
            return None


def speech_for(request: Request) -> Speech:
    """The reader's language by their choice or their browser's, and their zone as their browser told it."""
    accepted = [part.partition(";")[0].strip().replace("-", "_") for part in request.headers.get("accept-language", "").split(",")]
    wished = [request.cookies.get("language", ""), *accepted]
    language = negotiate_locale([one for one in wished if one], LANGUAGES) or "en"
    name = request.cookies.get("zone", "UTC").replace("%2F", "/")
    try:
        return Speech(language, ZoneInfo(name), name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return Speech(language, UTC, "UTC")


def shown(text: str, longest: int = 2_000) -> Markup:
    """Text that somebody wrote, as text: its direction its own, no character acting, no end run on for pages."""
    return Markup("<bdi>{}</bdi>").format(plain(text, longest))


def tame(value: object) -> object:
    """Whatever a page shows, without characters that act; what was made to be markup stays as it is."""
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    return "\n".join(plain(line, LONGEST) for line in value.replace("\r\n", "\n").split("\n"))
