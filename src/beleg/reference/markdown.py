"""Markdown as these pages use it: tables, code, lists, and the line that says where a page comes from."""

from collections.abc import Iterable, Sequence

WRITTEN = "<!-- Written by `make docs` from the code; change the code, not this page. -->\n"


def page(title: str, *parts: str) -> str:
    """A whole page; its parts are set apart by one blank line, empty ones left out."""
    return "\n\n".join([f"{WRITTEN}\n# {title}", *(part.strip("\n") for part in parts if part.strip())]) + "\n"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; nothing at all when it has no rows."""
    lines = [_line([_cell(cell) for cell in row]) for row in rows]
    return "\n".join([_line(head), _line(["---"] * len(head)), *lines]) if lines else ""


def code(text: str) -> str:
    """Text as code, whatever it holds."""
    return f"`` {text} ``" if "`" in text else f"`{text}`"


def codes(words: Iterable[str]) -> str:
    """Several words as code, with commas between."""
    return ", ".join(code(word) for word in words)


def bullets(items: Iterable[str]) -> str:
    """A list."""
    return "\n".join(f"- {item}" for item in items)


def sentence(text: str) -> str:
    """Text in running prose: one line, closed by a full stop."""
    flat = " ".join(text.split())
    return flat if not flat or flat[-1] in ".?!" else flat + "."


def anchor(title: str) -> str:
    """What a heading is called in an address."""
    return "".join(letter for letter in title.lower().replace(" ", "-") if letter.isalnum() or letter in "-_")


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
