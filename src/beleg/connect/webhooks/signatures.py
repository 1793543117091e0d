"""Who sent a webhook: every sender's own signature, over the bytes as they came, in constant time, and not too long ago."""

import hashlib
import hmac
import unicodedata
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

import jwt
from standardwebhooks.webhooks import Webhook

# A signed time further from ours than this is a replay, or a clock that is wrong.
TOLERANCE = 300

Headers = Mapping[str, str]  # names in lower case
Check = Callable[[Headers, bytes, str, int], bool]


class ForgedError(Exception):
    """The signature is missing or wrong, or the delivery is too old; the message says which, and never what would be right."""


def verify(scheme: str, headers: Headers, body: bytes, secrets: Sequence[str], now: int) -> None:
    """Check a delivery against any of the secrets; several are good while one is being changed.

    Args:
        scheme: one of `SCHEMES`.
        headers: the request's, names in lower case.
        body: the bytes as they came.
        secrets: the sender's secrets.
        now: seconds since 1970.

    Raises:
        ForgedError: none of them signed this.
    """
    if not secrets:
        raise ForgedError("no secret is set for this sender, so nothing from it can be believed")
    if not any(SCHEMES[scheme](headers, body, secret, now) for secret in secrets):
        raise ForgedError("the signature does not fit the body")


def _given(headers: Headers, name: str) -> str:
    value = headers.get(name, "")
    if not value:
        raise ForgedError(f"the header {name} is missing")
    return value


def _mac(secret: str, body: bytes) -> bytes:
    return hmac.new(secret.encode(), body, hashlib.sha256).digest()


def _base64(name: str) -> Check:
    def check(headers: Headers, body: bytes, secret: str, now: int) -> bool:
        del now
        return hmac.compare_digest(b64encode(_mac(secret, body)).decode(), _given(headers, name).strip())

    return check


def _stripe(headers: Headers, body: bytes, secret: str, now: int) -> bool:
    parts = [part.split("=", 1) for part in _given(headers, "stripe-signature").split(",") if "=" in part]
    at = next((value for name, value in parts if name.strip() == "t"), "")
    _in_time(at, now)
    right = _mac(secret, at.encode() + b"." + body).hex()
    return any(hmac.compare_digest(right, value) for name, value in parts if name.strip() == "v1")


def _easypost(headers: Headers, body: bytes, secret: str, now: int) -> bool:
    del now
    right = "hmac-sha256-hex=" + _mac(unicodedata.normalize("NFKD", secret), body).hex()
    return hmac.compare_digest(right, _given(headers, "x-hmac-signature"))


def _standard(headers: Headers, body: bytes, secret: str, now: int) -> bool:
    at = _given(headers, "webhook-timestamp")
    _in_time(at, now)
    signed = datetime.fromtimestamp(int(at), UTC)
    try:
        right = Webhook(secret).sign(_given(headers, "webhook-id"), signed, body.decode())
    except ValueError:
        return False
    return any(hmac.compare_digest(right, one) for one in _given(headers, "webhook-signature").split(" "))


def _saleor(headers: Headers, body: bytes, secret: str, now: int) -> bool:
    """A plain secret makes a hex HMAC; a public key in PEM checks a detached JWS."""
    del now
    signature = _given(headers, "saleor-signature")
    if "BEGIN PUBLIC KEY" not in secret:
        return hmac.compare_digest(_mac(secret, body).hex(), signature)
    try:
        jwt.api_jws.decode(signature, secret, algorithms=["RS256"], detached_payload=body)
    except jwt.InvalidTokenError:
        return False
    return True


def _in_time(at: str, now: int) -> None:
    if not at.isascii() or not at.isdigit() or abs(now - int(at[:12])) > TOLERANCE:
        raise ForgedError("the signed time is too far from now: a replay, or a clock that is wrong")


SCHEMES: Mapping[str, Check] = {
    "aftership": _base64("aftership-hmac-sha256"),
    "easypost": _easypost,
    "saleor": _saleor,
    "shopify": _base64("x-shopify-hmac-sha256"),
    "standard": _standard,
    "stripe": _stripe,
    "woocommerce": _base64("x-wc-webhook-signature"),
}
