"""The same rings, one event at a time: links come and go, and at any moment the answer is what the batch would give."""

import heapq
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from beleg.kernels.rings.find import Rings, Weighed, bits_of_one, rank, report, start_of, tie
from beleg.kernels.rings.graph import Graph, Identifiers, Links
from beleg.kernels.rings.lists import Lists
from beleg.kernels.rings.null import Null, Settings, calibrate
from beleg.kernels.rings.pairs import enough_around
from beleg.kernels.rings.search import block_around, figures_around, stand
from beleg.kernels.rings.shapes import Ground

Identifier = str | int


@dataclass(slots=True)
class _Names:
    """Numbers for identifiers, in the order they were first seen."""

    numbers: dict[Hashable, int] = field(default_factory=dict)

    def number(self, name: Hashable) -> int:
        return self.numbers.setdefault(name, len(self.numbers))

    def listed(self) -> Identifiers:
        names: Any = list(self.numbers)
        return pa.array(names)


class Stream:
    """Links of accounts and entities that are live now.

    An event is (account, entity, at). Delivered again it changes nothing; once expired it does not come back.
    """

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or Settings()
        self._accounts, self._entities = _Names(), _Names()
        self._of_account, self._of_entity = Lists.empty(), Lists.empty()
        self._times: dict[tuple[int, int], set[int]] = {}
        self._waiting: list[tuple[int, int, int]] = []
        self._horizon: int | None = None
        self._start = start_of(self.settings)
        self._null: Null | None = None
        self._ground: Ground | None = None

    def insert(self, account: Identifier | None, entity: Identifier | None, at: int = 0) -> None:
        """Take in one event; blanks link nobody."""
        if _blank(account) or _blank(entity) or (self._horizon is not None and at < self._horizon):
            return
        link = self._accounts.number(account), self._entities.number(entity)
        times = self._times.setdefault(link, set())
        if at in times:
            return
        times.add(at)
        heapq.heappush(self._waiting, (at, *link))
        if len(times) == 1:
            moved = self._of_account.add(*link)
            if self._of_entity.add(link[1], link[0]) or moved:
                self._ground = None
            self._outgrown(*link)

    def _outgrown(self, account: int, entity: int) -> None:
        """Calibrate anew before an account or entity gets more links than the tables know."""
        most = max(self._of_account.length[account], self._of_entity.length[entity])
        if self._null is not None and most >= len(self._null.log):
            self._null = self._ground = None

    def expire(self, before: int) -> None:
        """Let go of every event earlier than this, and of any that is still to come."""
        self._horizon = before if self._horizon is None else max(before, self._horizon)
        while self._waiting and self._waiting[0][0] < self._horizon:
            at, account, entity = heapq.heappop(self._waiting)
            self._drop((account, entity), at)

    def withdraw(self, account: Identifier, entity: Identifier, at: int = 0) -> None:
        """Let go of one event, if it is there."""
        link = self._accounts.numbers.get(account, -1), self._entities.numbers.get(entity, -1)
        self._drop(link, at)

    def _drop(self, link: tuple[int, int], at: int) -> None:
        times = self._times.get(link)
        if times is None or at not in times:
            return
        times.remove(at)
        if not times:
            del self._times[link]
            self._of_account.remove(*link)
            self._of_entity.remove(link[1], link[0])

    def rings(self) -> Rings:
        """Find the rings among all live links: exactly those the batch finds in them."""
        links = self._links()._replace(chunks=[self._of_account.pairs()])
        tied, null = tie(links, self.settings)
        return report(rank(tied, null, self.settings, None), null, links)

    def calibrate(self) -> None:
        """Take the shuffled world that `ring_of` holds accounts against from the links live now."""
        self._null = calibrate(self._of_account.length, np.bincount(self._of_entity.length), self.settings)
        self._ground = None

    def ring_of(self, account: Identifier) -> Rings | None:
        """Grow a block from one account, against the world as last calibrated: the ring around it, or None.

        It reads the neighbourhood of the account only, and so can follow each event.
        """
        number, bits = self._look(account)
        if bits <= self.settings.line or self._null is None:
            return None
        block = block_around(number, self._standing(), self._start)
        degree = int(self._of_account.length[block.accounts.nodes].sum())
        found = Weighed(block, degree, self._of_entity.length[block.entities.nodes], bits, 0.0)
        return report([found], self._null, self._links())

    def bits_around(self, account: Identifier) -> float:
        """Say in bits how much speaks for a ring around this account; 0 where nothing does."""
        _, bits = self._look(account)
        return bits if bits > self.settings.line else 0.0

    def _look(self, account: Identifier) -> tuple[int, float]:
        """The account's number, and the bits of the block around it."""
        number = self._accounts.numbers.get(account, -1)
        if number < 0 or not self._of_account.length[number]:
            return number, 0.0
        ground = self._standing()
        if not enough_around(number, self._start, ground.to_entities, ground.null.cap):
            return number, 0.0  # most accounts by far, at the price of a short list
        raw, family, building = figures_around(number, ground, self._start)
        if raw <= 0:
            return number, 0.0
        return number, bits_of_one(raw, family, building, ground.null, self.settings)

    def _standing(self) -> Ground:
        if self._null is None:
            self.calibrate()
        if self._ground is None and self._null is not None:
            self._ground = stand(self._graph(), self._null)
        if self._ground is None:
            raise RuntimeError("calibrate() left no ground to stand on")
        return self._ground

    def _graph(self) -> Graph:
        one, other = self._of_account, self._of_entity
        return Graph(one.length, other.length, one.start, one.length, one.pool, other.start, other.length, other.pool)

    def _links(self) -> Links:
        accounts, entities = self._accounts.listed(), self._entities.listed()
        return Links([], accounts, entities, len(accounts), len(entities))


def _blank(name: Identifier | None) -> bool:
    return name is None or (isinstance(name, str) and not name.strip())
