"""When a fact of history became known."""

from collections.abc import Mapping

import pyarrow as pa

from beleg.connect.columns import Column, pc


def known_at(columns: Mapping[str, Column], delay: int) -> Column:
    """When it was taken in, else written down, else when it happened plus the source's delay; unknown where all are."""
    happened = columns["occurred_at"]
    later = pc.add(happened, pa.scalar(delay, pa.int64())) if delay else happened
    found: Column = pc.coalesce(columns["ingested_at"], columns["source_recorded_at"], later)
    return found
