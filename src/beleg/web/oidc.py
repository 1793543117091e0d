"""Sign-in at a company's own provider (OpenID Connect): the way there, and whether what it answers is good."""

import hmac
import time
from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import Annotated, Any
from urllib.parse import urlsplit

import httpx
import jwt
import msgspec
from httpx_oauth.exceptions import HTTPXOAuthError
from httpx_oauth.oauth2 import BaseOAuth2
from msgspec import Meta, Struct

from beleg.facts.told import ToldError

# Signatures by a key that only the provider has; never `none`, never one that our own secret could make.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
SCOPES = ["openid"]
REMEMBERED = 3600.0  # seconds that a discovery document is believed without asking again
LEEWAY = 60  # seconds that clocks may differ
SLOWEST = 10.0  # seconds

Address = Annotated[str, Meta(min_length=1)]


class OidcError(Exception):
    """A provider that does not answer as it should, or whose answer is not good; the message says how."""


class AwayError(OidcError):
    """The provider cannot be reached, or does not speak OpenID Connect."""


class Provider(Struct, frozen=True):
    """A company's provider, where Beleg is registered as a confidential client.

    Attributes:
        issuer: its address, without a slash at the end; discovery starts there.
        client_id: what it calls Beleg.
        client_secret: what Beleg proves that with.
        name: what people call it.
    """

    issuer: str
    client_id: str
    client_secret: str
    name: str


def provider(issuer: str, client_id: str, client_secret: str, name: str) -> Provider | None:
    """The provider that the settings name; none where they name no issuer.

    Raises:
        ToldError: a part is missing, or the issuer is neither HTTPS nor on this machine.
    """
    if not issuer:
        return None
    if not _safe(issuer):
        raise ToldError("BELEG_OIDC_ISSUER", got=repr(issuer), expected="an https:// address", mend="name the provider's issuer")
    for setting, value in (("BELEG_OIDC_CLIENT_ID", client_id), ("BELEG_OIDC_CLIENT_SECRET", client_secret)):
        if not value:
            raise ToldError(setting, got="nothing", expected="what the provider gave Beleg", mend="register Beleg at the provider")
    return Provider(issuer.rstrip("/"), client_id, client_secret, name or (urlsplit(issuer).hostname or ""))


def _safe(address: str) -> bool:
    """Whether nobody on the way can read or change what is sent there."""
    parts = urlsplit(address)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in {"localhost", "127.0.0.1"})


class _Document(Struct, frozen=True):
    """What is read of a discovery document."""

    issuer: Address
    authorization_endpoint: Address
    token_endpoint: Address
    jwks_uri: Address
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)
    authorization_response_iss_parameter_supported: bool = False


