"""What of a fact goes into the log: its canonical JSON, salted and hashed, so that the log gives nothing away."""

import hashlib
import secrets
from functools import cache

import msgspec
import orjson

from beleg.facts.base import Fact, table_of

SALT_BYTES = 16

# Whole numbers beyond this are not the same in every JSON reader (RFC 8785), so the log refuses them.
WIDEST = 2**53 - 1


class CanonicalError(ValueError):
    """A fact has no canonical form; the message names the field, what it holds and what was expected."""


def canonical(fact: Fact) -> bytes:
    """The one way to write a fact: JSON with sorted keys, its table as `fact`, and without what it does not say (RFC 8785).

    Raises:
        CanonicalError: a value is not what the fact's definition says, a number is too wide, or a text is no valid Unicode.
    """
    table = table_of(type(fact))
    cells: dict[str, object] = {"fact": table}
    for name in fact.__struct_fields__:
        value = getattr(fact, name)
        if value is None:
            continue
        if type(value) is str:
            if "\0" in value:
                raise CanonicalError(f"{table}.{name}: got a text with a NUL character, expected one without")
        elif type(value) is int and not -WIDEST <= value <= WIDEST:
            raise CanonicalError(f"{table}.{name}: got {value}, expected a whole number between -(2^53-1) and 2^53-1")
        cells[name] = value
    try:
        written = orjson.dumps(cells, option=orjson.OPT_SORT_KEYS)
        _reader(type(fact)).decode(written)
    except msgspec.ValidationError as wrong:
        # facts made in Python are not checked when they are made, and what is written here is read for good
        raise CanonicalError(f"{table} {fact.id!r}: {wrong}") from wrong
    except orjson.JSONEncodeError as broken:
        raise CanonicalError(f"{table} {fact.id!r}: a text in it is no valid Unicode ({broken}); mend it at the source") from broken
    return written


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
