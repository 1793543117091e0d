"""The ring engine: who shares more, and rarer, things with whom than chance, a family or a building explains."""

from beleg.kernels.rings.find import SMALL, Rings, find
from beleg.kernels.rings.graph import Apart
from beleg.kernels.rings.null import Settings

__all__ = ["SMALL", "Apart", "Rings", "Settings", "find"]
