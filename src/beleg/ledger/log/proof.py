"""A proof to take away (C2SP tlog-proof): one entry, its place, the signed checkpoint it is under; checked without a store."""

import base64
import binascii

from msgspec import Struct

from beleg.ledger.log.canonical import SALT_BYTES, leaf
from beleg.ledger.log.merkle import ProofError, check_inclusion
from beleg.ledger.log.note import Checkpoint, Verifier, opened

_HEADER = "c2sp.org/tlog-proof@v1"


class EntryProof(Struct, frozen=True):
    """One entry's proof: the salt and the canonical fact, its place, the path to the root, and the checkpoint as a note."""

    salt: bytes
    written: bytes
    place: int
    path: tuple[bytes, ...]
    note: str

    def text(self) -> str:
        """As a file; the fact and its salt travel as the extra line."""
        extra = base64.b64encode(self.salt + self.written).decode("ascii")
        steps = "".join(base64.b64encode(step).decode("ascii") + "\n" for step in self.path)
        return f"{_HEADER}\nextra {extra}\nindex {self.place}\n{steps}\n{self.note}"

    @classmethod
    def read(cls, text: str) -> "EntryProof":
        """Read such a file.

        Raises:
            ProofError: it is none; the message says what is wrong.
        """
        head, blank, note = text.partition("\n\n")
        header, *lines = head.split("\n")
        if header != _HEADER or not blank or len(lines) < 2:
            raise ProofError(f"proof: got {text[:40]!r}, expected a file that begins with {_HEADER}")
        if not lines[0].startswith("extra ") or not lines[1].startswith("index "):
            raise ProofError("proof: expected a line 'extra ...' with the fact, and then a line 'index ...'")
        extra, place = _bytes(lines[0][6:]), lines[1][6:]
        if not place.isascii() or not place.isdecimal() or str(int(place)) != place:
            raise ProofError(f"proof: got the index {place!r}, expected a whole number")
        return cls(extra[:SALT_BYTES], extra[SALT_BYTES:], int(place), tuple(_bytes(line) for line in lines[2:]), note)

    def check(self, trusted: Verifier) -> Checkpoint:
        """Check it against the log's public key alone.

        Raises:
            ProofError: the entry is not in the log as the checkpoint has it.
            NoteError: the trusted key did not sign the checkpoint.
        """
        checkpoint = opened(self.note, trusted)
        check_inclusion(leaf(self.salt, self.written), self.place, checkpoint.size, self.path, checkpoint.root)
        return checkpoint


def _bytes(written: str) -> bytes:
    try:
        return base64.b64decode(written, validate=True)
    except (binascii.Error, ValueError):
        raise ProofError(f"proof: {written[:60]!r} is no base64") from None
