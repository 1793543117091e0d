"""What of a fact goes into the log: its canonical JSON, salted and hashed, so that the log gives nothing away."""

import hashlib
import secrets
from functools import cache

import msgspec
import orjson

from beleg.facts.base import Fact, table_of

SALT_BYTES, LEAF_BYTES = 16, 32

# Whole numbers beyond this are not the same in every JSON reader (RFC 8785), so the log refuses them.
WIDEST = 2**53 - 1

_OPTIONS = orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER


class CanonicalError(ValueError):
    """A fact has no canonical form; the message names the field, what it holds and what was expected."""


def canonical(fact: Fact) -> bytes:
    """The one way to write a fact: JSON with sorted keys, its table as `fact`, and without what it does not say (RFC 8785).

    Raises:
        CanonicalError: a value is not what the fact's definition says, a number is too wide, or a text is no valid Unicode.
    """
    cells = msgspec.to_builtins(fact)
    try:
        written = orjson.dumps({name: value for name, value in cells.items() if value is not None}, option=_OPTIONS)
        if b"\\u0000" in written:
            _check(fact, cells)
        # facts made in Python are not checked when they are made, and what is written here is read for good
        _reader(type(fact)).decode(written)
    except msgspec.ValidationError as wrong:
        raise CanonicalError(f"{table_of(type(fact))} {fact.id!r}: {wrong}") from wrong
    except orjson.JSONEncodeError as broken:
        _check(fact, cells)
        why = f"a text in it is no valid Unicode ({broken}); mend it at the source"
        raise CanonicalError(f"{table_of(type(fact))} {fact.id!r}: {why}") from broken
    return written


def _check(fact: Fact, cells: dict[str, object]) -> None:
    """Say which field cannot be written."""
    for name, value in cells.items():
        if isinstance(value, str) and "\0" in value:
            raise CanonicalError(f"{table_of(type(fact))}.{name}: got a text with a NUL character, expected one without")
        if isinstance(value, int) and not -WIDEST <= value <= WIDEST:
            raise CanonicalError(f"{table_of(type(fact))}.{name}: got {value}, expected a whole number within 2^53-1")


def salts(count: int) -> list[bytes]:
    """So many random salts."""
    drawn = secrets.token_bytes(SALT_BYTES * count)
    return [drawn[at : at + SALT_BYTES] for at in range(0, len(drawn), SALT_BYTES)]


def leaf(salt: bytes, written: bytes) -> bytes:
    """The leaf of a fact: RFC 6962's hash of its salted digest. Without the salt nobody can try what was hashed."""
    return hashlib.sha256(b"\0" + hashlib.sha256(salt + written).digest()).digest()


@cache
def _reader(fact: type[Fact]) -> msgspec.json.Decoder[Fact]:
    return msgspec.json.Decoder(fact)
