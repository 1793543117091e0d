"""The facts that the answer shows: one pass over each table, for every refund and everybody that are shown, of few columns."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from beleg.audit.describe import mentioned
from beleg.facts.registry import fact_types
from beleg.proofs.dossier import Dossier

Fact = dict[str, Any]

# Tables whose facts name their order, and what those of others name that belong to one.
_BY_ORDER = (
    "orders", "order_lines", "cancellations", "parcels", "return_authorisations", "receipts", "inspections", "dispositions",
    "status_claims", "refund_requests", "refunds", "replacements", "disputes", "claims", "claim_documents",
)  # fmt: skip
_THROUGH = {"scans": "parcel_id", "dock_arrivals": "parcel_id", "stock_counts": "lpn", "resales": "lpn"}

# What says which line, return and claim of its order a fact is about.
_ABOUT = {"line_id": "slice_line", "rma_id": "slice_rma", "claim_id": "slice_claim"}


class Timelines:
    """Facts with their table's name.

    Attributes:
        of_slice: of each picked slice, the facts of its order, its parcels and its units that are about it.
        by_id: the facts that were asked for by their ids.
    """

    def __init__(self, dossier: Dossier, picked: list[str], wanted: set[str]) -> None:
        """Fetch them.

        Args:
            dossier: what is known.
            picked: slices.
            wanted: ids of facts.
        """
        self._dossier = dossier
        self.of_slice: dict[str, list[Fact]] = {}
        self.by_id: dict[str, Fact] = {}
        self._wanted = wanted
        chosen = self._load("picked", "slice_id", picked)
        self._slices = self._grouped(self._keys(chosen), "order_id")
        paid = dossier.refund_facts.semi_join(chosen, "slice_id").select("slice_id", "fact_id").distinct()
        self._paid = self._grouped(paid, "fact_id")
        self._units = self._grouped(self._received(chosen), "lpn")
        self._parcels: dict[str, set[str]] = {}
        ids = self._load("shown_facts", "id", wanted | self._paid.keys())
        orders = self._load("shown_orders", "order_id", self._slices)
        for name in _BY_ORDER:
            self._read(name, ids, orders, self._in_order)
        parcels = self._load("shown_parcels", "parcel_id", self._parcels)
        units = self._load("shown_units", "lpn", self._units)
        for name, column in _THROUGH.items():
            keys, owners = (parcels, self._carried) if column == "parcel_id" else (units, self._stocked)
            self._read(name, ids, keys, owners)
        for name in self._others():
            if self._wanted <= self.by_id.keys():
                break
            self._read(name, ids, None, lambda _: ())

    def _keys(self, chosen: ir.Table) -> ir.Table:
        mine = self._dossier.slices.semi_join(chosen, "slice_id")
        return mine.select("slice_id", "order_id", slice_line="line_id", slice_rma="rma_id", slice_claim="claim_id")

    def _received(self, chosen: ir.Table) -> ir.Table:
        return self._dossier.receipts.semi_join(chosen, "slice_id").select("slice_id", "lpn").distinct()

    def _load(self, name: str, column: str, values: Iterable[str]) -> ir.Table:
        self._dossier.view.engine.load(name, pa.table({column: pa.array(sorted(values), pa.string())}))
        return self._dossier.view.prepared(name)

    def _grouped(self, table: ir.Table, key: str) -> dict[str, list[Fact]]:
        groups: dict[str, list[Fact]] = {}
        for row in self._dossier.view.rows(table).to_pylist():
            if row[key] is not None:
                groups.setdefault(row[key], []).append(row)
        return groups

    def _read(self, name: str, ids: ir.Table, keys: ir.Table | None, owners: Callable[[Fact], Iterable[Fact]]) -> None:
        """One table: what was asked for by its id, and what has one of the keys, given to the slices that own it."""
        table = self._dossier.table(name)
        asked = table.id.isin(ids.id)
        if keys is not None:
            (column,) = keys.columns
            asked |= table[column].isin(keys[column])
        shown = dict.fromkeys((*mentioned(name), *((*_ABOUT, "order_id", "parcel_id", "lpn") if keys is not None else ())))
        for row in self._dossier.view.rows(table.filter(asked).select(*(one for one in shown if one in table.columns))).to_pylist():
            fact = {**row, "table": name}
            if row["id"] in self._wanted:
                self.by_id[row["id"]] = fact
            for mine in owners(fact):
                if _concerns(fact, mine):
                    self.of_slice.setdefault(mine["slice_id"], []).append(fact)
            if name == "parcels" and row["order_id"] in self._slices and row["parcel_id"] is not None:
                self._parcels.setdefault(row["parcel_id"], set()).add(row["order_id"])

    def _in_order(self, fact: Fact) -> Iterable[Fact]:
        """The slices of the fact's order; refunds that name none are reached by what they paid for."""
        if fact["order_id"] is None and fact["table"] == "refunds":
            return self._paid.get(fact["id"], ())
        return self._slices.get(fact["order_id"], ())

    def _carried(self, fact: Fact) -> Iterator[Fact]:
        return (one for order in sorted(self._parcels.get(fact["parcel_id"], ())) for one in self._slices[order])

    def _stocked(self, fact: Fact) -> Iterable[Fact]:
        return self._units.get(fact["lpn"], ())

    def _others(self) -> list[str]:
        """The other tables of facts that hold any, the smallest first: the largest seldom hold what is still sought."""
        names = sorted(set(fact_types()) - {"findings", "finding_facts", *_BY_ORDER, *_THROUGH})
        tables = ((name, self._dossier.table(name)) for name in names)
        sizes = ibis.union(*(t.agg(name=ibis.literal(name), size=t.count()) for name, t in tables), distinct=False)
        rows = self._dossier.view.rows(sizes).to_pylist()
        return [row["name"] for row in sorted(rows, key=lambda row: (row["size"], row["name"])) if row["size"]]


def _concerns(fact: Fact, slice_: Mapping[str, Any]) -> bool:
    """Whether a fact of the order is about this slice: its line, its return and its claim, where the fact names them."""
    pairs = ((fact.get(own), slice_.get(other)) for own, other in _ABOUT.items())
    return all(one is None or other is None or one == other for one, other in pairs)
