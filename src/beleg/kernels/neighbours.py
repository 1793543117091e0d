"""Means over neighbours: every thing that an account shares lends it the mean of the others that have it."""

from dataclasses import dataclass

import numpy as np

from beleg.kernels.columns import Floats, Ints

# What more accounts have in common makes nobody neighbours.
CROWD = 64


@dataclass(frozen=True, slots=True)
class Shared:
    """Accounts and the things that two to `CROWD` of them have, an entry a tie; others: how many besides have the thing."""

    account: Ints
    thing: Ints
    others: Ints
    accounts: int
    things: int


def share(account: Ints, thing: Ints, accounts: int) -> Shared:
    """Read the neighbours off ties of accounts (numbered below `accounts`) to things; each tie counts once."""
    things = int(thing.max(initial=-1)) + 1
    once = np.unique(account * max(things, 1) + thing)
    account, thing = once // max(things, 1), once % max(things, 1)
    size = np.bincount(thing, minlength=things)[thing]
    kept = (size >= 2) & (size <= CROWD)
    return Shared(account[kept], thing[kept], size[kept] - 1, accounts, things)


def near(shared: Shared, x: Floats) -> Floats:
    """Per account, the mean over what it shares of the mean over the others who have it; of none, nothing (accounts x features)."""
    answer = np.zeros_like(x)
    ties = np.maximum(np.bincount(shared.account, minlength=shared.accounts), 1)
    for column in range(x.shape[1]):
        own = x[shared.account, column]
        whole = np.bincount(shared.thing, own, shared.things)
        lent = (whole[shared.thing] - own) / shared.others
        answer[:, column] = np.bincount(shared.account, lent, shared.accounts) / ties
    return answer
