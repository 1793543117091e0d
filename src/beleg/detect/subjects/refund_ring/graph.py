"""What was counted as links between numbers, for the kernels, and what these say of some accounts."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from beleg.detect.subjects.refund_ring.tied import GAP_OWN, GAP_TIE, OTHERS, OWN, REFUNDS, TIE
from beleg.kernels.rings import Apart
from beleg.kernels.rings.null import tail_bits

Numbers = npt.NDArray[np.int64]


class Graph:
    """Who shows what, and refunds, by number.

    Attributes:
        links: account, entity; of things that several accounts show.
        plain: the same, without what refunds without proofs met.
        apart: how many things that nobody else shows each account has, and accounts that share nothing.
        people: how many accounts show anything at all.
        refunds: account, trials, bad, telling.
        marks: account, day; of refunds that tell by themselves.
    """

    def __init__(self, counted: pa.Table, *, with_gaps: bool) -> None:
        """Read what `tied.numbered` gives; what refunds without proofs met is left out unless asked for."""
        own = _of(counted, OWN, *([GAP_OWN] if with_gaps else []))
        tied = _of(counted, TIE, *([GAP_TIE] if with_gaps else []))
        size = 1 + (pc.max(counted["account"]).as_py() or 0) if counted.num_rows else 0
        self.links = _linked(tied)
        self.plain = _linked(_of(counted, TIE)) if with_gaps else self.links
        alone = np.bincount(_numbers(own, "account"), _numbers(own, "n"), size).astype(np.int32)
        others = _of(counted, OTHERS)
        self.apart = Apart(alone, np.bincount(_numbers(others, "other"), _numbers(others, "n")).astype(np.int64))
        self._degree = np.bincount(_numbers(self.links, "account"), minlength=size) + alone
        self.people = int((self._degree > 0).sum() + self.apart.others[1:].sum())
        paid = _of(counted, REFUNDS)
        sums = paid.group_by("account").aggregate([("n", "sum"), ("bad", "sum"), ("told", "sum")])
        self.refunds = sums.rename_columns(["account", "trials", "bad", "telling"])
        told = paid.filter(pc.field("told") > 0)
        days: Any = told["other"].combine_chunks().dictionary_encode(null_encoding="encode")
        self.marks = told.select(["account"]).append_column("day", days.indices.cast(pa.int64()))

    @property
    def outcomes(self) -> pa.Table | None:
        """The refunds of accounts that show anything; nothing if there are no refunds at all."""
        if not self.refunds.num_rows:
            return None
        return self.refunds.filter(pa.array(self._degree[_numbers(self.refunds, "account")] > 0))

    def shared(self, members: list[int]) -> pa.Table:
        """What more than one of them shows, as the ring engine says it: entity, accounts, expected, bits."""
        account, entity = (_numbers(self.links, name) for name in ("account", "entity"))
        things, met = np.unique(entity[np.isin(account, members)], return_counts=True)
        things, met = things[met > 1], met[met > 1]
        total = len(account) + self.apart.links
        popularity = np.bincount(entity[np.isin(entity, things)], minlength=things.max(initial=-1) + 1)[things]
        expected = popularity * (self._degree[members].sum() / total)
        bits = [tail_bits(int(count), float(mean)) for count, mean in zip(met, expected, strict=True)]
        columns = [pa.array(column) for column in (things, met, expected)]
        return pa.table([*columns, pa.array(bits, pa.float64())], ["entity", "accounts", "expected", "bits"])

    def ties(self, members: list[int], shared: pa.Table) -> list[dict[str, Any]]:
        """Every tie of these accounts to what they share: account, entity, bits."""
        inside = pc.and_(pc.is_in(self.links["account"], pa.array(members)), pc.is_in(self.links["entity"], shared["entity"]))
        rows: list[dict[str, Any]] = self.links.filter(inside).join(shared.select(["entity", "bits"]), "entity").to_pylist()
        return rows


def _of(counted: pa.Table, *kinds: int) -> pa.Table:
    return counted.filter(pc.is_in(counted["what"], pa.array(kinds, pa.int64())))


def _linked(tied: pa.Table) -> pa.Table:
    return tied.select(["account", "other"]).rename_columns(["account", "entity"]).combine_chunks()


def _numbers(table: pa.Table, name: str) -> Numbers:
    return np.asarray(table[name].to_numpy(), dtype=np.int64)
