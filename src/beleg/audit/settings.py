"""What an audit is asked: where the exports are, which engine, how many alerts a team can work, whose names may be shown."""

import hashlib
import hmac
import os
import secrets
from pathlib import Path

import pyarrow as pa
from msgspec import Struct


class AuditSettings(Struct, frozen=True, kw_only=True):
    """The settings of one audit.

    `path` is a file, a folder or a glob; or `store` the address of a database, whose facts are audited, and whose findings are held
    against those of this audit; `mapping` a shipped mapping's name or a file; `work` a folder for what is computed on
    the way; `as_of` a moment in microseconds, by default the last one anything is known of; `title` what the report is called,
    by default after its input; `weights` a file of the shop's own, by default the shipped ones; `key` the pseudonyms' secret;
    `closed` what closed cases came to (`audit.closed`), if any were named; `recalls` whether statements that earlier runs compiled
    are used again (`ledger.recall`).
    """

    path: str = ""
    store: str = ""
    work: Path
    mapping: str | None = None
    engine: str = "duckdb"
    engine_address: str | None = None
    budget: int = 200
    currency: str | None = None
    as_of: int | None = None
    staff: bool = False
    title: str | None = None
    weights: str = ""
    key: bytes
    closed: pa.Table | None = None
    recalls: bool = False


def pseudonym(key: bytes, kind: str, value: str | None) -> str:
    """A name that stays the same as long as the key does and cannot be traced back without it."""
    if value is None:
        return ""
    return f"{kind}-{hmac.new(key, f'{kind}:{value}'.encode(), hashlib.sha256).hexdigest()[:16]}"


def pseudonym_key(path: Path | None = None) -> bytes:
    """The secret pseudonyms are made with: made on first use, readable by its owner only, never part of a report."""
    path = path or Path(os.environ.get("XDG_CONFIG_HOME", Path.home() / ".config")) / "beleg" / "pseudonyms.key"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_bytes(secrets.token_bytes(32))
    return path.read_bytes()
