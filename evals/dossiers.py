"""Makes worlds, reads them the way the audit does, and joins what was found with the truth."""

import tempfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import ibis.expr.types as ir
import pandas as pd
import pyarrow.parquet as pq

from beleg.audit.standing import convert, patterned, standing, weighed
from beleg.detect.run import plan
from beleg.ledger.engines import open_engine
from beleg.ledger.view import View
from beleg.proofs.dossier import Dossier, prepare
from beleg.weigh.weights import Weights
from beleg.world import WorldParameters, write_world


@contextmanager
def world(parameters: WorldParameters) -> Iterator[tuple[Dossier, pd.DataFrame]]:
    """A world's dossier (DuckDB, kept) and its truth, one row per refunded slice."""
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder) / "world"
        write_world(directory, parameters)
        files = defaultdict(list)
        for path in directory.glob("*.parquet"):
            files[path.stem].append(path)
        engine = open_engine("duckdb", Path(folder) / "work")
        engine.attach_facts(files)
        coverage = prepare(engine)
        refunds = engine.table("refunds")
        as_of = int(engine.rows(refunds.agg(last=refunds.known_at.max())).to_pylist()[0]["last"] or 0)
        dossier = Dossier(View(engine, keeping=True), coverage, as_of)
        yield dossier, truth(dossier, directory)
        engine.close()


def weighed_up(dossier: Dossier, weights: Weights) -> ir.Table:
    """The audit's own steps from facts to scores: where every slice stands."""
    runs = plan(dossier)
    patterns = patterned(dossier, runs)
    weighed(dossier, runs, patterns, weights)
    convert(dossier, None)
    return standing(dossier, patterns, weights)


def truth(dossier: Dossier, directory: Path) -> pd.DataFrame:
    """The truth per slice as this audit names slices: refund by refund, as an order's refund may be spread over its lines."""
    labelled = pq.read_table(directory / "_truth" / "slices.parquet").to_pandas().drop(columns=["slice_id"])
    refunds = dossier.table("refunds").select("refund_id", fact_id="id")
    paid = dossier.view.rows(dossier.refund_facts.select("slice_id", "fact_id").join(refunds, "fact_id")).to_pandas()
    joined = paid.merge(labelled, on="refund_id", how="inner")
    # a slice with several refunds is what the worst of them is
    return joined.sort_values("label").drop_duplicates("slice_id")


def labelled(rows: pd.DataFrame, labels: pd.DataFrame) -> pd.DataFrame:
    """Every slice with its label, method, kind and twin_of; a lost dispute, which is no refund, is what its order line is."""
    told = ["label", "method", "kind", "twin_of"]
    rows = rows.merge(labels[["slice_id", *told]], on="slice_id", how="left")
    crooked = labels[labels.label == "fraud"].assign(line=labels.slice_id.map(_line)).drop_duplicates("line").set_index("line")
    lines = rows.slice_id.map(_line)
    for name, otherwise in zip(told, ("honest", "chargeback", "honest", ""), strict=True):
        rows[name] = rows[name].fillna(lines.map(crooked[name])).fillna(otherwise)
    return rows


def _line(slice_id: str) -> str:
    return slice_id.rsplit("/", 1)[0]


def labelled_patterns(dossier: Dossier, labels: pd.DataFrame) -> pd.DataFrame:
    """Every refunded slice's patterns with its label and method."""
    rows = dossier.view.rows(patterned(dossier, plan(dossier))).to_pandas().rename(columns={"kind": "group"})
    paid = dossier.view.rows(dossier.refund_facts.select("slice_id").distinct()).to_pandas()
    return labelled(rows.merge(paid, on="slice_id"), labels)
