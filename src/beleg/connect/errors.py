"""What goes wrong on the way in, said so that the reader can mend it: where, what was got, what was expected, what to do."""

import difflib
import re
from collections.abc import Iterable

_NUMBER = re.compile(r"[-+(]?[\d.,' ]{1,16}[)-]?")
_DATE = re.compile(r"[\d\-/.: TZ+]{6,35}")
_LONG_RUN = re.compile(r"\d{7,}")
_COMPACT_DATE = re.compile(r"(19|20)\d{6}")
_WORD = re.compile(r"[a-z_\- /]{1,24}")


class ConnectError(Exception):
    """Something about the input as a whole that has to be mended before it can be read."""

    def __init__(self, where: str, *, got: str, expected: str, mend: str) -> None:
        """Keep the four parts, for callers that lay them out themselves."""
        self.where, self.got, self.expected, self.mend = where, got, expected, mend
        super().__init__(f"{where}\n  got       {got}\n  expected  {expected}\n  to mend   {mend}")


def masked(value: str | None) -> str:
    """A value fit for a message: plain numbers, dates and words as they are, whatever may identify somebody masked."""
    if value is None or value == "":
        return "nothing"
    if _plain(value):
        return repr(value)
    if len(value) <= 4:
        return repr("*" * len(value))
    return ascii(value[:2] + "..." + value[-1])


def closest(word: str, known: Iterable[str]) -> str:
    """The known word most like this one, as a half sentence to append; empty when none is near."""
    near = difflib.get_close_matches(word.lower(), {item.lower(): item for item in known}, n=1, cutoff=0.6)
    by_lower = {item.lower(): item for item in known}
    return f"; the closest is {by_lower[near[0]]!r}" if near else ""


def listed(words: Iterable[str], limit: int = 12) -> str:
    """Words in a row, shortened when there are many."""
    found = list(words)
    more = f" and {len(found) - limit} more" if len(found) > limit else ""
    return ", ".join(found[:limit]) + more


def _plain(value: str) -> bool:
    if _LONG_RUN.search(value) and not _COMPACT_DATE.fullmatch(value):
        return False
    return any(pattern.fullmatch(value) for pattern in (_NUMBER, _DATE, _WORD)) or not value.strip()
