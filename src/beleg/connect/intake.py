"""What reading answers: the tables of facts, and for every input file an account that balances."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from msgspec import Struct

from beleg.facts.told import listed


class Book(Struct, frozen=True):
    """One input file's account: rows in = mapped + ignored + redelivered + quarantined, each row counted once.

    A row is a record of the file: a CSV record (blank lines are none), a JSON line, an element of a JSON document's list of
    records, or a Parquet row. One row may become several facts; it is still one row.
    """

    file: str
    digest: str
    rows: int
    mapped: int
    ignored: dict[str, int]
    redelivered: int
    quarantined: int
    facts: dict[str, int]

    def __post_init__(self) -> None:
        """Refuse to exist out of balance: a row lost in silence is the one mistake that reading must never make."""
        accounted = self.mapped + sum(self.ignored.values()) + self.redelivered + self.quarantined
        if self.rows != accounted:
            raise AssertionError(f"the book of {self.file} does not balance: {self.rows} rows in, {accounted} accounted for")


class Quarantined(Struct, frozen=True):
    """One row that could not be read: where, what was got (identifiers masked), what was expected, how to mend it."""

    file: str
    row: int
    field: str
    got: str
    expected: str
    mend: str


class Source(Struct, frozen=True):
    """One kind of input: how many files and rows it had, the facts they became, and the delay assumed until they are known."""

    name: str
    files: int
    rows: int
    facts: dict[str, int]
    recording_delay: str = "0s"


class Intake(Struct, frozen=True, kw_only=True):
    """Everything one call of `read` took in. `quarantine` holds at most 1,000 rows a file; `quarantine_file` holds all of them."""

    tables: dict[str, tuple[Path, ...]]
    books: tuple[Book, ...]
    quarantine: tuple[Quarantined, ...]
    quarantine_file: Path | None
    sources: tuple[Source, ...]
    notes: tuple[str, ...]
    mapping: str
    recording_delay: str

    @property
    def facts(self) -> dict[str, int]:
        """How many facts of each table were taken in."""
        sums: dict[str, int] = {}
        for book in self.books:
            for table, count in book.facts.items():
                sums[table] = sums.get(table, 0) + count
        return sums


def usual_notes(books: Iterable[Book], passed: Sequence[str]) -> tuple[str, ...]:
    """What a reader of any intake should know: that nothing in it was asked back, and which files were passed over."""
    known = {table for book in books for table, count in book.facts.items() if count}
    notes = []
    if "refunds" not in known:
        notes.append("no refunds in this source" if "claims" in known else "no refunds or claims in this source")
    if passed:
        notes.append(f"not read, since they hold no table: {listed(passed, 5)}")
    return tuple(notes)
