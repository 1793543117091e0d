"""Who calls: API keys with scopes, kept as digests, taken back at once, and limited in how much they may ask."""

import asyncio
import hmac
import secrets
import time
from functools import lru_cache
from hashlib import sha256
from typing import Literal, get_args

from msgspec import Struct
from starlette.requests import Request

from beleg.facts.kinds.access import ApiKey, ApiKeyEnd
from beleg.facts.told import ToldError
from beleg.gate.envelope import by_gate
from beleg.ledger.store.base import Unit
from beleg.ledger.store.store import Store
from beleg.web.problems import ProblemError

Scope = Literal["decisions", "facts", "attest", "approvals", "read", "admin"]
SCOPES: tuple[Scope, ...] = get_args(Scope)

PREFIX = "beleg"
# A key that was taken back elsewhere is refused after this many seconds at the latest.
BELIEVED = 5.0


class Caller(Struct, frozen=True):
    """A program that showed a good key."""

    client: str
    key_id: str
    scopes: frozenset[str]


class Door:
    """Checks keys against the store.

    Args:
        store: the store, running.
        rate: how much each client may ask, such as ``2000/second``.
    """

    def __init__(self, store: Store, rate: str) -> None:
        self._store = store
        self._known: dict[str, tuple[float, ApiKey | None]] = {}
        self._looking: dict[str, asyncio.Task[ApiKey | None]] = {}
        self._rate = rate
        self._most, self._window = _parsed(rate)
        self._counts: dict[str, tuple[int, int]] = {}

    async def caller(self, request: Request, scope: Scope) -> Caller:
        """Who calls.

        Raises:
            ProblemError: no key, a wrong or an old one, one without this scope, or too many requests.
        """
        key_id, secret = _shown(request)
        key = await self._key(key_id)
        digest = sha256(secret.encode()).hexdigest()
        if key is None or not hmac.compare_digest(digest, key.digest):
            raise _unknown("the key is not known, or was taken back")
        if key.expires_at is not None and key.expires_at <= time.time_ns() // 1000:
            raise _unknown("the key has expired")
        caller = _caller(key.client, key_id, key.scopes)
        if scope not in caller.scopes:
            detail = f"this needs the scope {scope!r}; the key has {' '.join(sorted(caller.scopes)) or 'none'}"
            raise ProblemError("forbidden", 403, "The key may not do this", detail)
        if not self._hit(caller.client):
            raise ProblemError("too-many-requests", 429, "Too many requests", f"at most {self._rate}", {"retry-after": "1"})
        return caller

    def _hit(self, client: str) -> bool:
        """Count a request in this window; whether it is one of those that are let in."""
        window = int(time.monotonic() / self._window)
        since, count = self._counts.get(client, (window, 0))
        count = count + 1 if since == window else 1
        self._counts[client] = window, count
        return count <= self._most

    async def _key(self, key_id: str) -> ApiKey | None:
        believed = self._known.get(key_id)
        if believed is not None and believed[0] > time.monotonic():
            return believed[1]
        # many ask with one key, and it is looked up once for all of them
        looking = self._looking.get(key_id)
        if looking is None:
            looking = self._looking[key_id] = asyncio.create_task(self._looked_up(key_id))
            looking.add_done_callback(lambda _: self._looking.pop(key_id, None))
        return await asyncio.shield(looking)

    async def _looked_up(self, key_id: str) -> ApiKey | None:
        now = time.monotonic()
        found = await self._store.where("api_keys", "id", key_id)
        ended = await self._store.where("api_key_ends", "id", f"{key_id}-end")
        key = found[0] if found and not ended and isinstance(found[0], ApiKey) else None
        if len(self._known) > 10_000:
            self._known.clear()
        self._known[key_id] = (now + BELIEVED, key)
        return key

    async def make(
        self, client: str, scopes: frozenset[str], made_by: str, expires_at: int | None = None, *, name: str = ""
    ) -> str:
        """Make a key; the only moment at which its secret is seen."""
        key_id, secret, now = name or secrets.token_hex(8), secrets.token_urlsafe(32), time.time_ns() // 1000
        fact = ApiKey(
            **by_gate(key_id, now),
            client=client,
            digest=sha256(secret.encode()).hexdigest(),
            scopes=" ".join(sorted(scopes)),
            expires_at=expires_at,
            made_by=made_by,
        )
        await self._store.commit(Unit(facts=(fact,)))
        return f"{PREFIX}_{key_id}_{secret}"

    async def take_back(self, key_id: str, by: str) -> None:
        """End a key at once."""
        now = time.time_ns() // 1000
        end = ApiKeyEnd(**by_gate(f"{key_id}-end", now), key_id=key_id, ended_by=by)
        await self._store.commit(Unit(facts=(end,)))
        self._known.pop(key_id, None)


@lru_cache(maxsize=1_024)
def _caller(client: str, key_id: str, scopes: str) -> Caller:
    return Caller(client, key_id, frozenset(scopes.split()))


def _parsed(rate: str) -> tuple[int, float]:
    """How many, in how many seconds."""
    many, _, unit = rate.partition("/")
    if not many.isascii() or not many.isdigit() or unit not in _SECONDS:
        got, expected = repr(rate), f"a number and one of {', '.join(_SECONDS)}, such as 5000/second"
        raise ToldError("rate", got=got, expected=expected, mend="correct the setting")
    return int(many), _SECONDS[unit]


_SECONDS = {"second": 1.0, "minute": 60.0, "hour": 3600.0}


def _shown(request: Request) -> tuple[str, str]:
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    parts = token.split("_", 2)
    if kind.lower() != "bearer" or len(parts) != 3 or parts[0] != PREFIX or not parts[1].isalnum():
        raise _unknown("send `Authorization: Bearer beleg_...`")
    return parts[1], parts[2]


def _unknown(detail: str) -> ProblemError:
    return ProblemError("unauthorised", 401, "No good key", detail, {"www-authenticate": "Bearer"})
