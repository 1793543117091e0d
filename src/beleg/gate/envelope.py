"""What every fact carries that the gate itself writes."""

from typing import TypedDict

SOURCE = "gate"


class Envelope(TypedDict):
    """Where a fact comes from, and when: microseconds."""

    id: str
    source: str
    occurred_at: int
    ingested_at: int
    known_at: int


def by_gate(name: str, now: int, happened: int | None = None) -> Envelope:
    """The envelope of a fact that is known at once, whenever it happened (microseconds)."""
    return Envelope(id=name, source=SOURCE, occurred_at=happened or now, ingested_at=now, known_at=now)
