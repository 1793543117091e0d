"""When a fact of history became known."""

from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc


def known_at(columns: Mapping[str, pa.Array], delay: int) -> pa.Array:
    """When it was taken in, else written down, else when it happened plus the source's delay; unknown where all are."""
    happened = columns["occurred_at"]
    later = pc.add(happened, pa.scalar(delay, pa.int64())) if delay else happened
    return pc.coalesce(columns["ingested_at"], columns["source_recorded_at"], later)
