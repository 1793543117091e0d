"""Makes graphs of accounts and what they share, honest households, buildings, forwarders and hits, and rings planted in them."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Ints = npt.NDArray[np.int64]
Random = np.random.Generator


@dataclass(frozen=True, slots=True)
class Ring:
    """What is planted.

    Args:
        rings: how many.
        accounts: of each.
        entities: that each shares.
        density: share of its account-entity pairs that are links.
        camouflage: "none"; "random" or "biased" (honest entities, evenly or by popularity); "hijacked" (accounts taken over).
        volume: camouflage links per ring link; "hijacked" brings the links of the accounts taken over, and this many more.
        popular: entities are honest ones, drawn by popularity, rather than evenly (purchases) or new (links).
    """

    rings: int = 20
    accounts: int = 20
    entities: int = 10
    density: float = 0.5
    camouflage: str = "none"
    volume: float = 1.0
    popular: bool = False


@dataclass(frozen=True, slots=True)
class Honest:
    """The honest part of a graph; `edges` is about how many links it has."""

    kind: str = "links"
    edges: int = 1_400_000
    household_share: float = 0.45
    dorms: float = 0.3
    offices: float = 2.0
    forwarders: float = 0.02
    nats: float = 0.3
    popularity: float = 0.9
    viral: int = 10
    resellers: float = 1.0


@dataclass(frozen=True, slots=True)
class Planted:
    """A graph and the truth about it."""

    links: pa.Table
    rings: list[set[int]]
    accounts: int


def plant(honest: Honest, ring: Ring, seed: int) -> Planted:
    """Make a graph; identifiers and rows are in no telling order."""
    random = np.random.default_rng(seed)
    accounts, entities = (_links if honest.kind == "links" else _purchases)(honest, random)
    pairs, members = _rings(accounts, entities, honest, ring, random)
    accounts, entities = np.concatenate([accounts, pairs[0]]), np.concatenate([entities, pairs[1]])
    everyone = max([int(accounts.max()), *(int(one.max()) for one in members)]) + 1  # a member may end up without a link
    account_names = random.permutation(everyone)
    entity_names = random.permutation(int(entities.max()) + 1)
    rows = random.permutation(len(accounts))
    table = pa.table({"account": pa.array(account_names[accounts][rows]), "entity": pa.array(entity_names[entities][rows])})
    truth = [set(account_names[one].tolist()) for one in members]
    return Planted(table, truth, len(np.unique(accounts)))


class _Pairs:
    """Collects links; entities are handed out as they are needed."""

    def __init__(self, accounts: int) -> None:
        self.accounts: list[Ints] = []
        self.entities: list[Ints] = []
        self.people = accounts
        self.next = 0

    def fresh(self, count: int) -> Ints:
        """Hand out entities nobody has yet."""
        self.next += count
        return np.arange(self.next - count, self.next)

    def add(self, accounts: Ints, entities: Ints) -> None:
        """Link accounts to entities, one to one."""
        self.accounts.append(accounts)
        self.entities.append(entities)

    def groups(self, random: Random, sizes: Ints, shares: list[float]) -> None:
        """Let groups of accounts share one entity per entry of `shares`, each account with that chance."""
        starts = np.concatenate([[0], np.cumsum(sizes)])
        people = _draw(random, self.people, int(starts[-1]))
        group = np.repeat(np.arange(len(sizes)), sizes)
        for share in shares:
            entity = self.fresh(len(sizes))
            takes = random.random(len(people)) < share
            self.add(people[takes], entity[group[takes]])


def _draw(random: Random, people: int, count: int) -> Ints:
    """Draw accounts, nobody twice while there are enough."""
    rounds = [random.permutation(people) for _ in range(count // max(people, 1) + 1)]
    return np.concatenate(rounds)[:count]


def _links(honest: Honest, random: Random) -> tuple[Ints, Ints]:
    """Link accounts by devices, cards, addresses and networks: their own, and those of family, dorm, office, forwarder and NAT."""
    people = honest.edges * 10 // 42
    unit = people / 1000
    pairs = _Pairs(people)
    own = random.poisson(2.2, people)
    pairs.add(np.repeat(np.arange(people), own), pairs.fresh(int(own.sum())))
    homes = int(people * honest.household_share / 2.9)
    sizes = np.minimum(1 + random.geometric(0.52, homes), 8)
    pairs.groups(random, sizes, [0.95, 0.6, 0.45, 0.35])
    dorms = max(int(unit * honest.dorms), 1)
    pairs.groups(random, random.integers(40, 300, dorms), [0.95, 0.7])
    offices = max(int(unit * honest.offices), 1)
    pairs.groups(random, random.integers(8, 60, offices), [0.8, 0.5])
    cards = random.integers(3, 12, offices // 2)
    pairs.groups(random, cards, [0.9])
    pairs.groups(random, _heavy(random, max(int(unit * honest.forwarders), 2), min(people / 100, 3300)), [1.0])
    pairs.groups(random, _heavy(random, max(int(unit * honest.nats), 2), min(people / 300, 1100)), [0.7])
    return np.concatenate(pairs.accounts), np.concatenate(pairs.entities)


def _heavy(random: Random, count: int, mean: float) -> Ints:
    return np.maximum((random.pareto(1.5, count) * mean / 2), 20).astype(np.int64)


def _purchases(honest: Honest, random: Random) -> tuple[Ints, Ints]:
    """Link accounts by what they bought: a long tail of products, a few hits, and resellers who buy hundreds."""
    people = honest.edges // 7
    products = honest.edges // 16
    weights = (np.arange(products) + 20.0) ** -honest.popularity
    bought = np.maximum(random.negative_binomial(1.5, 0.2, people), 1)
    bought[random.choice(people, int(people * honest.resellers / 1000), replace=False)] = random.integers(100, 400)
    accounts = np.repeat(np.arange(people), bought)
    entities = random.choice(products, len(accounts), p=weights / weights.sum())
    hits = random.choice(people, (honest.viral, people // 50))
    accounts = np.concatenate([accounts, hits.ravel()])
    entities = np.concatenate([entities, np.repeat(np.arange(honest.viral) + products, hits.shape[1])])
    return accounts, entities


def _rings(accounts: Ints, entities: Ints, honest: Honest, ring: Ring, random: Random) -> tuple[tuple[Ints, Ints], list[Ints]]:
    """Plant the rings among accounts that have their own honest links, and camouflage them."""
    people, things = int(accounts.max()) + 1, int(entities.max()) + 1
    found: list[tuple[Ints, Ints]] = []
    members: list[Ints] = []
    for place in range(ring.rings):
        if ring.camouflage == "hijacked":
            ours = random.choice(people, ring.accounts, replace=False)
        else:
            ours = people + place * ring.accounts + np.arange(ring.accounts)
        if honest.kind == "links":
            shared = things + place * ring.entities + np.arange(ring.entities)
        elif ring.popular:
            shared = entities[random.integers(len(entities), size=ring.entities)]
        else:
            shared = random.choice(things, ring.entities, replace=False)
        links = random.random((len(ours), len(shared))) < ring.density
        rows, columns = np.nonzero(links)
        found.append((ours[rows], shared[columns]))
        found.append(_camouflage(ours, len(rows), entities, ring, random))
        found.append(_own(ours, things + ring.rings * ring.entities + place * ring.accounts, honest, ring, random))
        members.append(ours)
    if not found:
        return (np.empty(0, np.int64), np.empty(0, np.int64)), []
    return (np.concatenate([one for one, _ in found]), np.concatenate([one for _, one in found])), members


def _own(ours: Ints, fresh: int, honest: Honest, ring: Ring, random: Random) -> tuple[Ints, Ints]:
    """Give new accounts something of their own, as everybody has."""
    if ring.camouflage == "hijacked" or honest.kind != "links":
        return np.empty(0, np.int64), np.empty(0, np.int64)
    has = random.random(len(ours)) < 0.5
    return ours[has], fresh + np.nonzero(has)[0]


def _camouflage(ours: Ints, links: int, entities: Ints, ring: Ring, random: Random) -> tuple[Ints, Ints]:
    count = 0 if ring.camouflage == "none" else int(links * ring.volume)
    if ring.camouflage == "biased":
        chosen = entities[random.integers(len(entities), size=count)]
    else:
        chosen = random.integers(int(entities.max()) + 1, size=count)
    return random.choice(ours, count), chosen
