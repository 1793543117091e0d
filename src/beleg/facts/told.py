"""Errors as people need them: where it is, what was got, what was expected and how to mend it, with the nearest known word."""

import difflib
from collections.abc import Iterable


class ToldError(Exception):
    """Something that a person has to mend before work can go on."""

    def __init__(self, where: str, *, got: str, expected: str, mend: str) -> None:
        """Keep the four parts, for callers that lay them out themselves."""
        self.where, self.got, self.expected, self.mend = where, got, expected, mend
        super().__init__(f"{where}\n  got       {got}\n  expected  {expected}\n  to mend   {mend}")


def closest(word: str, known: Iterable[str]) -> str:
    """The known word most like this one, as a half sentence to append; empty when none is near."""
    by_lower = {item.lower(): item for item in known}
    near = difflib.get_close_matches(word.lower(), by_lower, n=1, cutoff=0.6)
    return f"; the closest is {by_lower[near[0]]!r}" if near else ""


def listed(words: Iterable[str], limit: int = 12) -> str:
    """Words in a row, shortened when there are many."""
    found = list(words)
    more = f" and {len(found) - limit} more" if len(found) > limit else ""
    return ", ".join(found[:limit]) + more
