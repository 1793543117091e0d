"""Where an evaluation's answer goes: its page to the terminal, and page and figures to files where told."""

import argparse
from pathlib import Path

import msgspec


def add_outputs(parser: argparse.ArgumentParser) -> None:
    """The options that every evaluation has."""
    parser.add_argument("--json", type=Path, help="write the figures here")
    parser.add_argument("--markdown", type=Path, help="write the page here")


def tell(page: str, figures: msgspec.Struct, asked: argparse.Namespace) -> None:
    """Print the page, and write what was asked for."""
    print(page)
    if asked.json:
        asked.json.write_bytes(msgspec.json.format(msgspec.json.encode(figures)) + b"\n")
    if asked.markdown:
        asked.markdown.write_text(page, encoding="utf-8")
