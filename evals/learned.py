"""What learning from closed cases does: a shop's queue is worked, weights are learned, and the same shop's next year is asked.

Run: ``python -m evals.learned [--seeds 701,702] [--orders 20000] [--json out.json] [--markdown out.md]``.
"""

import argparse
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from msgspec import Struct
from msgspec.structs import replace

from beleg.audit.learning import Labelled, Shop, relearned, shown
from beleg.audit.standing import convert, patterned, standing, weighed
from beleg.detect.run import plan
from beleg.proofs.dossier import Dossier
from beleg.weigh.learn import STRENGTH
from beleg.weigh.patterns import FAMILIES, SEPARATOR
from beleg.weigh.rank import added_up
from beleg.weigh.weights import Weights, shipped
from beleg.world import WorldParameters
from evals.calibration import calibration
from evals.conditions import CONDITIONS
from evals.dossiers import labelled, world
from evals.labels import BEYOND_RECORDS, METHODS, RIVALS
from evals.output import add_outputs, tell
from evals.page import percent, table

SEEDS, ORDERS = (701, 702), 10_000
CLOSED = (0, 25, 100, 400)
BUDGET = 200
NEXT_YEAR = 50  # a shop's next year is the same world under the seed so much later

PLAIN, WEAK = "like those of the fit", "the same, the prior counting for 50 labels"
WOLF = "the same, from weights that take detectors for wolf-criers"
SHOPS: Mapping[str, Mapping[str, object]] = {
    PLAIN: {"scan_missing": 0.02, "scan_late": 0.02},
    "another mix": CONDITIONS["another mix"],
    "ten times the misfortunes": {
        "mislabelled": 0.03,
        "packing_error_rate": 0.01,
        "missing_item_rate": 0.01,
        "scan_missing": 0.05,
        "scan_late": 0.05,
    },
}


class Row(Struct, frozen=True):
    """One line of the table: cases closed, those confirmed as fraud, and what the next year's list is then worth."""

    shop: str
    closed: int
    confirmed: int
    named: int
    right: int
    frauds: int
    error: float


class Report(Struct, frozen=True):
    """All of it."""

    seeds: tuple[int, ...]
    orders: int
    rows: tuple[Row, ...]


class Year(Struct, frozen=True):
    """One world audited with the shipped weights: its refunds with the truth, and what they look like."""

    rows: pd.DataFrame
    shop: Shop


def main(arguments: Sequence[str] | None = None) -> Report:
    """Measure, print the page, and write what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m evals.learned", description="What learning from closed cases does.")
    parser.add_argument("--seeds", default=",".join(map(str, SEEDS)), help="the worlds' seeds, by commas")
    parser.add_argument("--orders", type=int, default=ORDERS, help="orders per world")
    add_outputs(parser)
    asked = parser.parse_args(arguments)
    seeds = tuple(int(seed) for seed in asked.seeds.split(","))
    rows = [row for shop in SHOPS for row in _shop(shop, seeds, asked.orders)]
    answer = Report(seeds, asked.orders, tuple(rows))
    tell(page(answer), answer, asked)
    return answer


def _shop(name: str, seeds: Sequence[int], orders: int) -> list[Row]:
    priors = {name: (shipped(), STRENGTH)}
    if name == PLAIN:
        priors |= {WEAK: (shipped(), STRENGTH / 4), WOLF: (crying_wolf(shipped()), STRENGTH)}
    found: dict[tuple[str, int], list[Row]] = {}
    for seed in seeds:
        here, later = (year(name, one, orders) for one in (seed, seed + NEXT_YEAR))
        for called, (prior, strength) in priors.items():
            for many in CLOSED:
                labels = closed(here, prior, many)
                weights = relearned(here.shop, labels, prior, strength)
                found.setdefault((called, many), []).append(judged(called, later, labels, weights))
    return [_together(rows) for _, rows in sorted(found.items(), key=lambda one: list(priors).index(one[0][0]))]


def crying_wolf(weights: Weights) -> Weights:
    """Weights from a shop where every detector fires at one honest refund in fifty: what they say of detectors is wrong here."""
    fired = {
        family: sorted({pattern for mine in weights.wrong.values() for pattern in mine[family] if SEPARATOR in pattern})
        for family in FAMILIES
    }
    honest = {
        kind: {
            family: counts | {pattern: counts.get(pattern, 0) + sum(counts.values()) // 50 + 1 for pattern in fired[family]}
            for family, counts in families.items()
        }
        for kind, families in weights.honest.items()
    }
    return replace(weights, honest=honest)


def _together(rows: Sequence[Row]) -> Row:
    names = ("closed", "confirmed", "named", "right", "frauds")
    closed_, confirmed, named, right, frauds = (sum(getattr(one, name) for one in rows) for name in names)
    return Row(rows[0].shop, closed_, confirmed, named, right, frauds, round(sum(one.error for one in rows) / len(rows), 4))


def year(shop: str, seed: int, orders: int) -> Year:
    """A world of this kind of shop."""
    parameters = replace(WorldParameters(seed=seed, orders=orders), **SHOPS[shop])
    with world(parameters) as (dossier, truth):
        rows = _refunds(dossier, truth)
        return Year(rows.assign(seed=seed), shown(dossier, rows.slice_id))


def _refunds(dossier: Dossier, truth: pd.DataFrame) -> pd.DataFrame:
    weights, runs = shipped(), plan(dossier)
    patterns = patterned(dossier, runs)
    weighed(dossier, runs, patterns, weights)
    convert(dossier, None)
    stands = standing(dossier, patterns, weights)
    columns = ("slice_id", "standing", "loss", "millibits", "fired", *FAMILIES)
    rows = dossier.view.rows(stands.select(*columns, group="kind", best="method")).to_pandas()
    rows["best"] = rows["best"].map(list(weights.hypotheses).__getitem__)
    return labelled(rows, truth)


def closed(here: Year, prior: Weights, many: int) -> list[Labelled]:
    """The queue's first so many refunds with a finding, by expected loss as these weights see it, each closed with the truth."""
    queue = rescored(here, prior)
    queue = queue[queue.fired & queue.slice_id.isin(list(here.shop.of))]
    first = queue.iloc[np.lexsort((queue.slice_id.to_numpy(str), -_expected(queue)))[:many]]
    told = zip(map(str, first.slice_id), map(str, first.label), map(str, first.method), strict=True)
    return [Labelled(f"case-{name}", here.shop.of[name], _outcome(label, method), 1.0) for name, label, method in told]


