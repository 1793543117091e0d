"""What the ledger is told by its surroundings: where it is, as whom it signs, and where its checkpoints go."""

import os
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from beleg.ledger.log.note import Signer

# The address of a PostgreSQL, as the service's role and as the owner's; without the first, the embedded store is used.
DATABASE, OWNER = "BELEG_DATABASE_URL", "BELEG_OWNER_DATABASE_URL"
FOLDER = "BELEG_STORE"
KEY, ORIGIN, SINKS, EVERY = "BELEG_LOG_KEY", "BELEG_LOG_ORIGIN", "BELEG_CHECKPOINT_SINKS", "BELEG_CHECKPOINT_SECONDS"


class LedgerSettings(Struct, frozen=True):
    """The settings of one ledger.

    `where` is a folder or a database's address, `owner` the address of its owner for migrations; `key` the file of the signing key;
    `origin` the log's name in its checkpoints; `sinks` where those go, see `sinks.sink`; `every` seconds between two of them.
    """

    where: str
    owner: str | None
    key: Path
    origin: str = "localhost/beleg"
    sinks: tuple[str, ...] = ()
    every: float = 60.0

    @property
    def folder(self) -> Path | None:
        """The embedded store's folder; None for a database's address."""
        return None if "://" in self.where else Path(self.where)

    def signer(self) -> Signer:
        """The log's key, made on first use."""
        return Signer.kept(self.origin, self.key)


def settings(where: str | None = None, environment: Mapping[str, str] = os.environ) -> LedgerSettings:
    """The settings, from the environment; `where` goes before it.

    Raises:
        ValueError: the seconds are no number.
    """
    where = where or environment.get(DATABASE) or environment.get(FOLDER) or "beleg-store"
    home = Path(environment.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "beleg"
    beside = home if "://" in where else Path(where)
    every = environment.get(EVERY, "60")
    try:
        seconds = float(every)
    except ValueError:
        raise ValueError(f"{EVERY}: got {every!r}, expected a number of seconds such as 60") from None
    return LedgerSettings(
        where=where,
        owner=environment.get(OWNER),
        key=Path(environment.get(KEY) or beside / "log.key"),
        origin=environment.get(ORIGIN, "localhost/beleg"),
        sinks=tuple(environment.get(SINKS, "").split()),
        every=seconds,
    )