class Company:
    """One provider as a client sees it; its discovery document is remembered for an hour, its keys until an unknown one signs.

    Args:
        provider: the provider.
        answers: the address of ours that it sends people back to.
    """

    def __init__(self, provider: Provider, answers: str) -> None:
        self.provider = provider
        self._answers = answers
        self._document: tuple[float, _Document] | None = None
        self._keys: dict[str | None, jwt.PyJWK] = {}

    async def way(self, state: str, nonce: str, verifier: str) -> str:
        """The address at the provider to send somebody to.

        Raises:
            AwayError: the provider does not answer as it should.
        """
        client = self._client(await self._discovered())
        challenge = urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        return await client.get_authorization_url(
            self._answers, state, SCOPES, code_challenge=challenge, code_challenge_method="S256", extras_params={"nonce": nonce}
        )

    async def mixed_up(self, said: str | None) -> bool:
        """Whether an answer comes from another provider than this one (RFC 9207).

        Raises:
            AwayError: the provider does not answer as it should.
        """
        document = await self._discovered()
        return said != document.issuer if said is not None else document.authorization_response_iss_parameter_supported

    async def subject(self, code: str, nonce: str, verifier: str) -> str:
        """The provider's own name for whoever signed in, out of an ID token that is good.

        Raises:
            AwayError: the provider does not answer as it should.
            OidcError: the code is not taken, or the token is not this provider's, for us, for this sign-in, and fresh.
        """
        document = await self._discovered()
        try:
            said = await self._client(document).get_access_token(code, self._answers, verifier)
        except (HTTPXOAuthError, ValueError, TypeError) as wrong:
            raise OidcError(f"the provider did not take the code: {wrong}") from wrong
        token = said.get("id_token")
        if not isinstance(token, str):
            raise OidcError("the provider sent no ID token")
        return await self._verified(document, token, nonce)

    async def _verified(self, document: _Document, token: str, nonce: str) -> str:
        key = await self._key(document, token)
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                key.key,
                algorithms=ALGORITHMS,
                audience=self.provider.client_id,
                issuer=document.issuer,
                leeway=LEEWAY,
                options={"require": ["exp", "iat", "iss", "aud", "sub", "nonce"]},
            )
        except (jwt.PyJWTError, ValueError, TypeError) as wrong:
            raise OidcError(f"the ID token is not good: {wrong}") from wrong
        if not hmac.compare_digest(str(claims["nonce"]).encode(), nonce.encode()):
            raise OidcError("the ID token is not good: it is for another sign-in")
        theirs = claims["aud"] != self.provider.client_id and claims["aud"] != [self.provider.client_id]
        if claims.get("azp", None if theirs else self.provider.client_id) != self.provider.client_id:
            raise OidcError("the ID token is not good: it was made for somebody else")
        if not claims["sub"]:
            raise OidcError("the ID token is not good: it names nobody")
        return str(claims["sub"])

    async def _key(self, document: _Document, token: str) -> jwt.PyJWK:
        """The key that signed; keys are asked for once more where it is not among those that are known."""
        try:
            header = jwt.get_unverified_header(token)
        except jwt.PyJWTError as wrong:
            raise OidcError(f"the ID token is not good: {wrong}") from wrong
        if header.get("alg") not in ALGORITHMS:
            raise OidcError(f"the ID token is not good: signed by {header.get('alg')!r}")
        name = header.get("kid")
        if name is None or self._named(name) is None:
            self._keys = await self._fetched_keys(document)
        key = self._named(name)
        if key is None:
            raise OidcError("the ID token is not good: its key is none of the provider's")
        return key

    def _named(self, name: str | None) -> jwt.PyJWK | None:
        """The key of this name; a provider with one key need not name it."""
        only = next(iter(self._keys.values())) if name is None and len(self._keys) == 1 else None
        return only or self._keys.get(name)

    async def _fetched_keys(self, document: _Document) -> dict[str | None, jwt.PyJWK]:
        try:
            keys = jwt.PyJWKSet.from_json((await _fetched(document.jwks_uri)).decode()).keys
        except (jwt.PyJWTError, ValueError, TypeError, AttributeError) as wrong:
            raise AwayError(f"the provider's keys cannot be read: {wrong}") from wrong
        return {key.key_id: key for key in keys}

    async def _discovered(self) -> _Document:
        if self._document is not None and time.monotonic() - self._document[0] < REMEMBERED:
            return self._document[1]
        try:
            found = msgspec.json.decode(await _fetched(f"{self.provider.issuer}/.well-known/openid-configuration"), type=_Document)
        except msgspec.DecodeError as wrong:
            raise AwayError(f"the provider's discovery document cannot be read: {wrong}") from wrong
        if found.issuer.rstrip("/") != self.provider.issuer:
            raise AwayError(f"the provider calls itself {found.issuer!r}, not {self.provider.issuer!r}")
        if not all(_safe(one) for one in (found.authorization_endpoint, found.token_endpoint, found.jwks_uri)):
            raise AwayError("the provider names an address that is not https://")
        self._document = (time.monotonic(), found)
        return found

    def _client(self, document: _Document) -> BaseOAuth2[dict[str, Any]]:
        basic = "client_secret_basic" in document.token_endpoint_auth_methods_supported
        return BaseOAuth2(
            self.provider.client_id,
            self.provider.client_secret,
            document.authorization_endpoint,
            document.token_endpoint,
            token_endpoint_auth_method="client_secret_basic" if basic else "client_secret_post",
        )


async def _fetched(address: str) -> bytes:
    async with httpx.AsyncClient(timeout=SLOWEST) as client:
        try:
            return (await client.get(address)).raise_for_status().content
        except httpx.HTTPError as wrong:
            raise AwayError(f"the provider does not answer as it should: {wrong}") from wrong
