"""Demand that looks like agreement: viral articles, resellers who buy and send back a lot, and people paid for their reviews."""

import numpy as np

from beleg.world.columns import Flags, Floats, Ints, digest, share_of
from beleg.world.draws import DAY, Draws
from beleg.world.parameters import WorldParameters

_FAME = 14 * DAY


class Crowd:
    """Who they are and when; the same over the whole year."""

    def __init__(self, parameters: WorldParameters, articles: int, accounts: int, old: int) -> None:
        p = self._parameters = parameters
        draws = Draws(p.seed, 12)
        start, length = p.start_micros(), p.days * DAY
        self.famous = draws.span(0, articles, p.viral_articles)
        self._fame = start + draws.span(0, max(1, length - _FAME), p.viral_articles)
        self.resellers = draws.span(0, old, p.resellers)
        reviewers = p.crooked(p.bought_reviewers)
        self.reviewers = np.arange(accounts, accounts + reviewers)
        self.accounts = accounts + reviewers
        self.praised = draws.span(0, articles, p.crooked(p.bought_articles))
        self._paid_from = start + draws.span(0.2 * length, 0.6 * length, 1)

    def viral(self, chunk: int, when: Ints) -> Ints:
        """The famous article that each line's customer takes instead, or -1."""
        draws = Draws(self._parameters.seed, 13, chunk)
        chosen = np.full(len(when), -1)
        for article, begins in zip(self.famous, self._fame, strict=True):
            hit = (when >= begins) & (when < begins + _FAME) & draws.chance(self._parameters.viral_share, len(when))
            chosen[hit] = article
        return chosen

    def reselling(self, chunk: int, account: Ints) -> Ints:
        """The accounts, some of whose orders are a reseller's instead."""
        draws = Draws(self._parameters.seed, 14, chunk)
        resold = draws.chance(self._parameters.reseller_orders if len(self.resellers) else 0.0, len(account))
        chosen = self.resellers[draws.span(0, len(self.resellers), int(resold.sum()))] if resold.any() else 0
        account = account.copy()
        account[resold] = chosen
        return account

    def resells(self, account: Ints) -> Flags:
        """Whether the account is a reseller's."""
        return np.isin(account, self.resellers)

    def opened(self, account: Ints, usual: Ints) -> Ints:
        """When the accounts were opened: just before the reviews are wanted for those who are paid for them."""
        ago: Floats = share_of(digest(self._parameters.seed, "opened", account)) * 20 * DAY
        paid = (account >= self.accounts - len(self.reviewers)) & (account < self.accounts)
        return np.where(paid, self._paid_from - DAY - ago.astype(np.int64), usual)

    def paid(self, when: Ints, praised: Flags, draws: Draws) -> Ints:
        """The paid reviewer who places each order, or -1: about every second order of a praised article while it is praised."""
        n = len(when)
        if not len(self.reviewers):
            return np.full(n, -1)
        wanted = praised & (when >= self._paid_from) & (when < self._paid_from + 90 * DAY) & draws.chance(0.5, n)
        return np.where(wanted, self.reviewers[draws.span(0, len(self.reviewers), n)], -1)
