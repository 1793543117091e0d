"""Audits one world the way a user would and joins every refund with what really happened."""

import time
from pathlib import Path

import msgspec
import pandas as pd

from beleg.audit.details import Opener
from beleg.audit.ranking import Details, pick
from beleg.audit.settings import AuditSettings
from beleg.audit.standing import convert, patterned, standing, weighed
from beleg.audit.timelines import Timelines
from beleg.detect.run import found, plan
from beleg.proofs.dossier import Dossier
from beleg.weigh.bits import Weighed
from beleg.weigh.patterns import FAMILIES
from beleg.weigh.weights import Weights, shipped
from evals.conditions import parameters
from evals.dossiers import labelled, world

BUDGET = 200

_COLUMNS = (
    "slice_id", "account_id", "refund_class", "standing", "loss", "millibits", "method_name", "fired",
)  # fmt: skip


class Task(msgspec.Struct, frozen=True):
    """One world to be measured."""

    condition: str
    seed: int
    orders: int


def measure(task: Task) -> pd.DataFrame:
    """One row per refunded slice of the world: how it stands, and what it was; time taken in the column `seconds`."""
    began = time.monotonic()
    with world(parameters(task.condition, task.seed, task.orders)) as (dossier, labels):
        made = time.monotonic()
        rows = _audited(dossier, labels)
    spent = {"making": made - began, "seconds": time.monotonic() - made}
    return rows.assign(condition=task.condition, seed=task.seed, **spent)


def _audited(dossier: Dossier, labels: pd.DataFrame) -> pd.DataFrame:
    weights = shipped()
    runs = plan(dossier)
    patterns = patterned(dossier, runs)
    bits = weighed(dossier, runs, patterns, weights)
    convert(dossier, None)
    stands = standing(dossier, patterns, weights)
    picked = pick(dossier, stands, weights, BUDGET)
    rows = dossier.view.rows(stands.select(*_COLUMNS, *FAMILIES, group="kind", best="method")).to_pandas()
    rows["best"] = rows["best"].map(list(weights.hypotheses).__getitem__)
    rows["accused"] = rows.slice_id.isin([name for name, above in picked if above])
    rows = labelled(rows, labels)
    # one refund paid in several parts, or a refund and its dispute, are one case
    rows["case"] = rows.slice_id.str.rsplit("/", n=1).str[0] + "/" + rows.method
    doubtful = list(rows[rows.kind.eq("ambiguous") & rows.standing.eq("gap")].slice_id)
    details = Details(dossier, stands, found(dossier, runs), doubtful)
    timelines = Timelines(dossier, doubtful, set())
    rows["first_rival"] = rows.slice_id.map(_first_rivals(details, timelines, bits, weights))
    return rows


def _first_rivals(details: Details, timelines: Timelines, bits: list[Weighed], weights: Weights) -> dict[str, str]:
    """The rival that the report would show first for each of these."""
    settings = AuditSettings(path="", work=Path(), key=b"evaluation")
    opener = Opener(details, timelines, bits, weights, settings)
    return {name: opener.open(1, name, above=False).rivals[0].name for name in details.slices}
