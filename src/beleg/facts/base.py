"""What every fact carries: an id, a source, its times, and a table it belongs to."""

from typing import Annotated

from msgspec import Meta, Struct

from beleg.facts.types import FactId, Instant, OffsetMinutes, SourceName


class Fact(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="fact"):
    """Something that happened, recorded once and never changed.

    A subclass names its table: ``class Refund(Fact, tag="refunds", frozen=True, kw_only=True)``. Its fields become columns
    in the order written, behind these of the envelope.
    """

    id: FactId
    source: SourceName
    occurred_at: Annotated[Instant | None, Meta(description="when it happened; empty when the source does not say")] = None
    occurred_offset: Annotated[OffsetMinutes | None, Meta(description="the source's UTC offset then, in minutes")] = None
    source_recorded_at: Annotated[Instant | None, Meta(description="when the source says it wrote this down, never filled in")] = (
        None
    )
    ingested_at: Annotated[Instant | None, Meta(description="when Beleg took it in; empty for history read from exports")] = None
    known_at: Annotated[
        Instant | None,
        Meta(
            description="derived: `ingested_at` live; in history `source_recorded_at`, else `occurred_at` plus the mapping's "
            "recording delay; empty when no time is known, which keeps the fact out of every timed proof"
        ),
    ] = None
    origin: Annotated[str | None, Meta(description="the file and row it was read from")] = None


class OwnFact(Fact, frozen=True, kw_only=True):
    """A fact that Beleg itself writes, of what it answered and who uses it: no export and no program's key can say it."""


def table_of(fact: type[Fact]) -> str:
    """The table this fact belongs to; empty for one that is only a base."""
    tag = fact.__struct_config__.tag
    return tag if isinstance(tag, str) else ""
