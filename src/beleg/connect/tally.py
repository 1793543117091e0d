"""The running account of one file while its batches are read."""

from beleg.connect.build import Outcome
from beleg.connect.files import InputFile
from beleg.connect.intake import Book


class Sums:
    """Adds batches up to a book."""

    def __init__(self) -> None:
        """Begin at nothing."""
        self.rows = self._mapped = self._redelivered = self._quarantined = 0
        self._ignored: dict[str, int] = {}
        self.facts: dict[str, int] = {}

    def add(self, part: Outcome) -> None:
        """Take one batch's outcome."""
        self.rows += part.rows
        self._mapped += part.mapped
        self._redelivered += part.redelivered
        self._quarantined += len(part.quarantined)
        for name, count in part.ignored.items():
            self._ignored[name] = self._ignored.get(name, 0) + count
        for table, facts in part.facts:
            self.facts[table] = self.facts.get(table, 0) + facts.num_rows

    def book(self, file: InputFile, digest: str) -> Book:
        """The file's account, which refuses to be out of balance."""
        return Book(file.name, digest, self.rows, self._mapped, self._ignored, self._redelivered, self._quarantined, self.facts)
