"""Why no detector looks for blocks that buy in step: how far honest collectors and subscribers stand above a shuffled world.

Run: ``python -m evals.lockstep [--seeds 901,902]``. Accounts and (article, week) of honest worlds' purchases, with people planted
who buy the same limited releases, or have the same thing sent every fourth week; the densest block (FRAUDAR's peel) in bits: the
likelihood ratio of its links, every account's and every article's purchases a week kept, less the cost of describing the block.
"""

import argparse
import tempfile
from collections.abc import Sequence
from math import lgamma, log, log2
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from beleg.world import WorldParameters, write_world
from evals.peel import densest
from evals.worlds import add_worlds

SEEDS = (901, 902)
WEEK = 7 * 86_400_000_000
COLUMNS = ["account", "thing", "week"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Print one line per seed and crowd."""
    parser = argparse.ArgumentParser(prog="python -m evals.lockstep", description="Honest blocks that buy in step.")
    add_worlds(parser, SEEDS)
    crowds = {
        "nobody in step": _nobody,
        "60 collectors of 8 releases": _collectors,
        "400 subscribers, every fourth week": _subscribers,
    }
    for seed in parser.parse_args(arguments).seeds or SEEDS:
        bought = purchases(seed)
        for name, crowd in crowds.items():
            accounts, bits = block(pd.concat([bought, crowd(bought, np.random.default_rng(seed))], ignore_index=True))
            print(f"seed {seed}, {name}: densest block of {accounts} accounts, {bits:.0f} bits")


def purchases(seed: int) -> pd.DataFrame:
    """Who bought what in which week of an honest world: account, thing (article and week), week."""
    with tempfile.TemporaryDirectory() as folder:
        write_world(Path(folder), WorldParameters(seed=seed, fraud=False))
        orders, lines = (pq.read_table(Path(folder) / f"{name}.parquet").to_pandas() for name in ("orders", "order_lines"))
    rows = lines[["order_id", "article"]].merge(orders[["order_id", "account_id", "occurred_at"]], on="order_id")
    week = rows.occurred_at // WEEK
    return pd.DataFrame({"account": rows.account_id, "thing": rows.article + " " + week.astype(int).astype(str), "week": week})


def _nobody(_bought: pd.DataFrame, _chance: np.random.Generator) -> pd.DataFrame:
    return pd.DataFrame(columns=COLUMNS)


def _collectors(bought: pd.DataFrame, chance: np.random.Generator) -> pd.DataFrame:
    """Customers who buy six of ten limited releases in the week they come out."""
    people = chance.choice(bought.account.unique(), 60, replace=False)
    weeks = chance.choice(np.sort(bought.week.unique()), 8, replace=False)
    return pd.DataFrame([(one, f"release {at}", at) for one in people for at in weeks if chance.random() < 0.6], columns=COLUMNS)


def _subscribers(bought: pd.DataFrame, chance: np.random.Generator) -> pd.DataFrame:
    """Customers who have one article sent every fourth week, and leave out one time in five."""
    people, weeks = chance.choice(bought.account.unique(), 400, replace=False), np.sort(bought.week.unique())
    starts = [place % 4 + 4 * int(chance.integers(0, 6)) for place in range(len(people))]
    sent = [(one, at) for one, start in zip(people, starts, strict=True) for at in weeks[start::4] if chance.random() < 0.8]
    return pd.DataFrame([(one, f"coffee {at}", at) for one, at in sent], columns=COLUMNS)


def block(bought: pd.DataFrame) -> tuple[int, float]:
    """The densest block: how many accounts, and its bits."""
    links = bought.drop_duplicates(["account", "thing"])
    found = densest(pa.table({"account": pa.array(links.account), "entity": pa.array(links.thing)}))
    accounts, things = set(found.accounts.to_pylist()), set(found.entities.to_pylist())
    mine, theirs = links.account.isin(accounts), links.thing.isin(things)
    every, own, of = (part.groupby("week").size() for part in (links, links[mine], links[theirs]))
    expected = float((own * of / every).sum())
    inside = int((mine & theirs).sum())
    ratio = inside * log2(inside / expected) - (inside - expected) / log(2) if inside > expected else 0.0
    cost = _ways(links.account.nunique(), len(accounts)) + _ways(links.thing.nunique(), len(things))
    return len(accounts), ratio - cost


def _ways(of: int, chosen: int) -> float:
    """The logarithm of how many ways there are to choose so many."""
    return (lgamma(of + 1) - lgamma(chosen + 1) - lgamma(of - chosen + 1)) / log(2)


if __name__ == "__main__":
    main()
