"""Checkpoints as C2SP signed notes: the log's origin, size and root, signed with Ed25519, for any verifier of that format."""

import base64
import binascii
import hashlib
import os
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from msgspec import Struct

_ED25519 = b"\x01"
_SIGNATURE = "\u2014 "


class NoteError(Exception):
    """A note or a key cannot be read, or no trusted key signed it."""


class Checkpoint(Struct, frozen=True):
    """How the log stood: which log, how many entries, and the root over them."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """The text that is signed."""
        return f"{self.origin}\n{self.size}\n{_base64(self.root)}\n"


class Verifier(Struct, frozen=True):
    """A public key under its name; written ``name+id+key`` as Go's note package does."""

    name: str
    public: bytes

    @property
    def id(self) -> bytes:
        """The key's short id."""
        return hashlib.sha256(self.name.encode() + b"\n" + _ED25519 + self.public).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{_base64(_ED25519 + self.public)}"

    @classmethod
    def read(cls, written: str) -> "Verifier":
        """Read ``name+id+key``."""
        parts = written.strip().split("+", 2)
        if len(parts) != 3:
            raise NoteError(f"key: got {written[:60]!r}, expected name+id+key as `beleg ledger key` prints it")
        raw = _bytes(parts[2], "key")
        found = cls(parts[0], raw[1:])
        if raw[:1] != _ED25519 or len(raw) != 33 or found.id.hex() != parts[1]:
            raise NoteError(f"key: {parts[0]!r} is no Ed25519 key with the id {parts[1]!r}; copy it again")
        return found


class Signer:
    """The log's own key."""

    def __init__(self, name: str, private: Ed25519PrivateKey) -> None:
        if not name or "+" in name or any(letter.isspace() for letter in name):
            raise NoteError(f"origin: got {name!r}, expected a name without blanks and plus signs, such as shop.example/beleg")
        self._private = private
        self.verifier = Verifier(name, private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))

    @classmethod
    def kept(cls, name: str, path: Path) -> "Signer":
        """The key in a file, made on first use and readable by its owner only."""
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            made = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(made, "wb") as file:
                file.write(Ed25519PrivateKey.generate().private_bytes_raw())
        raw = path.read_bytes()
        if len(raw) != 32:
            raise NoteError(f"{path}: got {len(raw)} bytes, expected the 32 of an Ed25519 key")
        return cls(name, Ed25519PrivateKey.from_private_bytes(raw))

    def sign(self, size: int, root: bytes) -> str:
        """A signed checkpoint of this size and root."""
        text = Checkpoint(self.verifier.name, size, root).text()
        signed = _base64(self.verifier.id + self._private.sign(text.encode()))
        return f"{text}\n{_SIGNATURE}{self.verifier.name} {signed}\n"


def opened(note: str, trusted: Verifier) -> Checkpoint:
    """The checkpoint in a note, once the trusted key's signature on it is verified.

    Raises:
        NoteError: the note cannot be read, is of another log, or the trusted key did not sign it.
    """
    text, blank, signatures = note.rpartition("\n\n")
    text += "\n"
    if not blank or any(ord(letter) < 32 and letter != "\n" for letter in note):
        raise NoteError("checkpoint: expected a text, a blank line and signatures; this is no signed note")
    if not any(_signed_by(line, text, trusted) for line in signatures.splitlines()):
        raise NoteError(f"checkpoint: no signature by {trusted.name} with the key id {trusted.id.hex()}")
    return _checkpoint(text, trusted.name)


def _signed_by(line: str, text: str, trusted: Verifier) -> bool:
    name, _, signed = line.removeprefix(_SIGNATURE).rpartition(" ")
    if not line.startswith(_SIGNATURE) or name != trusted.name:
        return False
    raw = _bytes(signed, "signature")
    if raw[:4] != trusted.id:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(trusted.public).verify(raw[4:], text.encode())
    except InvalidSignature:
        raise NoteError(f"checkpoint: the signature by {trusted.name} is wrong; the text was changed after it was signed") from None
    return True


def _checkpoint(text: str, origin: str) -> Checkpoint:
    lines = text.split("\n")
    size = lines[1] if len(lines) > 3 else ""
    if lines[0] != origin or not size.isascii() or not size.isdecimal() or str(int(size)) != size:
        raise NoteError(f"checkpoint: expected the lines {origin}, a size and a root; got {text[:80]!r}")
    root = _bytes(lines[2], "root")
    if len(root) != 32:
        raise NoteError(f"checkpoint: got a root of {len(root)} bytes, expected 32")
    return Checkpoint(origin, int(size), root)


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")


def _bytes(written: str, what: str) -> bytes:
    try:
        return base64.b64decode(written, validate=True)
    except (binascii.Error, ValueError):
        raise NoteError(f"{what}: {written[:60]!r} is no base64") from None
