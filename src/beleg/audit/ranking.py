"""Which refunds to look at first: by expected loss, those above the line within the alert budget, then the largest below it."""

from typing import Any

import ibis
import ibis.expr.types as ir
import numpy as np
import pyarrow as pa

from beleg.proofs.dossier import Dossier
from beleg.weigh.bits import MOST
from beleg.weigh.weights import Weights

# How many refunds below the line are shown besides, so that a report without alerts still says where to begin.
BELOW = 25


def pick(dossier: Dossier, standing: ir.Table, weights: Weights, budget: int) -> list[tuple[str, bool]]:
    """The slices to show, in order, and whether each stands above the line.

    Expected loss is the money times the chance that the sum of bits stands for. The line is drawn by bits; the budget fills only
    with what passes it and may stay empty.
    """
    rows = dossier.view.rows(_candidates(standing, budget + BELOW)).combine_chunks()
    loss = np.asarray(rows["loss"].to_numpy(), dtype=np.float64)
    bits = np.asarray(rows["millibits"].to_numpy(), dtype=np.float64) / 1000
    expected = loss / (1 + np.exp2(-bits))
    names = np.array(rows["slice_id"].to_pylist(), dtype=object)
    order = np.lexsort((names.astype(str), -expected))
    passing = bits >= weights.line_bits
    above = [(str(names[place]), True) for place in order if passing[place]][:budget]
    taken = {name for name, _ in above}
    below = [(str(names[place]), False) for place in order if str(names[place]) not in taken]
    return above + below[:BELOW]


def _candidates(standing: ir.Table, wanted: int) -> ir.Table:
    """Among refunds of the same bits the larger loss always comes first, so that none beyond these can be picked."""
    asked = standing.filter(_asked(standing)).select("slice_id", "loss", "millibits")
    place = ibis.rank().over(ibis.window(group_by="millibits", order_by=ibis.desc("loss")))
    return asked.mutate(place=place).filter(lambda t: t.place < wanted).drop("place")


def above_line(dossier: Dossier, standing: ir.Table, weights: Weights) -> int:
    """How many refunds pass the line, whether or not the budget has room for them."""
    passing = _passing(standing, weights)
    (row,) = dossier.view.rows(passing.agg(n=passing.count())).to_pylist()
    return int(row["n"])


class Details:
    """Everything the report says of the picked slices, fetched once: states, evidence and findings."""

    def __init__(self, dossier: Dossier, standing: ir.Table, found: ir.Table, picked: list[str]) -> None:
        self._dossier = dossier
        dossier.view.engine.load("picked", pa.table({"slice_id": pa.array(picked, pa.string())}))
        chosen = dossier.view.prepared("picked")
        self.slices = {row["slice_id"]: row for row in self._rows(standing.semi_join(chosen, "slice_id"))}
        self.evidence = self._grouped(dossier.evidence.semi_join(chosen, "slice_id"), "slice_id")
        self.found = self._grouped(found.semi_join(chosen.rename(subject="slice_id"), "subject"), "subject")

    def _rows(self, table: ir.Table) -> list[dict[str, Any]]:
        return self._dossier.view.rows(table).to_pylist()

    def _grouped(self, table: ir.Table, key: str) -> dict[str, list[dict[str, Any]]]:
        groups: dict[str, list[dict[str, Any]]] = {}
        for row in self._rows(table):
            groups.setdefault(row[key], []).append(row)
        return groups


def telling(standing: ir.Table, weights: Weights) -> ir.Table:
    """The refunds above the line as evidence on who is behind them: slice_id, and millibits over the prior.

    None says more than one family of evidence may: the floor is an explanation nobody thought of.
    """
    passing = _passing(standing, weights).filter(_asked(standing))
    over = passing.millibits - round(weights.prior_bits * 1000)
    return passing.select("slice_id", millibits=ibis.least(over, round(MOST * 1000)).cast("int64"))


def _passing(standing: ir.Table, weights: Weights) -> ir.Table:
    return standing.filter(standing.millibits >= round(weights.line_bits * 1000))


def _asked(standing: ir.Table) -> ir.BooleanValue:
    return (standing.standing == "gap") | standing.fired
