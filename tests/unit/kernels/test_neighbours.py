"""Means over neighbours, held to a plain reading of what they mean."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from beleg.kernels.neighbours import CROWD, near, share

ACCOUNTS = 8
ties = st.lists(st.tuples(st.integers(0, ACCOUNTS - 1), st.integers(0, 5)), max_size=40)


def plainly(pairs: set[tuple[int, int]], x: np.ndarray) -> np.ndarray:
    """Thing by thing, the mean of the others who have it; then the mean over things."""
    answer = np.zeros_like(x)
    for account in range(ACCOUNTS):
        lent = []
        for thing in {thing for one, thing in pairs if one == account}:
            others = [one for one, what in pairs if what == thing and one != account]
            if others:
                lent.append(x[others].mean(axis=0))
        if lent:
            answer[account] = np.mean(lent, axis=0)
    return answer


def read(pairs: list[tuple[int, int]]):
    columns = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    return share(columns[:, 0], columns[:, 1], ACCOUNTS)


@given(ties)
def test_neighbours_lend_their_means(pairs):
    x = np.arange(2.0 * ACCOUNTS).reshape(ACCOUNTS, 2) ** 1.5
    assert np.allclose(near(read(pairs), x), plainly(set(pairs), x))


def test_what_nobody_else_or_a_crowd_has_makes_no_neighbours():
    crowd = [(one, 0) for one in range(CROWD + 1)]
    columns = np.array([*crowd, (0, 1), (0, 2), (1, 2)], dtype=np.int64)
    shared = share(columns[:, 0], columns[:, 1], CROWD + 1)
    assert sorted(zip(shared.account, shared.thing, strict=True)) == [(0, 2), (1, 2)]
