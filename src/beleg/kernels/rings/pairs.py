"""How surprising it is that two accounts share what they share, given how many links everybody has."""

import numpy as np

from beleg.kernels.rings.compiled import compiled
from beleg.kernels.rings.group import Ints, Longs
from beleg.kernels.rings.null import MANY, Null
from beleg.kernels.rings.shapes import Counters, Ground, Start, Way

# Lists this short are sorted by insertion, which beats a call.
_SHORT = 24


@compiled
def sort(values: Longs) -> None:
    """Sort a list, most often a short one, where it stands."""
    if len(values) > _SHORT:
        values.sort()
        return
    for i in range(1, len(values)):
        value, place = values[i], i
        while place > 0 and values[place - 1] > value:
            values[place] = values[place - 1]
            place -= 1
        values[place] = value


@compiled
def rarest_first(account: int, null: Null, there: Way) -> Longs:
    """List the entities of an account that can link it to anyone, those with the fewest accounts first."""
    begin = there.start[account]
    keys = np.empty(there.length[account], np.int64)
    kept = 0
    for i in range(begin, begin + there.length[account]):
        entity = np.int64(there.pool[i])
        popularity = np.int64(there.there[entity])
        if 2 <= popularity <= null.cap:
            keys[kept] = popularity << 32 | entity
            kept += 1
    sort(keys[:kept])
    return keys[:kept]


@compiled
def seed_of(account: int, start: Start, ground: Ground) -> Ints:
    """List an account and those that share surprisingly much with it, if there are enough to start from; else nobody.

    For the two rarest entities they share, the three rarest and so on: how unlikely are that many, of entities at most
    that popular? The smallest of these chances counts, times the number of them looked at.
    """
    null, there, back, board = ground.null, ground.to_entities, ground.to_accounts, ground.accounts
    found = np.full(8, account, np.int32)
    size, used = 1, 0
    if not enough_around(account, start, there, null.cap):
        return found[:0]
    keys = rarest_first(account, null, there)
    for key in keys:
        entity = key & 0xFFFFFFFF
        common = float(there.here[account]) * float(null.shared[key >> 32])
        for i in range(back.start[entity], back.start[entity] + back.length[entity]):
            other = back.pool[i]
            board.hits[other] += 1
            if board.hits[other] == 1:
                board.used[used] = other
                used += 1
            elif common * float(back.there[other]) <= null.rare[min(board.hits[other], MANY)] and other != account:
                if board.weight[other] == 0:
                    found = with_room(found, size)
                    found[size] = other
                    size += 1
                board.weight[other] = 1
    enough = size > start.partners and used > start.reached and count_ties(keys, back, board) >= start.ties
    for i in range(used):
        board.hits[board.used[i]] = 0
    for other in found[:size]:
        board.weight[other] = 0
    return found[: size if enough else 0]


@compiled
def enough_around(account: int, start: Start, entities: Way, cap: int) -> bool:
    """Tell whether an account has entities and accounts enough around it, were all of them partners."""
    ties, reached = 0, 0
    for entity in entities.pool[entities.start[account] : entities.start[account] + entities.length[account]]:
        if entities.there[entity] <= cap:
            ties += entities.there[entity] >= 3
            reached += entities.there[entity] - 1
    return ties >= start.ties and reached >= start.reached


@compiled
def with_room(found: Ints, size: int) -> Ints:
    """Make room for one more."""
    return found if size < len(found) else np.concatenate((found, np.empty(size, np.int32)))


@compiled
def count_ties(keys: Longs, back: Way, board: Counters) -> int:
    """Count the entities shared with two marked partners or more."""
    ties = 0
    for key in keys:
        entity = key & 0xFFFFFFFF
        tied = 0
        for i in range(back.start[entity], back.start[entity] + back.length[entity]):
            tied += board.weight[back.pool[i]]
        ties += tied >= 2
    return ties
