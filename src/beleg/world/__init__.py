"""A market whose truth is known: a year of a shop with planted frauds, for the demo, the tests and the evaluation."""

from beleg.world.parameters import WorldParameters
from beleg.world.write import WorldSummary, write_world

__all__ = ["WorldParameters", "WorldSummary", "write_world"]
