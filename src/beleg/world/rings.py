"""Rings: who belongs to them and when, what they share, and how they hide."""

from dataclasses import dataclass

import numpy as np

from beleg.world.columns import Flags, Floats, Hashes, Ints, digest, share_of
from beleg.world.draws import DAY, Draws
from beleg.world.parameters import WorldParameters
from beleg.world.society import KINDS, Society

# What a ring shares, in turn until it has as many things as it shall.
_SHARED = ("device", "payment", "address", "ip", "phone", "device", "payment", "email")
# What somebody who was banned keeps when coming back under another name.
_KEPT = ("address", "payment", "device", "phone")
STRANGERS = 1_000_000_000
"""From here on people are numbered who are on no shift: those who left and now recruit."""


@dataclass(frozen=True)
class Members:
    """One entry per account of any ring; times are microseconds UTC.

    `back_as` is the account that a closed one comes back as, or -1. The first of each ring belongs to its recruiter.
    """

    account: Ints
    ring: Ints
    fresh: Flags
    lent: Flags
    since: Ints
    until: Ints
    back_as: Ints
    recruiter: Flags


@dataclass(frozen=True)
class Links:
    """One entry per link of an account to something it shares: the kind as a number of `KINDS`, the value, and when it shows."""

    account: Ints
    kind: Ints
    value: Hashes
    when: Ints


