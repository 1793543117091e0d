"""Accounts like those confirmed: named when they are, by p-values that hold, and by nothing else than what acts say."""

from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest

from beleg.kernels import likeness
from beleg.kernels.likeness import ABOVE, CLEARED, CONFIRMED, LENGTHS, OPENED, REFUNDS, SHORTEST, TIE, Book, conformal, cut, liken
from beleg.weigh.discoveries import LEARNED_FALSE, discoveries

WEEKS, CLOSED = 30, 24


@pytest.fixture(autouse=True)
def few_trees(monkeypatch):
    monkeypatch.setattr(likeness, "TREES", 40)


class Shop:
    """Acts of a made-up shop: each week some accounts are refunded; the guilty claim more, or share a thing, or neither."""

    def __init__(self, seed: int, guilty: int = 6, honest: int = 24, *, claims: float = 3.0, shares: bool = False) -> None:
        self.random = np.random.default_rng(seed)
        self.rows: list[tuple[str, str, str, int, int, float, float]] = []
        self.guilty: set[str] = set()
        for week in range(WEEKS):
            for number in range(guilty + honest):
                bad = number < guilty
                name = f"{self.random.integers(1 << 40):x}"
                self.act(name, OPENED, week - 10)
                self.act(name, REFUNDS, week)
                self.act(name, "money refunded", week, 100.0 * (1 + self.random.random()))
                self.act(name, "claims: not_received", week, float(self.random.poisson(claims if bad else 0.2)) + 0.001)
                thing = f"ring {number % 2}" if bad and shares else f"flat {self.random.integers(400)}"
                self.rows.append((name, f"{TIE}device", thing, week - 1, -1, 1.0, 1.0))
                if bad:
                    self.guilty.add(name)
                if week < CLOSED and (bad or number % 3 == 0):
                    self.act(name, CONFIRMED if bad else CLEARED, week, known=week + 1)

    def act(self, account: str, what: str, week: int, value: float = 1.0, known: int = -1) -> None:
        self.rows.append((account, what, "", week, known, value, value))

    def table(self, rename=lambda name: name) -> pa.Table:
        names = ("account", "what", "entity", "week", "known", "value", "most")
        columns = dict(zip(names, map(list, zip(*self.rows, strict=True)), strict=True))
        columns["account"] = [rename(one) for one in columns["account"]]
        return pa.table({name: pa.array(column) for name, column in columns.items()})


def named(found) -> set[str]:
    rows = found.alike.to_pylist()
    passes = discoveries([row["p"] for row in rows], found.tests, LEARNED_FALSE, plain=True)
    return {row["account"] for row, one in zip(rows, passes, strict=True) if one}


def test_who_does_as_the_confirmed_did_is_named_and_says_why():
    shop = Shop(1, guilty=9, claims=6.0)
    found = liken(shop.table())
    right = named(found) & shop.guilty
    assert len(right) >= 15
    assert 6 * len(named(found) - shop.guilty) <= len(named(found))
    first = found.alike.to_pylist()[0]
    assert first["chance"] > 50 > found.base
    parts = [row for row in found.parts.to_pylist() if row["account"] == first["account"]]
    assert parts[0]["says"] == "everybody learned from, alike"
    assert max(parts[1:], key=lambda row: row["brings"])["says"] == "claims: not_received"


def test_neighbours_tell_where_nothing_else_does():
    shop = Shop(2, claims=0.2, shares=True)
    alone, together = (named(liken(shop.table(), neighbours=one)) for one in (False, True))
    # a device of more than a crowd is nobody's: the ring's two grow past it in the end, so links are looked at in time only
    assert len(together & shop.guilty) >= len(alone & shop.guilty)


def test_honest_accounts_pass_no_more_often_than_stated():
    """Of the judged, nobody is guilty: whatever the trees learned, at most so many shops name anybody."""
    alarms = 0
    for seed in range(12):
        shop = Shop(100 + seed, guilty=2, honest=12, claims=1.0)
        late = {row[0] for row in shop.rows if row[1] == REFUNDS and row[3] >= CLOSED - 4} & shop.guilty
        shop.rows = [row for row in shop.rows if row[0] not in late or row[3] < CLOSED - 4]
        alarms += bool(named(liken(shop.table())) - shop.guilty)
    assert alarms <= 2


def test_names_and_the_order_of_rows_change_nothing():
    shop = Shop(3)
    was = liken(shop.table())
    fresh: dict[str, str] = {}
    again = liken(shop.table(lambda name: fresh.setdefault(name, f"{hash(name) % 99991:05d}-{len(fresh)}")))
    assert named(again) == {fresh[one] for one in named(was)}
    shop.random.shuffle(shop.rows)
    assert named(liken(shop.table())) == named(was)


def test_a_label_is_known_to_others_only_after_its_case_was_closed():
    shop = Shop(4, shares=True)
    book = Book(shop.table(), neighbours=True)
    at = book.features.index("things shared with somebody confirmed")
    assert book.rows(0, 2).x[:, at].sum() == 0
    assert book.rows(8, 10).x[:, at].sum() > 0
    closed_later = [(*row[:4], row[4] + 50 if row[4] >= 0 else row[4], *row[5:]) for row in shop.rows]
    shop.rows = closed_later
    assert Book(shop.table(), neighbours=True).rows(8, 10).x[:, at].sum() == 0


def test_too_little_is_an_answer():
    shop = Shop(5)
    shop.rows = [row for row in shop.rows if row[1] not in {CONFIRMED, CLEARED}]
    assert "too short a time" in liken(shop.table()).lacking
    honest = Shop(6, guilty=0)
    assert "too few closed cases" in liken(honest.table()).lacking


def test_lengths_of_time_do_not_overlap_and_the_judged_come_last():
    refunds, cases = np.arange(60), np.arange(40)
    lengths = cut(refunds, cases)
    assert lengths is not None
    every = sorted([*lengths.fit, *lengths.held, *lengths.judged])
    assert all(one[1] <= other[0] for one, other in pairwise(every))
    assert max(end for _, end in lengths.fit) <= min(begin for begin, _ in lengths.held)
    assert max(end for _, end in lengths.held) <= min(begin for begin, _ in lengths.judged)
    assert cut(np.arange(12), np.arange(LENGTHS * SHORTEST - 1)) is None


@pytest.mark.parametrize("weight", [1.0, 0.5])
def test_p_values_are_shares_of_those_held_against(weight):
    against = np.array([0.1, 0.2, 0.2, 0.4])
    p = conformal(np.array([0.5, 0.4, 0.2, 0.0]), against, np.full(4, weight))
    assert p == pytest.approx((1 + weight * np.array([0, 1, 3, 4])) / (1 + 4 * weight))


def test_who_is_above_the_line_and_was_not_looked_at_hides_nobody():
    """Those held against may be guilty: where cases of such accounts are confirmed, they count for little."""
    shop = Shop(7)
    for name in shop.guilty:
        week = next(row[3] for row in shop.rows if row[0] == name and row[1] == REFUNDS)
        shop.act(name, ABOVE, week)
    missed = set(sorted(shop.guilty)[::5])
    shop.rows = [row for row in shop.rows if row[0] not in missed or row[1] != CONFIRMED]
    found = named(liken(shop.table()))
    assert len(found & shop.guilty) >= 10
    assert len(found - shop.guilty) <= 2
