"""What the detectors' expressions count, from a desk's bare cases: the same tables, made with numpy as there is no dossier."""

from typing import Any

import numpy as np
import pyarrow as pa

from evals.insider_worlds import Cases, Floats, Ints


def named(prefix: str, numbers: Ints) -> "pa.Array[Any]":
    """Numbers as texts; every text is held once, however long the column is."""
    unique, number = np.unique(numbers, return_inverse=True)
    return pa.DictionaryArray.from_arrays(number.astype(np.int32), pa.array([f"{prefix}{one}" for one in unique]))


def tabled(**columns: object) -> pa.Table:
    """Columns of texts or numbers as a table."""
    held: dict[str, Any] = dict(columns)
    return pa.table(held)


def meetings(cases: Cases, group: Ints) -> pa.Table:
    """What `kernels.meetings.meet` reads: every clerk of a queue and day with the cases of every group that came by there.

    Args:
        cases: all cases; the share of a clerk is of all cases of the queue that day.
        group: of each case, -1 for none.
    """
    days, clerks = int(cases.day.max()) + 1, int(cases.clerk.max()) + 1
    cell = cases.queue * days + cases.day
    key, load = np.unique(cell * clerks + cases.clerk, return_counts=True)
    where, who = key // clerks, key % clerks
    size = np.bincount(cell)
    mine = np.flatnonzero(group >= 0)
    # every case of a group with every clerk of its cell who had not served that account before
    first, last = np.searchsorted(where, cell[mine]), np.searchsorted(where, cell[mine], side="right")
    case = np.repeat(mine, last - first)
    start = np.repeat(first - np.concatenate([[0], np.cumsum(last - first)[:-1]]), last - first)
    place = start + np.arange(len(case))
    accounts = int(cases.account.max()) + 1
    served, since = _first_served(cases, mine, accounts)
    pair = who[place] * accounts + cases.account[case]
    at = np.minimum(np.searchsorted(served, pair), len(served) - 1)
    begun = np.where(served[at] == pair, since[at], days)
    open_ = cases.day[case] <= begun
    case, place, begun = case[open_], place[open_], begun[open_]
    people = np.unique(cases.crew * clerks + cases.clerk) // clerks
    peers = np.bincount(people, minlength=int(cases.crew.max()) + 1) - 1
    met = (cases.clerk[case] == who[place]) & (cases.day[case] == begun)
    return tabled(
        subject=named("s", who[place]), counterpart=named("r", group[case]), occasion=cases.day[case],
        cases=np.ones(len(case)), share=load[place] / size[cell[case]], met=met, peers=peers[cases.crew[case]],
    )  # fmt: skip


def _first_served(cases: Cases, mine: Ints, accounts: int) -> tuple[Ints, Ints]:
    """The day on which a clerk first served an account, by clerk and account as one number, in order."""
    pair = cases.clerk[mine] * accounts + cases.account[mine]
    order = np.lexsort((cases.day[mine], pair))
    served, first = np.unique(pair[order], return_index=True)
    return served, cases.day[mine][order][first]


def proofs(cases: Cases) -> pa.Table:
    """What `kernels.peers.hold` reads for missing proofs: per clerk, queue and day the cases and those that lack proofs."""
    days, clerks = int(cases.day.max()) + 1, int(cases.clerk.max()) + 1
    queue = cases.queue * 2 + cases.trainee[cases.clerk]
    key, number = np.unique((queue * days + cases.day) * clerks + cases.clerk, return_inverse=True)
    cell = key // clerks
    return tabled(
        subject=named("s", key % clerks), stratum=named("q", cell // days), occasion=cell % days,
        trials=np.bincount(number), hits=np.bincount(number, cases.lacking),
    )  # fmt: skip


def together(cases: Cases, subject: Ints, counterpart: Ints, prefix: str) -> pa.Table:
    """Who worked for or with whom, as `beleg.detect.comparing.pairs` reads it."""
    return tabled(
        subject=named("s", subject), counterpart=named(prefix, counterpart), day=cases.day, lacking=cases.lacking
    )  # fmt: skip


def rates(cases: Cases) -> tuple[Ints, Floats]:
    """Clerks, and minus how many standard deviations more of their cases lack proofs than of their queues' (a rate test)."""
    load, bad = np.bincount(cases.queue), np.bincount(cases.queue, cases.lacking)
    chance = (bad / np.maximum(load, 1))[cases.queue]
    clerks = np.unique(cases.clerk)
    expected, spread, seen = (np.bincount(cases.clerk, one)[clerks] for one in (chance, chance * (1 - chance), cases.lacking))
    return clerks, -(seen - expected) / np.sqrt(spread + 1e-9)


def features(cases: Cases) -> tuple[Ints, Floats]:
    """What an anomaly detector is given per clerk: volume, what lacks proofs, customers, repeats, and how its days look."""
    clerks = np.unique(cases.clerk)
    n = np.bincount(cases.clerk, minlength=clerks.max() + 1)[clerks]
    lacking = np.bincount(cases.clerk, cases.lacking, minlength=clerks.max() + 1)[clerks]
    pair, times = np.unique(cases.clerk * (cases.account.max() + 1) + cases.account, return_counts=True)
    owner = pair // (cases.account.max() + 1)
    most = np.zeros(clerks.max() + 1)
    np.maximum.at(most, owner, times)
    customers = np.bincount(owner, minlength=clerks.max() + 1)[clerks]
    repeats = np.bincount(owner, times >= 3, minlength=clerks.max() + 1)[clerks]
    ringed = np.bincount(cases.clerk, cases.ring >= 0, minlength=clerks.max() + 1)[clerks]
    daily = np.stack([np.bincount(cases.clerk, cases.day % 7 == one, minlength=clerks.max() + 1)[clerks] for one in range(7)])
    columns = [n, lacking, lacking / n, customers / n, most[clerks], repeats / n, ringed / n, daily.std(axis=0) / n]
    return clerks, np.stack(columns, axis=1).astype(np.float64)
