"""A company's provider (OpenID Connect) on a port of its own: honest by itself, and bent in one place where a test says so."""

import threading
import time
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from secrets import token_urlsafe
from typing import Any
from urllib.parse import urlencode

import jwt
import uvicorn
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

CLIENT, SECRET = "beleg", "a secret of ours"


class Provider:
    """Whoever comes is `subject`. The fields below `bend` are what a test may bend; `straighten` puts them back."""

    def __init__(self) -> None:
        self.issuer = ""
        self.asked_for_keys = 0
        self._codes: dict[str, dict[str, str]] = {}
        self.rotate()
        self.straighten()

    def straighten(self) -> None:
        self.subject = "sub-ivo"
        self.broken = False
        self.claims: dict[str, Any] = {}  # instead of the true ones; None for none
        self.signing: dict[str, Any] = {}  # what jwt.encode is given instead
        self.token = ""  # the whole of it
        self.answer: dict[str, str] = {}  # beside the state, instead of the code; None for none
        self.document: dict[str, Any] = {}

    def rotate(self) -> None:
        self.key, self.kid = ec.generate_private_key(ec.SECP256R1()), token_urlsafe(6)

    @property
    def public(self) -> bytes:
        return self.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self._discovery),
                Route("/keys", self._keys),
                Route("/authorize", self._authorize),
                Route("/token", self._token, methods=["POST"]),
            ]
        )

    def _discovery(self, request: Request) -> Response:
        said = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "authorization_response_iss_parameter_supported": True,
        }
        return JSONResponse(said | self.document, 500 if self.broken else 200)

    def _keys(self, request: Request) -> Response:
        self.asked_for_keys += 1
        key = jwt.algorithms.ECAlgorithm.to_jwk(self.key.public_key(), as_dict=True)
        return JSONResponse({"keys": [key | {"kid": self.kid, "use": "sig"}]})

    def _authorize(self, request: Request) -> Response:
        said = dict(request.query_params)
        assert (said["response_type"], said["client_id"], said["code_challenge_method"]) == ("code", CLIENT, "S256")
        assert "openid" in said["scope"].split()
        code = token_urlsafe(12)
        self._codes[code] = said
        back = {"code": code, "state": said["state"], "iss": self.issuer} | self.answer
        return RedirectResponse(f"{said['redirect_uri']}?{urlencode({k: v for k, v in back.items() if v is not None})}", 302)

    async def _token(self, request: Request) -> Response:
        form = await request.form()
        began = self._codes.pop(str(form["code"]), {})
        basic = b64decode(request.headers["authorization"].removeprefix("Basic ")).decode()
        challenge = urlsafe_b64encode(sha256(str(form["code_verifier"]).encode()).digest()).rstrip(b"=").decode()
        if basic != f"{CLIENT}:{SECRET}":
            return JSONResponse({"error": "invalid_client"}, 401)
        if (began.get("code_challenge"), began.get("redirect_uri")) != (challenge, form["redirect_uri"]):
            return JSONResponse({"error": "invalid_grant"}, 400)
        now = int(time.time())
        claims = {"iss": self.issuer, "sub": self.subject, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": began["nonce"]}
        kept = {name: value for name, value in (claims | self.claims).items() if value is not None}
        signing = {"key": self.key, "algorithm": "ES256", "headers": {"kid": self.kid}} | self.signing
        return JSONResponse({"access_token": "x", "token_type": "Bearer", "id_token": self.token or jwt.encode(kept, **signing)})


@contextmanager
def provider() -> Iterator[Provider]:
    """A provider that runs until the block ends."""
    made = Provider()
    server = uvicorn.Server(uvicorn.Config(made.app(), host="127.0.0.1", port=0, log_level="critical", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    made.issuer = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    yield made
    server.should_exit = True
    thread.join(20)
