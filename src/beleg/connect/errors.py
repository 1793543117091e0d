"""What goes wrong on the way in, said so that the reader can mend it: where, what was got, what was expected, what to do."""

import re

from beleg.facts.told import ToldError

_NUMBER = re.compile(r"[-+(]?[\d.,' ]{1,16}[)-]?")
_DATE = re.compile(r"[\d\-/.: TZ+]{6,35}")
_LONG_RUN = re.compile(r"\d{7,}")
_COMPACT_DATE = re.compile(r"(19|20)\d{6}")
_WORD = re.compile(r"[a-z_\- /]{1,24}")


class ConnectError(ToldError):
    """Something about the input as a whole that has to be mended before it can be read."""


def masked(value: str | None) -> str:
    """A value fit for a message: plain numbers, dates and words as they are, whatever may identify somebody masked."""
    if value is None or value == "":
        return "nothing"
    if _plain(value):
        return repr(value)
    if len(value) <= 4:
        return repr("*" * len(value))
    return ascii(value[:2] + "..." + value[-1])


def _plain(value: str) -> bool:
    if _LONG_RUN.search(value) and not _COMPACT_DATE.fullmatch(value):
        return False
    return any(pattern.fullmatch(value) for pattern in (_NUMBER, _DATE, _WORD)) or not value.strip()
