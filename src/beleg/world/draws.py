"""Chance, from one seeded stream: the few kinds of draw that a world is made with, and the lengths of time it is told in."""

from collections.abc import Sequence

import numpy as np

from beleg.world.columns import NULL, Flags, Floats, Ints

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR


class Draws:
    """A stream of random numbers; the same seed and path give the same stream on every machine."""

    def __init__(self, seed: int, *path: int) -> None:
        self._rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, *path])))

    def chance(self, share: float | Floats, rows: int) -> Flags:
        """True in about this share of the rows."""
        return self._rng.random(rows) < share

    def evenly(self, rows: int) -> Floats:
        """Numbers from 0 up to 1."""
        return self._rng.random(rows)

    def span(self, low: float, high: float, rows: int) -> Ints:
        """Whole numbers, such as microseconds, between the two."""
        return (low + (high - low) * self._rng.random(rows)).astype(np.int64)

    def waiting(self, mean: float, limit: float, rows: int) -> Ints:
        """Exponential waiting times with this mean, cut at the limit."""
        return np.minimum(self._rng.exponential(mean, rows), limit).astype(np.int64)

    def bell(self, rows: int) -> Floats:
        """Standard normal numbers."""
        return self._rng.standard_normal(rows)

    def pick(self, weights: Sequence[float], rows: int) -> Ints:
        """Numbers of the entries, each as often as its weight says."""
        edges = np.cumsum(np.asarray(weights, dtype=np.float64))
        return np.minimum(np.searchsorted(edges / edges[-1], self._rng.random(rows), side="right"), len(edges) - 1).astype(np.int64)

    def shuffled(self, values: Ints) -> Ints:
        """The values in a random order."""
        return self._rng.permutation(values)

    def lagged(self, when: Ints, share: float) -> Ints:
        """When the source wrote it down: minutes later for this share, empty for the rest."""
        minutes = when + self.span(20 * SECOND, 9 * MINUTE, len(when))
        return np.where(self.chance(share, len(when)), minutes, NULL)
