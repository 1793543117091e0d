"""A passkey in software: what a browser and its authenticator would answer, good or bent."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec


def text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


class Authenticator:
    """One key of one person."""

    def __init__(self, name: str, origin: str = "http://localhost:8400") -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.credential, self.origin, self.counter = text(name.encode().ljust(16, b"\0")), origin, 0

    @property
    def public_key(self) -> str:
        numbers = self._key.public_key().public_numbers()
        return text(cbor2.dumps({1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}))

    def make(self, options: dict) -> dict:
        """The answer to WebAuthn creation options."""
        client = json.dumps({"type": "webauthn.create", "challenge": options["challenge"], "origin": self.origin}).encode()
        raw, key = self._raw(self.credential), self._raw(self.public_key)
        data = sha256(b"localhost").digest() + b"\x45" + bytes(4) + bytes(16) + len(raw).to_bytes(2, "big") + raw + key
        said = {
            "clientDataJSON": text(client),
            "attestationObject": text(cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})),
        }
        return {"id": self.credential, "rawId": self.credential, "type": "public-key", "response": said}

    @staticmethod
    def _raw(said: str) -> bytes:
        return urlsafe_b64decode(said + "=" * (-len(said) % 4))

    def sign(self, options: dict, *, challenge: str | None = None) -> str:
        """The answer to WebAuthn request options; with a challenge, over that one instead."""
        self.counter += 1
        asked = {"type": "webauthn.get", "challenge": challenge or options["challenge"], "origin": self.origin}
        client = json.dumps(asked).encode()
        party = sha256(b"localhost").digest()
        data = party + b"\x05" + self.counter.to_bytes(4, "big")
        signature = self._key.sign(data + sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        said = {"clientDataJSON": text(client), "authenticatorData": text(data), "signature": text(signature), "userHandle": None}
        return json.dumps({"id": self.credential, "rawId": self.credential, "type": "public-key", "response": said})
