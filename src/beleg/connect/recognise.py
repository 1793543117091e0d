"""Which of the mappings that come with Beleg a folder of exports is made for, judged by the headers alone."""

from collections.abc import Sequence

from beleg.connect.errors import ConnectError, listed
from beleg.connect.files import InputFile, look
from beleg.connect.frame import FileFacts, Frame
from beleg.connect.mapping import Mapping, load, shipped
from beleg.connect.run import opened


def recognise(files: Sequence[InputFile], path: str) -> Mapping:
    """The one mapping whose every signature is found among the headers."""
    headers = {file.name: columns_of(file) for file in files[:200]}
    known = [load(name) for name in shipped()]
    found = [mapping for mapping in known if fits_headers(mapping, list(headers.values()))]
    if found:
        return max(found, key=lambda mapping: sum(len(rule.signature) for rule in mapping.source.values()))
    name, columns = next(iter(headers.items()))
    raise ConnectError(
        path,
        got=f"{name} with the columns {listed(columns)}" if columns else f"{name} without any column",
        expected=f"Beleg's own layout (files named for a table of facts), or an export of {listed(shipped())}",
        mend=f"run `beleg map {path}` to have a mapping proposed, then give it with --mapping",
    )


def fits_headers(mapping: Mapping, headers: Sequence[Sequence[str]]) -> bool:
    """Whether for every source of the mapping some file has all its signature columns."""
    signatures = [set(rule.signature) for rule in mapping.source.values()]
    return all(sign and any(sign <= set(columns) for columns in headers) for sign in signatures)


def columns_of(file: InputFile) -> list[str]:
    """The columns of a file, or the top-level fields of its first record."""
    seen = look(file)
    for batch in opened(file, seen, None):
        if batch.records is None:
            return list(batch.columns)
        if batch.records:
            frame = Frame(batch, FileFacts(file.name, file.stem, seen.digest), [])
            return list(batch.records[0]) if frame.size else []
    return []
