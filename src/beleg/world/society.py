"""Who honestly shares what with whom: households, families, dormitories, offices, forwarders, networks, and people who moved."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from beleg.world.columns import Flags, Hashes, Ints, digest, share_of
from beleg.world.draws import Draws
from beleg.world.parameters import WorldParameters

KINDS = ("email", "phone", "address", "device", "payment", "ip")

# How likely one of such a group shows the group's identifier of a kind instead of an own one.
_SHARED: Mapping[str, Mapping[str, float]] = {
    "family": {"address": 0.95, "ip": 0.9, "payment": 0.35, "device": 0.25, "phone": 0.2},
    "dorm": {"address": 0.95, "ip": 0.7},
    "office": {"address": 0.8, "ip": 0.5, "payment": 0.1},
    "forwarder": {"address": 1.0},
    "network": {"ip": 0.8},
}
_HOUSEHOLD: Mapping[str, float] = {"address": 1.0, "ip": 0.9, "payment": 0.25, "device": 0.2, "phone": 0.1}
# Where a crowd meets whom nobody knows: what camouflage hides in.
CROWDED = {"address": ("forwarder", "office"), "ip": ("network", "dorm")}


@dataclass(frozen=True)
class Group:
    """All groups of one kind: one entry per account in them, and the number of the group it is in."""

    name: str
    accounts: Ints
    number: Ints


class Society:
    """Which account's identifiers an account shows: its own, or those of the first in its group."""

    def __init__(self, parameters: WorldParameters, accounts: int) -> None:
        self._seed, self._moving, self.accounts = parameters.seed, parameters.moving_rate, accounts
        everyone = np.arange(accounts)
        self._owner = {kind: everyone.copy() for kind in KINDS}
        self.groups = [self._households(parameters.household_share, everyone)]
        draws = Draws(parameters.seed, 9)
        waiting = draws.shuffled(everyone)
        for name in _SHARED:
            share, size = getattr(parameters, f"{name}_share"), getattr(parameters, f"{name}_size")
            taken = int(share * accounts)
            self.groups.append(self._group(draws, name, waiting[:taken], size))
            waiting = waiting[taken:]

    def _households(self, share: float, everyone: Ints) -> Group:
        home = everyone // 2
        together = share_of(digest(self._seed, "shared", home)) < share
        for kind, chance in _HOUSEHOLD.items():
            shown = together & (share_of(digest(self._seed, f"{kind[:2]} at", home)) < chance)
            self._owner[kind] = np.where(shown, home * 2, self._owner[kind])
        return Group("household", everyone[together], home[together])

    def _group(self, draws: Draws, name: str, accounts: Ints, size: tuple[int, int]) -> Group:
        """Cut the accounts into groups; too few for one make a smaller one."""
        low, high = size
        count = max(1, round(len(accounts) / ((low + high) / 2)))
        edges = np.minimum(np.cumsum(draws.span(low, high + 1, count)), len(accounts))
        number = np.searchsorted(edges, np.arange(int(edges[-1]) if len(accounts) else 0), side="right")
        members = accounts[: len(number)]
        first = members[np.concatenate([[0], edges[:-1]])[number]] if len(number) else members
        for kind, chance in _SHARED[name].items():
            shown = draws.chance(chance, len(members))
            self._owner[kind][members[shown]] = first[shown]
        return Group(name, members, number)

    def identity(self, kind: str, account: Ints) -> Hashes:
        """The account's identifier of this kind."""
        known = account < self.accounts
        owner = self._owner[kind][np.where(known, account, 0)]
        return digest(self._seed, kind, np.where(known, owner, account))

    def moved(self, account: Ints) -> tuple[Flags, Hashes]:
        """Who once had another address, and that address, which may be where somebody else lives now."""
        luck = share_of(digest(self._seed, "moved", account))
        again = share_of(digest(self._seed, "relet", account)) < 0.4
        tenant = (share_of(digest(self._seed, "tenant", account)) * self.accounts).astype(np.int64)
        return luck < self._moving, np.where(again, self.identity("address", tenant), digest(self._seed, "before", account))

    def crowded(self, kind: str) -> Ints:
        """Accounts that show an identifier of this kind together with many others."""
        names = CROWDED.get(kind, ())
        return np.concatenate([np.empty(0, np.int64), *(group.accounts for group in self.groups if group.name in names)])
