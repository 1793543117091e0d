"""The page on the commands, from the help they print themselves."""

from importlib import import_module
from importlib.util import find_spec

from beleg.reference.markdown import WRITTEN


def commands() -> str | None:
    """The page; None while there is no command line."""
    if find_spec("beleg.cli") is None:
        return None
    # asked for by name: this page describes the command line, and no room builds on it
    text: str = import_module("beleg.cli").app.generate_docs("markdown", usage_name="beleg")
    lines = (line.rstrip() for line in text.strip().splitlines())
    return WRITTEN + "\n" + "\n".join(lines) + "\n"
