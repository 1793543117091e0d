"""The page on the commands, from the help they print themselves."""

import sys
from importlib import import_module
from importlib.util import find_spec

from beleg.reference.markdown import WRITTEN


def commands() -> str | None:
    """The page; None while there is no command line."""
    if find_spec("beleg.cli") is None:
        return None
    # asked for by name: this page describes the command line, and no room builds on it
    app = import_module("beleg.cli").app
    running, sys.argv = sys.argv, ["beleg"]  # each usage line names the running program, which is not always the same
    try:
        text: str = app.generate_docs("markdown")
    finally:
        sys.argv = running
    lines = (line.rstrip() for line in text.strip().splitlines())
    return WRITTEN + "\n" + "\n".join(lines) + "\n"
