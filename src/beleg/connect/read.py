"""The one door: a path and perhaps a mapping in, tables of facts and balanced books out."""

import secrets
from collections.abc import Callable, Sequence
from pathlib import Path

from beleg.connect.files import InputFile, Look, find, look
from beleg.connect.intake import Book, Intake, Source, usual_notes
from beleg.connect.loading import load
from beleg.connect.mapping import Mapping
from beleg.connect.own import read_own
from beleg.connect.recognise import recognise
from beleg.connect.run import Run, fits
from beleg.connect.writer import FactWriter, Quarantine, apart

Progress = Callable[[str, float], None]


def read(
    path: Path | str,
    mapping: Path | str | None,
    into: Path,
    progress: Progress | None = None,
    *,
    secret: bytes | None = None,
) -> Intake:
    """Read a file, a folder or a glob into tables of facts.

    Args:
        path: a file, a folder (read with all below it; names beginning with ``_`` or ``.`` are passed over) or a glob.
        mapping: a mapping file, or the name of one that comes with Beleg. Beleg's own layout needs none; without one, the mappings
            that come with Beleg are recognised by their headers.
        into: a work folder; tables are written to ``into/<table>/NNN.parquet``.
        progress: called with what is being read and the share done, from 0 to 1.
        secret: the key of the hashes that stand for personal identifiers. Without one a key is drawn for this call and not kept, so
            that hashes agree within one intake and with no other.

    Raises:
        ConnectError: nothing to read, a mapping that is wrong or missing, or a file that lacks what the mapping needs.
    """
    found, passed = find(path)
    files = apart(found, into)
    say = progress or _silent
    chosen = load(mapping) if mapping is not None else recognise(files, str(path))
    into.mkdir(parents=True, exist_ok=True)
    if chosen is None:
        return read_own(files, passed, into, say)
    run = Run(chosen, FactWriter(into), Quarantine(into), secret or secrets.token_bytes(32))
    books = _books(files, chosen, run, say)
    return _intake(run, chosen, books, passed)


def _silent(what: str, share: float, /) -> None:
    """Tell nobody."""


def _books(files: Sequence[InputFile], mapping: Mapping, run: Run, say: Progress) -> list[Book]:
    looks = _looks(files, mapping, say)
    run.prepare(files, looks)
    books = []
    for number, (file, seen) in enumerate(zip(files, looks, strict=True)):
        say(file.name, number / len(files))
        books.append(run.file(file, seen))
    say("done", 1.0)
    return books


def _looks(files: Sequence[InputFile], mapping: Mapping, say: Progress) -> list[Look]:
    say("looking at the files", 0.0)
    rules = mapping.source.values()
    return [look(file, next((rule.encoding for rule in rules if fits(file, rule.files)), None)) for file in files]


def _intake(run: Run, mapping: Mapping, books: list[Book], passed: Sequence[str]) -> Intake:
    tables = run.writer.close()
    quarantine, quarantine_file = run.quarantine.close()
    delays = {rule.recording_delay for rule in mapping.source.values()}
    return Intake(
        tables=tables,
        books=tuple(books),
        quarantine=quarantine,
        quarantine_file=quarantine_file,
        sources=_sources(run, mapping),
        notes=(*mapping.notes, *run.notes(), *usual_notes(books, passed)),
        mapping=mapping.name,
        recording_delay=delays.pop() if len(delays) == 1 else "by source",
    )


def _sources(run: Run, mapping: Mapping) -> tuple[Source, ...]:
    return tuple(
        Source(name, tally.files, tally.rows, tally.facts, mapping.source[name].recording_delay)
        for name, tally in run.tallies.items()
    )
