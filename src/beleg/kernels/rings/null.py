"""What chance alone would link: every account and entity keeps its number of links, and who meets whom is shuffled."""

from dataclasses import dataclass
from math import log, log2
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from beleg.kernels.rings.compiled import compiled
from beleg.kernels.rings.group import Ints, Longs

# Bits are whole numbers of this fineness, so that a sum does not depend on the order it is taken in.
ONE = 1 << 20
# The density of a block is said in this many steps, which costs log2 of it.
STEPS = 64
# More shared entities than this are taken for this many.
MANY = 64

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Settings:
    """What honest life may look like, and how much surprise starts a ring.

    Args:
        cap: an entity with more accounts than this links nobody; it is lowered where the work would grow beyond linear.
        work: pairs looked at per link, at most; see `cap`.
        household: this many accounts of a block may be one family, and say nothing.
        building: this many entities of a block may be one dorm's or one office's, and say nothing.
        noise: chance partners an account may have, on average, before a pair starts a block.
        line: bits from which a ring is reported.
    """

    cap: int = 256
    work: int = 24
    household: int = 8
    building: int = 2
    noise: float = 0.25
    line: float = 10.0


class Null(NamedTuple):
    """The shuffled world, as tables a kernel reads."""

    links: int
    accounts: int
    entities: int
    cap: int
    household: int
    building: int
    rare: Floats
    whole: int
    log: Longs
    shared: Longs
    on: Longs
    off: Longs


def calibrate(degree: Ints, sizes: Longs, settings: Settings) -> Null:
    """Read the shuffled world off the link counts: those of the accounts, and how many entities have so many.

    `shared[d]` counts the ordered pairs that meet at entities with at most d accounts: accounts with k and l links are expected
    to share k * l * shared[d] / links**2 of those. `rare[c]` is the largest k * l * shared[d] for which c shared ones surprise.
    """
    links = int(degree.sum(dtype=np.int64))
    largest = max(int(degree.max(initial=1)), len(sizes) - 1)
    sizes = np.concatenate([sizes, np.zeros(settings.cap + 2, np.int64)])
    cap = _cap(sizes, links, settings)
    size = np.arange(cap + 1, dtype=np.int64)
    shared = np.cumsum(sizes[: cap + 1] * size * np.maximum(size - 1, 0))
    accounts = max(int((degree >= 2).sum()), 2)
    density = np.clip(np.arange(STEPS + 1), 1, STEPS - 1) / STEPS
    return Null(
        links=links,
        accounts=accounts,
        entities=max(int(sizes[2 : cap + 1].sum()), 2),
        cap=cap,
        household=settings.household,
        building=settings.building,
        rare=rare_means(log2(accounts / settings.noise)) * float(links) ** 2,
        whole=round(log2(max(links, 1)) * ONE),
        log=logs(2 * largest + 1024),
        shared=shared,
        on=np.rint(np.log2(density) * ONE).astype(np.int64),
        off=np.rint(np.log2(1 - density) * ONE).astype(np.int64),
    )


def rare_means(surprise: float) -> Floats:
    """Give, per count, the largest mean of which it is a surprise of so many bits, being one of several counts looked at."""
    means = np.zeros(MANY + 1)
    for count in range(2, MANY + 1):
        low, high = -200.0, log2(count)
        for _ in range(60):
            middle = (low + high) / 2
            enough = tail_bits(count, 2.0**middle) - log2(count) >= surprise
            low, high = (middle, high) if enough else (low, middle)
        means[count] = 2.0**low
    return means


def logs(largest: int) -> Longs:
    """Tabulate log2 in whole numbers; log2 of nothing is taken as 0."""
    bits: Longs = np.rint(np.log2(np.maximum(np.arange(largest + 1), 1)) * ONE).astype(np.int64)
    return bits


def _cap(sizes: Longs, links: int, settings: Settings) -> int:
    """Lower the cap until the pairs to look at grow no faster than the links; small worlds keep it."""
    size = np.arange(settings.cap + 1, dtype=np.int64)
    pairs = np.cumsum(sizes[: settings.cap + 1] * size * size)
    allowed = settings.work * links + 1_000_000
    return max(int(np.searchsorted(pairs, allowed, side="right")) - 1, 2)


@compiled
def tail_bits(count: int, mean: float) -> float:
    """Say in bits how unlikely `count` or more are when `mean` are expected (Poisson)."""
    if count <= 0 or mean >= count:
        return 0.0
    term, total, step = 1.0, 1.0, count
    while term > 1e-12 * total:
        step += 1
        term *= mean / step
        total += term
    natural = -mean + log(total)
    for i in range(1, count + 1):
        natural += log(mean / i)
    return float(-natural / log(2.0))
