"""Says whether something that many share is used in a way that what others share is not."""

import numpy as np
import pyarrow as pa

from beleg.kernels.columns import floats, numbered, summed, tabled
from beleg.kernels.tails import binomial_tail

_TEXTS: list[tuple[str, pa.DataType]] = [("subject", pa.string()), ("entity", pa.string())]
_NUMBERS: list[tuple[str, pa.DataType]] = [(name, pa.float64()) for name in ("peers", "observed", "expected", "p")]
SHARED = pa.schema([*_TEXTS, *_NUMBERS])

# Families share one device: an entity may have so many hits by the same one cause.
_HOUSEHOLD = 2


def share(counted: pa.Table) -> tuple[pa.Table, int]:
    """Test every entity by how many of its subjects show a hit, and let each of these subjects bear the answer.

    The rate is that of all other entities, taken per entity, so that one that very many share does not set it; the first hits of an
    entity count as one household's.

    Args:
        counted: subject, entity, hits (0 or 1); one row per pair.

    Returns:
        `SHARED`, a row per pair with a hit whose entity has more than a household's; and how many pairs there are whose entity is
        shared by more than a household, whatever their hits: no other is tested.
    """
    subject, names = numbered(counted["subject"])
    entity, entities = numbered(counted["entity"])
    hits = floats(counted["hits"])
    size = summed(entity, np.ones(len(entity)), len(entities))
    found = summed(entity, hits, len(entities))
    part = found / np.maximum(size, 1)
    rate = np.clip((part.sum() - part + 0.5) / max(len(entities), 1), 1e-9, 1 - 1e-9)
    beyond = np.maximum(found - _HOUSEHOLD + 1, 0)
    p = binomial_tail(beyond, np.maximum(size - _HOUSEHOLD + 1, beyond), rate)
    listed = np.flatnonzero((hits > 0) & (found[entity] > _HOUSEHOLD))
    at = entity[listed]
    told = [[names[one] for one in subject[listed]], [entities[one] for one in at]]
    peers = np.full(len(at), float(len(entities) - 1))
    table = tabled(SHARED, [*told, peers, found[at], size[at] * rate[at], p[at]])
    return table.sort_by([("subject", "ascending"), ("entity", "ascending")]), int((size > _HOUSEHOLD)[entity].sum())
