"""Accounts and what they share as numbers for the kernels, and back."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from beleg.kernels.rings.null import tail_bits


class Graph:
    """Ties as links between numbers, and refunds by account number; what nobody shares has numbers that nobody else has."""

    def __init__(self, tied: pa.Table, refunds: pa.Table) -> None:
        everyone: Any = pa.chunked_array([*tied["account"].chunks, *refunds["account"].chunks], pa.string())
        self._accounts: Any = pc.unique(everyone)
        shared = tied.filter(pc.field("entity") != "")
        self._things = shared.group_by(["kind", "entity"]).aggregate([]).sort_by([("kind", "ascending"), ("entity", "ascending")])
        places = self._things.append_column("thing", pa.array(range(self._things.num_rows), pa.int64()))
        together = shared.select(["account", "kind", "entity"]).join(places, ["kind", "entity"])
        alone = tied.filter(pc.field("entity") == "")
        owners = np.repeat(self._numbers(alone), alone["n"].to_numpy())
        own = np.arange(len(owners)) + self._things.num_rows
        accounts = np.concatenate([self._numbers(together), owners])
        entities = np.concatenate([together["thing"].to_numpy(), own])
        self.links = pa.table({"account": pa.array(accounts), "entity": pa.array(entities)})
        paid = refunds.group_by("account").aggregate([("n", "sum"), ("bad", "sum"), ("told", "sum")])
        self.refunds = pa.table([paid["n_sum"], paid["bad_sum"], paid["told_sum"]], ["trials", "bad", "telling"])
        self.refunds = self.refunds.append_column("account", pa.array(self._numbers(paid)))
        told = refunds.filter(pc.field("told") > 0)
        days: Any = told["entity"].combine_chunks().dictionary_encode()
        self.marks = pa.table({"account": pa.array(self._numbers(told)), "day": days.indices.cast(pa.int64())})

    def without(self, kinds: Sequence[str]) -> pa.Table:
        """The links but for those of things of these kinds."""
        left_out = np.asarray(pc.is_in(self._things["kind"], pa.array(kinds)), dtype=np.bool_)
        entity = np.asarray(self.links["entity"], dtype=np.int64)
        kept = np.ones(len(entity), dtype=np.bool_)
        shared = entity < len(left_out)
        kept[shared] = ~left_out[entity[shared]]
        return self.links.filter(pa.array(kept))

    def names(self, accounts: list[int]) -> list[str]:
        """The accounts behind numbers."""
        names: list[str] = self._accounts.take(pa.array(accounts, pa.int64())).to_pylist()
        return names

    def shared(self, members: list[int]) -> pa.Table:
        """What more than one of them shows, as the ring engine says it: entity, accounts, expected, bits."""
        account, entity = (np.asarray(self.links[name]) for name in ("account", "entity"))
        degree = np.bincount(entity)
        mine = np.isin(account, members)
        things, met = np.unique(entity[mine], return_counts=True)
        things, met = things[met > 1], met[met > 1]
        expected = degree[things] * (mine.sum() / len(account))
        bits = [tail_bits(int(count), float(mean)) for count, mean in zip(met, expected, strict=True)]
        columns = [pa.array(column) for column in (things, met, expected)]
        return pa.table([*columns, pa.array(bits, pa.float64())], ["entity", "accounts", "expected", "bits"])

    def ties(self, members: list[int], shared: pa.Table) -> list[dict[str, Any]]:
        """Every tie of these accounts to what they share: account, kind, entity, bits."""
        inside = pc.and_(pc.is_in(self.links["account"], pa.array(members)), pc.is_in(self.links["entity"], shared["entity"]))
        links = self.links.filter(inside).join(shared.select(["entity", "bits"]), "entity")
        rows: list[dict[str, Any]] = links.to_pylist()
        accounts = self.names([row["account"] for row in rows])
        things = self._things.take([row["entity"] for row in rows]).to_pylist()
        return [{"account": one, **what, "bits": row["bits"]} for one, what, row in zip(accounts, things, rows, strict=True)]

    def _numbers(self, table: pa.Table) -> npt.NDArray[np.int64]:
        places: Any = pc.index_in(table["account"], value_set=self._accounts)
        numbers: npt.NDArray[np.int64] = places.to_numpy().astype(np.int64)
        return numbers
