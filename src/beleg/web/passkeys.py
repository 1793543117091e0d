"""Passkeys (WebAuthn): what a browser is asked for, and whether its answer is good, for sign-in and for approvals alike."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

NAME = "Beleg"


class PasskeyError(Exception):
    """A passkey's answer is not good; the message says what was wrong with it."""


class Answered(Struct, frozen=True):
    """A good answer: the credential, its signature counter, and, when it was just enrolled, its public key (both base64url)."""

    credential: str
    counter: int
    public_key: str = ""


class RelyingParty(Struct, frozen=True):
    """Where passkeys are good for: the origin people open, such as https://beleg.example.com or http://localhost:8000."""

    origin: str

    @property
    def id(self) -> str:
        """The host's name, which browsers bind passkeys to; they refuse bare addresses."""
        return urlsplit(self.origin).hostname or ""

    def ask_to_enrol(self, login: str, challenge: bytes, known: Iterable[str] = ()) -> str:
        """What to ask a browser for a new passkey, as JSON; one of those that are known already is not made again."""
        options = generate_registration_options(
            rp_id=self.id,
            rp_name=NAME,
            user_name=login,
            user_display_name=login,
            challenge=challenge,
            exclude_credentials=_described(known),
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
            ),
        )
        return options_to_json(options)

    def enrolled(self, answer: str, challenge: bytes) -> Answered:
        """Check the answer to `ask_to_enrol`.

        Raises:
            PasskeyError: it is not an answer to this question, from this origin, by a verified person.
        """
        try:
            good = verify_registration_response(
                credential=answer,
                expected_challenge=challenge,
                expected_rp_id=self.id,
                expected_origin=self.origin,
                require_user_verification=True,
            )
        except (WebAuthnException, ValueError) as wrong:
            raise PasskeyError(str(wrong)) from wrong
        return Answered(_text(good.credential_id), good.sign_count, _text(good.credential_public_key))

    def ask_to_sign(self, challenge: bytes, credentials: Iterable[str] = ()) -> str:
        """What to ask a browser for an assertion over a challenge, as JSON; with no credentials named, any of this site's."""
        return options_to_json(
            generate_authentication_options(
                rp_id=self.id,
                challenge=challenge,
                allow_credentials=_described(credentials),
                user_verification=UserVerificationRequirement.REQUIRED,
            )
        )

    def signed(self, answer: str, challenge: bytes, public_key: str, counter: int) -> Answered:
        """Check the answer to `ask_to_sign` against a stored public key and the last counter seen.

        Raises:
            PasskeyError: it is not signed by this key over this challenge, from this origin, by a verified person.
        """
        try:
            good = verify_authentication_response(
                credential=answer,
                expected_challenge=challenge,
                expected_rp_id=self.id,
                expected_origin=self.origin,
                credential_public_key=_bytes(public_key),
                credential_current_sign_count=counter,
                require_user_verification=True,
            )
        except (WebAuthnException, ValueError) as wrong:
            raise PasskeyError(str(wrong)) from wrong
        return Answered(_text(good.credential_id), good.new_sign_count)


class _Named(Struct):
    id: str


def credential_of(answer: str) -> str:
    """Which credential an answer claims to be from.

    Raises:
        PasskeyError: it names none.
    """
    try:
        return msgspec.json.decode(answer, type=_Named).id
    except msgspec.DecodeError as wrong:
        raise PasskeyError(f"got no passkey's answer: {wrong}") from wrong


def _described(credentials: Iterable[str]) -> list[PublicKeyCredentialDescriptor]:
    return [PublicKeyCredentialDescriptor(id=_bytes(one)) for one in credentials]


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
