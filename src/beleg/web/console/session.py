"""Who is signed in: a signed cookie that says who and since when, and a token against forged forms that belongs to it."""

import hmac
import secrets
from collections import deque
from hashlib import sha256

import msgspec
from itsdangerous import BadSignature, URLSafeTimedSerializer
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

COOKIE = "beleg"
ASKED = "beleg_asked"
LASTS = 8 * 3600  # seconds; a shift
ANSWER = 300  # seconds to answer a passkey question
REMEMBERED = 10_000  # answered questions that this process keeps in mind


class Session(Struct, frozen=True):
    """One sign-in: its own name, the login, and when it began in microseconds."""

    name: str
    login: str
    began: int


class Sessions:
    """Makes and reads the cookies; `key` is the service's secret, `secure` whether it is reached over HTTPS."""

    def __init__(self, key: bytes, *, secure: bool) -> None:
        self._key = key
        self._secure = secure
        self._signer = URLSafeTimedSerializer(key.hex(), salt="session")
        self._asked = URLSafeTimedSerializer(key.hex(), salt="asked")
        self._answered: deque[str] = deque(maxlen=REMEMBERED)

    def begin(self, response: Response, login: str, now: int) -> Session:
        """Sign somebody in."""
        session = Session(secrets.token_hex(12), login, now)
        self._set(response, COOKIE, self._signer.dumps(msgspec.to_builtins(session)), LASTS)
        return session

    def read(self, request: Request) -> Session | None:
        """Who a request is from; nobody, if its cookie is missing, forged or too old."""
        try:
            said = self._signer.loads(request.cookies.get(COOKIE, ""), max_age=LASTS)
            return msgspec.convert(said, Session)
        except (BadSignature, msgspec.ValidationError):
            return None

    def end(self, response: Response) -> None:
        """Sign out."""
        response.delete_cookie(COOKIE, path="/", secure=self._secure, httponly=True, samesite="lax")

    def token(self, session: Session) -> str:
        """The token that every form of this session carries."""
        return hmac.new(self._key, f"form/{session.name}".encode(), sha256).hexdigest()

    def genuine(self, session: Session, token: str) -> bool:
        """Whether a form came from a page of this session."""
        return hmac.compare_digest(self.token(session), token)

    def ask(self, response: Response, purpose: str) -> bytes:
        """A new challenge for a passkey, kept in a cookie until it is answered."""
        challenge = secrets.token_bytes(32)
        self._set(response, ASKED, self._asked.dumps([purpose, challenge.hex()]), ANSWER)
        return challenge

    def asked(self, request: Request, purpose: str) -> bytes | None:
        """The challenge that was asked for this purpose, once; none if it was another one, answered before, or too long ago."""
        try:
            said, challenge = self._asked.loads(request.cookies.get(ASKED, ""), max_age=ANSWER)
        except (BadSignature, ValueError, TypeError):
            return None
        if said != purpose or challenge in self._answered:
            return None
        self._answered.append(challenge)
        return bytes.fromhex(challenge)

    def _set(self, response: Response, name: str, value: str, lasts: int) -> None:
        response.set_cookie(name, value, max_age=lasts, path="/", secure=self._secure, httponly=True, samesite="lax")