def _outcome(label: str, method: str) -> str:
    if label != "honest":
        return "confirmed_fraud"
    return "carrier_error" if method in RIVALS else "process_error"


def _expected(rows: pd.DataFrame) -> np.ndarray:
    return np.asarray(rows.loss.to_numpy(float) / (1 + np.exp2(-rows.millibits.to_numpy(float) / 1000)))


def judged(name: str, later: Year, labels: Sequence[Labelled], weights: Weights) -> Row:
    """The next year by these weights: what stands above the line within the budget, and how well chances are stated."""
    rows = rescored(later, weights)
    above = rows[(rows.fired | rows.standing.eq("gap")) & rows.millibits.ge(1000 * weights.line_bits)]
    named = above.iloc[np.lexsort((above.slice_id.to_numpy(str), -_expected(above)))[:BUDGET]]
    wrong = rows.label.ne("honest") & ~rows.method.map(METHODS).isin(BEYOND_RECORDS)
    confirmed = sum(one.outcome == "confirmed_fraud" for one in labels)
    error = calibration(rows).error_by_kind
    return Row(name, len(labels), confirmed, len(named), int(named.label.ne("honest").sum()), min(BUDGET, int(wrong.sum())), error)


def rescored(later: Year, weights: Weights) -> pd.DataFrame:
    """Its refunds with other weights' scores."""
    bits = {(one.family, one.kind, one.pattern): one.bits for one in later.shop.here.weighed(weights)}
    keys = list(zip(later.rows.group, *(later.rows[family] for family in FAMILIES), strict=True))
    scores = {key: added_up({"kind": key[0], **dict(zip(FAMILIES, key[1:], strict=True))}, bits, weights) for key in set(keys)}
    names = list(weights.hypotheses)
    return later.rows.assign(
        millibits=[scores[key]["millibits"] for key in keys], best=[names[scores[key]["method"]] for key in keys]
    )


_HEAD = """# What learning from closed cases does

*Generated by `python -m evals.learned`; do not edit by hand.*

A shop's year is audited. Its team closes the first so many refunds of its queue, which is every refund with a finding, by expected
loss, each with the outcome that is true; weights are learned from that (as by `beleg weights learn`), and the shop's **next**
year, another world of the same parameters, is listed by them: at most {budget} refunds above the line. **Right** are the frauds
among those named; **there** is how many frauds records could show, at most the budget a year. The last column is the expected
calibration error, with one base rate per kind and method taken from the truth. Sums over seeds {seeds} (next years: {later}),
{orders:,} orders each. The second shop is the first, with a prior a quarter as strong; the third starts from weights that are wrong
on purpose: by them every detector fires at one honest refund in fifty.
"""

_MEANING = """## What the figures mean, and where they are blind

- The weights that ship were learned on worlds of the same maker, so there is little left to learn. What these shops show is
  mostly what learning costs: a queue's cases are nearly all fraud of the plainest kind, and a prior that yields to them sooner
  (second shop) forgets the rarer kinds. That is why it counts for 200 labels in each table.
- Where weights are wrong for a shop (third), so strong a prior mends them slowly: chances are stated better before more is found.
- So at a hundred cases a year, learning is no reason to expect more finds. It is a reason to write outcomes down.
- Outcomes here are always true. Real ones are not; second readings say how often.
- Worlds are ours, and so is what varies between these shops. A real shop differs in ways that nobody planted.

## How to run it

```sh
.venv/bin/python -m evals.learned                    # prints; --markdown and --json write
.venv/bin/python -m evals.learned --seeds 7001,7002  # any seeds
```
"""


def page(answer: Report) -> str:
    """The page."""
    head = (
        "shop",
        "cases closed",
        "confirmed fraud",
        "named next year",
        "right",
        "precision",
        "there",
        "recall",
        "calibration error",
    )
    rows = [
        (one.shop, str(one.closed) if one.closed else "none", str(one.confirmed), str(one.named), str(one.right),
         percent(one.right / max(1, one.named)), str(one.frauds), percent(one.right / max(1, one.frauds)), f"{one.error:.4f}")
        for one in answer.rows
    ]  # fmt: skip
    seeds = ", ".join(map(str, answer.seeds))
    later = ", ".join(str(seed + NEXT_YEAR) for seed in answer.seeds)
    text = _HEAD.format(budget=BUDGET, seeds=seeds, later=later, orders=answer.orders)
    return "\n".join([text, table(head, rows), "", _MEANING])


if __name__ == "__main__":
    main()
