"""Mappings from files: by path, or by the name of one that comes with Beleg, checked before use."""

from pathlib import Path

from beleg.connect.checked import check
from beleg.connect.errors import ConnectError
from beleg.connect.mapping import Mapping, parse, shipped
from beleg.facts.told import closest, listed


def load(mapping: Path | str) -> Mapping:
    """A mapping by its path, or by the name of one that comes with Beleg."""
    path = Path(mapping)
    if not path.is_file():
        known = shipped()
        if str(mapping) not in known:
            raise ConnectError(
                f"mapping {str(mapping)!r}",
                got="no such file, and no mapping of that name" + closest(str(mapping), known),
                expected=f"the path of a mapping file, or one of {listed(known)}",
                mend="run `beleg map PATH` to have one proposed",
            )
        path = known[str(mapping)]
    try:
        text = path.read_bytes().decode()
    except (OSError, UnicodeError) as problem:
        raise ConnectError(
            path.name, got=f"{type(problem).__name__}", expected="a mapping file in UTF-8", mend="save it as UTF-8"
        ) from problem
    return from_text(text, path.name)


def from_text(text: str, where: str) -> Mapping:
    """A mapping from its text, checked."""
    found = parse(text, where)
    check(found, where)
    return found