class Rings:
    """The rings of a world; none where it has none."""

    def __init__(self, parameters: WorldParameters, society: Society, accounts: int, old: int) -> None:
        self.parameters, self._society = parameters, society
        self._start, self._end = parameters.start_micros(), parameters.start_micros() + parameters.days * DAY
        self.count = parameters.crooked(parameters.rings)
        draws = Draws(parameters.seed, 10)
        self.begins = self._start + draws.span(0.08 * parameters.days * DAY, 0.35 * parameters.days * DAY, self.count)
        self.members = self._recruit(draws, accounts, old)
        self.accounts = accounts + int(self.members.fresh.sum())
        self._order = np.argsort(self.members.account, kind="stable")
        self._sorted = self.members.account[self._order]
        self.links = self._share(draws)
        self.hidden = self._hide(draws)
        self._first = {kind: self._first_link(number) for number, kind in enumerate(KINDS)}

    @property
    def names(self) -> tuple[str, ...]:
        """What the truth calls them."""
        return tuple(f"ring-{number + 1}" for number in range(self.count))

    # -- who ---------------------------------------------------------------------------------------------------------------------

    def _recruit(self, draws: Draws, accounts: int, old: int) -> Members:
        p = self.parameters
        low, high = p.ring_size
        sizes = draws.span(low, high + 1, self.count)
        ring = np.repeat(np.arange(self.count), sizes)
        place = np.arange(len(ring)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        size = sizes[ring] if self.count else ring
        closed = np.round(p.banned * size).astype(np.int64)
        fresh = place >= size - np.maximum(np.round(p.ring_fresh * size * (p.camouflage != "hijacked")), closed)
        account = np.where(fresh, accounts + np.cumsum(fresh) - 1, 0)
        customers = draws.shuffled(np.arange(old))[: int((~fresh).sum())]
        if len(customers) < int((~fresh).sum()):
            raise ValueError(f"the rings need {int((~fresh).sum())} customers, and the shop has {old}: fewer rings, or more orders")
        account[~fresh] = customers
        begins = self.begins[ring] if self.count else ring
        since = begins + draws.span(0, 20 * DAY, len(ring))
        until = np.full(len(ring), self._end)
        # the last of a ring are those under whose names its first closed ones come back; the recruiter stays unseen
        banned = (place >= 1) & (place <= closed) & (place < size - closed)
        until[banned] = (since + (self._end - since) * (0.35 + 0.25 * draws.evenly(len(ring))).astype(np.float64)).astype(np.int64)[
            banned
        ]
        heir = np.arange(len(ring)) + size - closed - 1 if self.count else ring
        since[heir[banned]] = until[banned] + draws.span(3 * DAY, 20 * DAY, len(ring))[banned]
        back_as = np.full(len(ring), -1)
        back_as[banned] = account[heir[banned]]
        lent = ~fresh & draws.chance(p.lending, len(ring))
        return Members(account, ring, fresh, lent, since, until, back_as, place == 0)

    def opened(self, account: Ints, usual: Ints) -> Ints:
        """When the accounts were opened: weeks before they are first used for those made for a ring, else as usual."""
        place, member = self._place(account)
        made = member & self.members.fresh[place] if len(self.members.account) else member
        early = (share_of(digest(self.parameters.seed, "opened", account)) * 40 * DAY).astype(np.int64) + DAY
        since = self.members.since[place] if len(self.members.account) else usual
        heir = np.isin(account, self.members.back_as)
        return np.where(made, since - np.where(heir, early // 20, early), usual)

    def _place(self, account: Ints) -> tuple[Ints, Flags]:
        """Where the account stands among the members, and whether it does."""
        if not len(self._sorted):
            return np.zeros(len(account), dtype=np.int64), np.zeros(len(account), dtype=np.bool_)
        found = np.minimum(np.searchsorted(self._sorted, account), len(self._sorted) - 1)
        return self._order[found], self._sorted[found] == account

    def active(self, ring: int, when: Ints, draws: Draws) -> Ints:
        """A member of the ring that acts at these instants, -1 where there is none."""
        rows = np.flatnonzero(self.members.ring == ring)
        m = self.members
        open_ = (m.since[rows] <= when[:, None]) & (when[:, None] < m.until[rows] - 15 * DAY)
        drawn: Floats = draws.evenly(len(when) * len(rows)).reshape(len(when), len(rows)) * open_
        chosen = m.account[rows][np.argmax(drawn, axis=1)]
        return np.where(open_.any(axis=1), chosen, -1)

    # -- what they share ---------------------------------------------------------------------------------------------------------

    def _share(self, draws: Draws) -> Links:
        p, m, n = self.parameters, self.members, len(self.members.account)
        things = np.arange(p.ring_entities)
        kinds = np.array([KINDS.index(_SHARED[thing % len(_SHARED)]) for thing in things], dtype=np.int64)
        rows, thing = np.nonzero(draws.chance(p.ring_density, n * len(things)).reshape(n, len(things)))
        value = digest(p.seed, "ringown", m.ring[rows], thing)
        parts = [(m.account[rows], kinds[thing], value), self._kept(draws), self._recruiters()]
        account, kind, shared = (np.concatenate(part) for part in zip(*parts, strict=True))
        return Links(account, kind, shared, self._shown(draws, account))

    def _kept(self, draws: Draws) -> tuple[Ints, Ints, Hashes]:
        """What those who come back bring along: at least one thing, in most cases more."""
        old, new = (part[self.members.back_as >= 0] for part in (self.members.account, self.members.back_as))
        kept = draws.chance(0.5, len(old) * len(_KEPT)).reshape(len(old), len(_KEPT))
        kept[np.arange(len(old)), draws.span(0, len(_KEPT), len(old))] = True
        rows, kind = np.nonzero(kept)
        values = [self._society.identity(name, old) for name in _KEPT]
        value = np.stack(values, axis=1)[rows, kind] if len(old) else np.empty(0, dtype=np.uint64)
        return new[rows], np.array([KINDS.index(name) for name in _KEPT], dtype=np.int64)[kind], value

    def _recruiters(self) -> tuple[Ints, Ints, Hashes]:
        """The recruiter, who once worked here, gave this phone to the personnel office."""
        m = self.members
        value = digest(self.parameters.seed, "contact", STRANGERS + m.ring[m.recruiter])
        return m.account[m.recruiter], np.full(int(m.recruiter.sum()), KINDS.index("phone")), value

    def _shown(self, draws: Draws, account: Ints) -> Ints:
        place, _ = self._place(account)
        since = self.members.since[place] if len(account) else account
        return since + draws.span(0, 25 * DAY, len(account))

    def _first_link(self, kind: int) -> Hashes:
        """Per member the first thing of this kind that it shares, or 0."""
        value = np.zeros(len(self.members.account), dtype=np.uint64)
        of_kind = np.flatnonzero(self.links.kind == kind)[::-1]
        place, _ = self._place(self.links.account[of_kind])
        value[place] = self.links.value[of_kind]
        return value

    def identity(self, kind: str, account: Ints, own: Hashes) -> Hashes:
        """What an account shows from its first day: one made for a ring what the ring shares, if it has its part in it."""
        place, member = self._place(account)
        if not member.any():
            return own
        shared = self._first[kind][place]
        return np.where(member & self.members.fresh[place] & (shared > 0), shared, own).astype(np.uint64)

    def used(self, kind: str, account: Ints, ring: Ints, own: Hashes) -> Hashes:
        """What the account shows in an act for its ring: what it shares, and for a lent account the refunder's own."""
        place, member = self._place(account)
        acts = member & (ring >= 0)
        if not acts.any():
            return own
        shared, lent = self._first[kind][place], self.members.lent[place]
        tool = digest(self.parameters.seed, f"{kind[:2]} lent", ring + 1, account % 2)
        shown = np.where(lent & np.isin(kind, ("device", "ip")), tool, np.where(shared > 0, shared, own))
        return np.where(acts, shown, own).astype(np.uint64)

    def lent(self, account: Ints, ring: Ints) -> Flags:
        """Whether the refunder acts in the account's name."""
        place, member = self._place(account)
        return member & (ring >= 0) & self.members.lent[place] if len(self._sorted) else member

    # -- how they hide -----------------------------------------------------------------------------------------------------------

    def _hide(self, draws: Draws) -> Links:
        """Links of honest look: to anybody's things at random, or to what many share."""
        p = self.parameters
        hiding = p.camouflage != "none" and self.count > 0
        ours = self.members.account if p.camouflage == "hijacked" else self.members.account[self.members.fresh]
        n = round(len(self.links.account) * p.camouflage_volume) if hiding and len(ours) else 0
        account = ours[draws.span(0, len(ours), n)] if n else np.empty(0, dtype=np.int64)
        kind = np.array([KINDS.index("ip"), KINDS.index("address")])[draws.span(0, 2, n)]
        value = np.zeros(n, dtype=np.uint64)
        for number in np.unique(kind):
            rows = np.flatnonzero(kind == number)
            crowd = self._society.crowded(KINDS[number]) if p.camouflage == "biased" else np.empty(0, dtype=np.int64)
            crowd = crowd if len(crowd) else np.arange(self._society.accounts)
            value[rows] = self._society.identity(KINDS[number], crowd[draws.span(0, len(crowd), len(rows))])
        return Links(account, kind, value, self._shown(draws, account))

    def hiding(self, orders: int) -> float:
        """The share of all orders that accounts made for the rings place for the look of it."""
        p = self.parameters
        if p.camouflage in ("none", "hijacked"):
            return 0.0
        return min(0.5, int(self.members.fresh.sum()) * p.ring_frauds * p.camouflage_volume / orders)
