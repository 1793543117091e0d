"""Who is signed in: a signed cookie that says who and since when, and a token against forged forms that belongs to it."""

import hmac
import secrets
from base64 import urlsafe_b64encode
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
AWAY = "beleg_away"
ANSWER = 300  # seconds to answer a passkey question
AWAY_LASTS = 600  # seconds to sign in at the company's provider
REMEMBERED = 10_000  # answered questions that this process keeps in mind


class Session(Struct, frozen=True):
    """One sign-in: its own name, the login, when it began in microseconds, and whether at the company's provider."""

    name: str
    login: str
    began: int
    company: bool = False


class Journey(Struct, frozen=True, array_like=True):
    """Somebody on their way to the company's provider and back.

    `state` is this journey's own name; `goal` the page of ours to go on to; `secret` that of the invitation they accept by it.
    """

    state: str
    goal: str
    secret: str


class Sessions:
    """Makes and reads the cookies; `key` is the service's secret, `secure` whether it is reached over HTTPS."""

    def __init__(self, key: bytes, *, secure: bool) -> None:
        self._key = key
        self._secure = secure
        self._signer = URLSafeTimedSerializer(key.hex(), salt="session")
        self._asked = URLSafeTimedSerializer(key.hex(), salt="asked")
        self._away = URLSafeTimedSerializer(key.hex(), salt="away")
        self._answered: deque[str] = deque(maxlen=REMEMBERED)

    def begin(self, response: Response, login: str, now: int, *, company: bool = False) -> Session:
        """Sign somebody in."""
        session = Session(secrets.token_hex(12), login, now, company)
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

    def leave(self, goal: str, secret: str = "") -> Journey:
        """A new journey to the company's provider; `remember` keeps it in mind."""
        return Journey(secrets.token_urlsafe(32), goal, secret)

    def remember(self, response: Response, journey: Journey) -> None:
        """Keep a journey in a cookie until its end."""
        self._set(response, AWAY, self._away.dumps(msgspec.to_builtins(journey)), AWAY_LASTS)

    def returned(self, request: Request, state: str) -> Journey | None:
        """The journey that ends with this state, once; none if another one began here, it took too long, or it ended before."""
        try:
            journey = msgspec.convert(self._away.loads(request.cookies.get(AWAY, ""), max_age=AWAY_LASTS), Journey)
        except (BadSignature, msgspec.ValidationError):
            return None
        if not hmac.compare_digest(journey.state.encode(), state.encode()) or state in self._answered:
            return None
        self._answered.append(state)
        return journey

    def forget(self, response: Response) -> None:
        """A journey is at its end."""
        response.delete_cookie(AWAY, path="/", secure=self._secure, httponly=True, samesite="lax")

    def derived(self, journey: Journey, purpose: str) -> str:
        """A secret of this journey that need not be kept anywhere; 43 characters of base64url."""
        raw = hmac.new(self._key, f"{purpose}/{journey.state}".encode(), sha256).digest()
        return urlsafe_b64encode(raw).rstrip(b"=").decode()

    def account(self, issuer: str, subject: str) -> str:
        """What is kept of an account at a provider: enough to know it again."""
        return hmac.new(self._key, f"account/{issuer}\0{subject}".encode(), sha256).hexdigest()

    def _set(self, response: Response, name: str, value: str, lasts: int) -> None:
        response.set_cookie(name, value, max_age=lasts, path="/", secure=self._secure, httponly=True, samesite="lax")
