"""How much the refund outcomes of accounts speak for a ring: bad ones against the base rate, allowing for people who differ."""

from dataclasses import dataclass
from math import lgamma, log
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from beleg.kernels.rings.graph import Links
from beleg.kernels.rings.group import Longs

Floats = npt.NDArray[np.float64]

# In a ring the odds of a bad outcome are this many times those of everybody; which of these is not known, so each counts alike.
ODDS = (2.0, 4.0, 8.0, 16.0, 32.0)
_LEAST_SPREAD, _MOST_SPREAD = 0.01, 0.5

# The same for having any outcome that tells by itself: it is rare, and most of a ring's accounts have one.
TELLING_ODDS = (8.0, 32.0, 128.0)


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Bits per account (rows) for each possible rate in a ring (columns) against the base rate."""

    bits: Floats

    def together(self, accounts: npt.NDArray[np.int32], ends: Longs) -> Floats:
        """Say what the outcomes of groups of accounts, `accounts[ends[i] : ends[i + 1]]`, tell if each has one raised rate."""
        groups = np.repeat(np.arange(len(ends) - 1), np.diff(ends))
        sums = np.zeros((len(ends) - 1, self.bits.shape[1]))
        for odds in range(self.bits.shape[1]):
            sums[:, odds] = np.bincount(groups, self.bits[accounts, odds], len(sums))
        return np.round(_means(sums), 6)  # sums come out the same in any order only so far

    def each(self) -> Floats:
        """Say what the outcomes of each account tell by themselves."""
        return _means(self.bits)


def read_outcomes(table: pa.Table, links: Links) -> Outcomes:
    """Hold the outcomes (account, trials, bad; and telling, if known) of the accounts against the base rate of all of them."""
    trials, bad = (_per_account(table, links, name) for name in ("trials", "bad"))
    rate, spread = base_rate(trials, bad)
    kinds, which = np.unique(np.stack([trials, bad]), axis=1, return_inverse=True)
    pairs = list(zip(kinds[0].tolist(), kinds[1].tolist(), strict=True))
    base = [beta_binomial(*pair, rate, spread) for pair in pairs]
    raised = [_raise(rate, odds) for odds in ODDS]
    bits = [[(beta_binomial(*pair, r, spread) - b) / log(2.0) for r in raised] for pair, b in zip(pairs, base, strict=True)]
    counted = np.array(bits).reshape(len(pairs), len(ODDS))[which.ravel()]
    if "telling" not in table.column_names or not pc.sum(table["telling"]).as_py():
        return Outcomes(counted)
    return Outcomes(np.hstack([counted, _telling(trials > 0, _per_account(table, links, "telling") > 0)]))


def _telling(asked: npt.NDArray[np.bool_], hit: npt.NDArray[np.bool_]) -> Floats:
    """Bits per account and odds: whether any of its outcomes tells, an account counting once however many do."""
    rate = (hit.sum() + 0.5) / ((asked | hit).sum() + 1.0)
    raised = np.array([_raise(rate, odds) for odds in TELLING_ODDS])
    missed = np.where(asked[:, None], np.log2((1 - raised) / (1 - rate)), 0.0)
    bits: Floats = np.where(hit[:, None], np.log2(raised / rate), missed)
    return bits


def base_rate(trials: Longs, bad: Longs) -> tuple[float, float]:
    """Fit the rate of bad outcomes and how much people differ in it (0: not at all, 1: altogether), by moments."""
    seen = trials > 0
    n, x = trials[seen].astype(float), bad[seen].astype(float)
    rate = (x.sum() + 0.5) / (n.sum() + 1.0)
    several = n > 1
    scatter = ((x - n * rate) ** 2)[several].sum() / (rate * (1 - rate))
    pairs = (n * (n - 1))[several].sum()
    spread = (scatter - n[several].sum()) / pairs if pairs else 0.0
    return float(rate), float(np.clip(spread, _LEAST_SPREAD, _MOST_SPREAD))


def beta_binomial(trials: int, bad: int, rate: float, spread: float) -> float:
    """Give the natural logarithm of the chance of so many bad outcomes, leaving out the number of ways they can fall."""
    a, b = rate * (1 - spread) / spread, (1 - rate) * (1 - spread) / spread
    return lgamma(bad + a) + lgamma(trials - bad + b) - lgamma(trials + a + b) - lgamma(a) - lgamma(b) + lgamma(a + b)


def _raise(rate: float, odds: float) -> float:
    return odds * rate / (1 - rate + odds * rate)


def _means(bits: Floats) -> Floats:
    """Average the likelihood ratios behind bits."""
    top = bits.max(axis=1, keepdims=True)
    averaged: Floats = top[:, 0] + np.log2(np.exp2(bits - top).mean(axis=1))
    return averaged


def _per_account(table: pa.Table, links: Links, name: str) -> Longs:
    """Add up a column per account number; accounts without links are not asked about."""
    sums = np.zeros(links.account_count, np.int64)
    table = table.filter(pc.is_valid(table["account"]))
    if links.account_ids is None:
        numbers = table["account"].to_numpy()
        known = (numbers >= 0) & (numbers < links.account_count)
    else:
        found: Any = pc.index_in(table["account"].cast(links.account_ids.type), value_set=links.account_ids)
        numbers = found.fill_null(-1).to_numpy()
        known = numbers >= 0
    np.add.at(sums, numbers[known], table[name].to_numpy()[known])
    return sums
