"""A returns desk as bare tables: who handled which case of whom, in which queue, on which day; insiders may be planted."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Desk:
    """How a desk works. The honest oddities are on by default: they are what false alarms are made of.

    queues are unequal (`queue_skew`), people differ in speed (`speed`) and in how often they lack a proof (`care`), trainees lack
    more, who comes back goes to the same clerk at times (`sticky`; `advised` customers nearly always), on campaign days there is
    more to do and in a hurry, and on outage days a site's scans fail.
    """

    staff: int = 1_000
    cases: int = 2_500_000
    days: int = 84
    sites: int = 5
    categories: int = 5
    shifts: int = 2
    accounts: int = 800_000
    queue_skew: float = 0.6
    speed: float = 0.35
    helps_out: float = 0.15
    sticky: float = 0.25
    advised: float = 0.01
    campaign_days: int = 5
    campaign: float = 2.5
    outage_days: int = 3
    outage: float = 0.3
    lacking: float = 0.004
    care: float = 0.4
    trainees: float = 0.1
    trainee_lacking: float = 3.0
    pairs_kept: float = 0.3


@dataclass(frozen=True, slots=True)
class Plot:
    """What is planted: so many rings of so many accounts, each insider works for one; extra: bribed approvals of each insider.

    Rings are there without insiders too: their cases come in bursts, and honest staff handle them.
    """

    rings: int = 20
    ring_accounts: int = 20
    ring_cases: float = 6.0
    insiders: int = 0
    extra: int = 0


@dataclass(slots=True)
class Cases:
    """One entry a case; ring is -1 outside rings.

    crew: who works at the same site in the same shift; approver: whoever agreed; lacking: nothing proves that the goods came.
    """

    day: Ints
    queue: Ints
    crew: Ints
    account: Ints
    ring: Ints
    clerk: Ints
    approver: Ints
    lacking: Flags
    trainee: Flags
    insiders: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    works_for: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))


class _Roster:
    """Who may be given a case of each queue on each day, and how likely each is."""

    def __init__(self, desk: Desk, chance: np.random.Generator) -> None:
        self.queues = desk.sites * desk.categories * desk.shifts
        weight = np.exp(chance.normal(0, desk.queue_skew, self.queues))
        self.weight: Floats = weight / weight.sum()
        heads = np.maximum(np.round(self.weight * desk.staff).astype(np.int64), 4)
        home = np.repeat(np.arange(self.queues), heads)
        self.home = home[chance.permutation(len(home))[: desk.staff]] if len(home) >= desk.staff else home
        n = len(self.home)
        self.speed = np.exp(chance.normal(0, desk.speed, n))
        self.trainee = chance.random(n) < desk.trainees
        self.rest = chance.integers(0, 7, n)
        # some help out in another category of the same site and shift
        other = self.home // desk.categories * desk.categories + chance.integers(0, desk.categories, n)
        self.second = np.where(chance.random(n) < desk.helps_out, other, -1)
        self.members = [np.flatnonzero((self.home == one) | (self.second == one)) for one in range(self.queues)]
        self.shares = [self.speed[one] * np.where(self.home[one] == queue, 1.0, 0.25) for queue, one in enumerate(self.members)]

    def works(self, clerk: Ints, day: Ints) -> Flags:
        """Whether the clerk is on duty that day; everybody works five days of seven."""
        return (day + self.rest[clerk]) % 7 < 5

    def draw(self, queue: Ints, day: Ints, chance: np.random.Generator) -> Ints:
        """A clerk on duty for every case, by speed; any of the queue's clerks where nobody is on duty."""
        clerk = np.zeros(len(queue), dtype=np.int64)
        key = queue * 7 + day % 7
        order = np.argsort(key, kind="stable")
        starts = np.searchsorted(key[order], np.arange(self.queues * 7 + 1))
        for group in range(self.queues * 7):
            rows = order[starts[group] : starts[group + 1]]
            if len(rows):
                members, shares = self.members[group // 7], self.shares[group // 7]
                duty = self.works(members, np.full(len(members), group % 7))
                duty = duty if duty.any() else np.ones(len(members), dtype=bool)
                odds = np.cumsum(shares[duty])
                clerk[rows] = members[duty][np.searchsorted(odds, chance.random(len(rows)) * odds[-1])]
        return clerk


def make(desk: Desk, plot: Plot, seed: int) -> Cases:
    """One desk's twelve weeks."""
    chance = np.random.default_rng(seed)
    roster = _Roster(desk, chance)
    busy = np.ones(desk.days)
    busy[chance.choice(desk.days, desk.campaign_days, replace=False)] = desk.campaign
    account, ring, day = _demand(desk, plot, busy, chance)
    home = chance.choice(roster.queues, desk.accounts + plot.rings * plot.ring_accounts, p=roster.weight)
    if plot.rings:
        # a ring orders to the addresses of one region
        home[desk.accounts :] = np.repeat(home[desk.accounts :: plot.ring_accounts][: plot.rings], plot.ring_accounts)
    local = chance.random(len(account)) < 0.9
    site = home[account] // (desk.categories * desk.shifts)
    any_queue = chance.choice(roster.queues, len(account), p=roster.weight)
    inside = any_queue % (desk.categories * desk.shifts) + site * desk.categories * desk.shifts
    queue = np.where(local, inside, any_queue)
    clerk = roster.draw(queue, day, chance)
    account, ring, day, queue, clerk = _come_back(desk, roster, (account, ring, day, queue, clerk), chance)
    approver = _approve(desk, roster, queue, clerk, chance)
    lacking = _lack(desk, roster, (day, queue, clerk), busy, chance)
    cases = Cases(day, queue, queue // desk.categories, account, ring, clerk, approver, lacking, roster.trainee)
    return _bribe(desk, plot, roster, cases, chance) if plot.insiders else cases


def _demand(desk: Desk, plot: Plot, busy: Floats, chance: np.random.Generator) -> tuple[Ints, Ints, Ints]:
    """Whose case comes on which day: honest customers all over, rings in bursts of a few days."""
    odds = np.cumsum(busy * (0.8 + 0.4 * (np.arange(desk.days) % 7 < 5)))
    day = np.searchsorted(odds, chance.random(desk.cases) * odds[-1])
    account = chance.integers(0, desk.accounts, desk.cases)
    each = chance.poisson(plot.ring_cases, plot.rings * plot.ring_accounts)
    ringed = np.repeat(np.arange(len(each)), each)
    burst = chance.integers(0, desk.days, (max(plot.rings, 1), 6))
    when = burst[ringed // plot.ring_accounts, chance.integers(0, 6, len(ringed))] + chance.integers(0, 2, len(ringed))
    ring = np.concatenate([np.full(desk.cases, -1), ringed // plot.ring_accounts])
    return np.concatenate([account, ringed + desk.accounts]), ring, np.concatenate([day, np.minimum(when, desk.days - 1)])


_Columns = tuple[Ints, Ints, Ints, Ints, Ints]


def _come_back(desk: Desk, roster: _Roster, columns: _Columns, chance: np.random.Generator) -> _Columns:
    """Who comes back goes to the clerk of last time at times, if that one is on duty; some customers have their own adviser."""
    order = np.lexsort((columns[2], columns[0]))
    account, ring, day, queue, clerk = (column[order] for column in columns)
    again = np.concatenate([[False], account[1:] == account[:-1]])
    sticky = np.where(chance.random(int(account.max()) + 1) < desk.advised, 0.95, desk.sticky)
    returns = again & (chance.random(len(account)) < sticky[account])
    # runs of cases that stay with the clerk who had the run's first one
    first = np.maximum.accumulate(np.where(~returns, np.arange(len(account)), 0))
    stays = returns & roster.works(clerk[first], day)
    clerk = np.where(stays, clerk[first], clerk)
    queue = np.where(stays, queue[first], queue)
    return account, ring, day, queue, clerk


def _approve(desk: Desk, roster: _Roster, queue: Ints, clerk: Ints, chance: np.random.Generator) -> Ints:
    """A second person of the queue; some clerks ask the same colleague first."""
    friend = np.array([chance.choice(roster.members[home]) for home in roster.home])
    pick = np.zeros(len(queue), dtype=np.int64)
    order = np.argsort(queue, kind="stable")
    starts = np.searchsorted(queue[order], np.arange(roster.queues + 1))
    for one in range(roster.queues):
        rows = order[starts[one] : starts[one + 1]]
        pick[rows] = chance.choice(roster.members[one], len(rows))
    kept = chance.random(len(roster.home)) * desk.pairs_kept
    return np.where(chance.random(len(queue)) < kept[clerk], friend[clerk], pick)


def _lack(desk: Desk, roster: _Roster, columns: tuple[Ints, Ints, Ints], busy: Floats, chance: np.random.Generator) -> Flags:
    """Which cases lack their proofs for honest reasons."""
    day, queue, clerk = columns
    n = len(roster.home)
    own = np.exp(chance.normal(0, desk.care, n)) * np.where(roster.trainee, desk.trainee_lacking, 1.0)
    hard = np.exp(chance.normal(0, 0.5, roster.queues))
    rate = desk.lacking * own[clerk] * hard[queue] * np.where(busy[day] > 1, 1.5, 1.0)
    site = queue // (desk.categories * desk.shifts)
    down = np.zeros((desk.sites, desk.days), dtype=bool)
    for one in range(desk.sites):
        down[one, chance.choice(desk.days, desk.outage_days, replace=False)] = True
    rate = np.where(down[site, day], desk.outage, rate)
    return chance.random(len(day)) < rate


def _bribe(desk: Desk, plot: Plot, roster: _Roster, cases: Cases, chance: np.random.Generator) -> Cases:
    """Insiders take `extra` cases of one ring each, spread over their days, in their own queue; nothing proves those."""
    insiders = chance.choice(len(roster.home), plot.insiders, replace=False)
    works_for = chance.integers(0, plot.rings, plot.insiders)
    clerk = np.repeat(insiders, plot.extra)
    ring = np.repeat(works_for, plot.extra)
    day = chance.integers(0, desk.days, len(clerk))
    for _ in range(20):
        off = ~roster.works(clerk, day)
        day[off] = chance.integers(0, desk.days, int(off.sum()))
    account = desk.accounts + ring * plot.ring_accounts + chance.integers(0, plot.ring_accounts, len(clerk))
    queue = roster.home[clerk]
    approver = _approve(desk, roster, queue, clerk, chance)
    return Cases(
        day=np.concatenate([cases.day, day]),
        queue=np.concatenate([cases.queue, queue]),
        crew=np.concatenate([cases.crew, queue // desk.categories]),
        account=np.concatenate([cases.account, account]),
        ring=np.concatenate([cases.ring, ring]),
        clerk=np.concatenate([cases.clerk, clerk]),
        approver=np.concatenate([cases.approver, approver]),
        lacking=np.concatenate([cases.lacking, np.ones(len(clerk), dtype=bool)]),
        trainee=cases.trainee,
        insiders=insiders,
        works_for=works_for,
    )
