"""How well rings are found: the tables of rings found, precision and recall, beside FRAUDAR's algorithm on the same graphs.

Run: ``python -m evals.rings [--seeds 101-120] [--scale 1.0] [--only main,fraudar,outcomes,null,protocol,shapes,small]``.

Found means at least half of the accounts both ways within the first 20 blocks. Precision and recall are of the accounts named in
those. Thresholds were set on seeds 1 to 12; use others. Median, and the worst seed in brackets.
"""

import argparse
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from time import process_time

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from beleg.kernels.rings import Rings, find
from evals.peel import densest
from evals.ring_graphs import Honest, Planted, Ring, plant
from evals.rings_page import page

TOP = 20
FRAUDAR_BLOCKS = 25
CAMOUFLAGES = ("none", "random", "biased", "hijacked")
GRAPHS = {"links": Honest("links", 1_400_000), "purchases": Honest("purchases", 1_000_000)}


@dataclass(frozen=True, slots=True)
class Plan:
    """Which seeds, and how large."""

    seeds: list[int]
    scale: float


@dataclass(frozen=True, slots=True)
class Score:
    """One run: share of rings found, and how right and how complete the accounts named are."""

    found: float
    precision: float
    recall: float


def main(argv: Sequence[str] | None = None) -> None:
    """Print the tables asked for as they come, and write them as JSON and as a page where told."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", default="101-105")
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--only", default=",".join(TABLES))
    parser.add_argument("--json", type=Path)
    parser.add_argument("--keep", action="store_true", help="keep the tables of the JSON file that are not run now")
    parser.add_argument("--markdown", type=Path)
    options = parser.parse_args(argv)
    plan = Plan(_seeds(options.seeds), options.scale)
    told: dict[str, list[dict[str, object]]] = {}
    for name in options.only.split(","):
        print(f"\n## {name}: seeds {options.seeds}, scale {options.scale}\n")
        told[name] = [_print(row) for row in TABLES[name](plan)]
    seeds, scale = options.seeds, options.scale
    if options.keep:
        kept = json.loads(options.json.read_bytes())
        seeds, scale = kept["seeds"], kept["scale"]
        run = f"{options.seeds}" if options.scale == scale else f"{options.seeds}, size {options.scale:g}"
        told = kept["tables"] | {name: [{**row, "seeds": run} for row in rows] for name, rows in told.items()}
    if options.json:
        said = {"seeds": seeds, "scale": scale, "tables": told}
        options.json.write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")
    if options.markdown:
        options.markdown.write_text(page(told, seeds, scale), encoding="utf-8")


def main_table(plan: Plan) -> Iterator[dict[str, object]]:
    """20 rings of 20 accounts on 10 entities, by density and camouflage."""
    for kind, honest in GRAPHS.items():
        for density in (0.5, 0.4, 0.3, 0.2):
            for camouflage in CAMOUFLAGES:
                ring = Ring(density=density, camouflage=camouflage)
                yield {"graph": kind, "density": density, "camouflage": camouflage} | _cell(honest, ring, plan)


def fraudar(plan: Plan) -> Iterator[dict[str, object]]:
    """FRAUDAR's algorithm, block after block, on the same graphs; one seed, as it takes a hundred times as long."""
    for kind, honest in GRAPHS.items():
        row = {"graph": kind, "density": 0.5, "camouflage": "none"}
        yield row | _cell(honest, Ring(), replace(plan, seeds=plan.seeds[:1]), fraudar_blocks)


def shapes(plan: Plan) -> Iterator[dict[str, object]]:
    """Rings of other sizes, camouflage in other volumes, honest entities that are popular."""
    base = Ring()
    cases = [replace(base, accounts=n, entities=m, density=d) for n, m, d in SIZES]
    cases += [replace(base, camouflage=c, volume=v) for c in ("random", "biased", "hijacked") for v in (2.0, 4.0)]
    cases += [replace(base, popular=True)]
    for kind, honest in GRAPHS.items():
        for ring in cases:
            name = f"{ring.accounts}x{ring.entities}" + (", popular" if ring.popular else "")
            row = {"graph": kind, "ring": name, "density": ring.density, "camouflage": f"{ring.camouflage} x{ring.volume:g}"}
            yield row | _cell(honest, ring, plan)


SIZES = (
    (3, 5, 1.0),
    (5, 5, 1.0),
    (8, 6, 0.8),
    (10, 8, 0.5),
    (12, 8, 0.5),
    (30, 10, 0.3),
    (40, 20, 0.15),
    (100, 10, 0.3),
    (100, 20, 1.0),
)


def small_worlds(plan: Plan) -> Iterator[dict[str, object]]:
    """One ring in a small shop."""
    for kind in GRAPHS:
        for edges in (5_000, 20_000, 100_000):
            ring = Ring(rings=1)
            yield {"graph": kind, "edges": edges} | _cell(Honest(kind, edges), ring, replace(plan, scale=1.0))


def null(plan: Plan) -> Iterator[dict[str, object]]:
    """No ring at all: what is reported is false."""
    for kind, honest in GRAPHS.items():
        for name, world in (
            ("as is", honest),
            ("more decoys", replace(honest, offices=6.0, dorms=1.0, nats=1.0, resellers=5.0, viral=50)),
        ):
            false = accounts = worlds = 0
            for seed in plan.seeds:
                planted = plant(_scaled(world, plan.scale), Ring(rings=0), seed)
                rings = find(planted.links).rings.num_rows
                false, accounts, worlds = false + rings, accounts + planted.accounts, worlds + (rings > 0)
            yield {
                "graph": kind,
                "world": name,
                "worlds": len(plan.seeds),
                "worlds_with_any": worlds,
                "false_rings": false,
                "accounts": accounts,
                "per_100k_accounts": round(false / accounts * 1e5, 4),
            }


def protocol(plan: Plan) -> Iterator[dict[str, object]]:
    """FRAUDAR's own protocol: one block of 200 x 200 in a graph of purchases, F1 of its accounts."""
    for density in (0.2, 0.1):
        for camouflage in ("none", "random", "biased", "hijacked"):
            ring = Ring(rings=1, accounts=200, entities=200, density=density, camouflage=camouflage)
            ours, peel = [], []
            for seed in plan.seeds:
                planted = plant(Honest("purchases", 200_000), ring, seed)
                ours.append(_f1(planted, _first(find(planted.links))))
                peel.append(_f1(planted, set(densest(planted.links).accounts.to_pylist())))
            yield {"density": density, "camouflage": camouflage, "rings_f1": _spread(ours), "peel_f1": _spread(peel)}


def outcomes(plan: Plan) -> Iterator[dict[str, object]]:
    """With refund outcomes: precision of the first 400 accounts, beside the account's own outcomes alone."""
    for kind, honest in GRAPHS.items():
        for ring in (Ring(density=0.5), Ring(density=0.3), Ring(density=0.15), Ring(rings=80, accounts=5, entities=5, density=0.8)):
            both, alone = [], []
            for seed in plan.seeds:
                planted = plant(_scaled(honest, plan.scale), ring, seed)
                told = outcome_table(planted, seed)
                found = find(planted.links, told)
                both.append(_precision_at(planted, found.accounts, "bits"))
                alone.append(_precision_at(planted, found.accounts, "own_bits"))
            row = {"graph": kind, "ring": f"{ring.rings} of {ring.accounts}x{ring.entities}", "density": ring.density}
            yield row | {"rings_and_outcomes": _spread(both), "account_alone": _spread(alone)}


def outcome_table(planted: Planted, seed: int) -> pa.Table:
    """Give every account refunds that were judged: honest people differ in their rate, ring members have a raised one."""
    random = np.random.default_rng(seed + 10_000)
    everyone = pc.unique(planted.links["account"]).to_numpy()
    guilty = np.isin(everyone, list(set().union(*planted.rings)))
    trials = 1 + random.poisson(np.where(guilty, 4.0, 1.5))
    rate = np.where(guilty, random.beta(4, 6, len(everyone)), random.beta(0.04 * 9, 0.96 * 9, len(everyone)))
    return pa.table({"account": pa.array(everyone), "trials": pa.array(trials), "bad": pa.array(random.binomial(trials, rate))})


def _precision_at(planted: Planted, accounts: pa.Table | None, column: str) -> float:
    if accounts is None:
        return 0.0
    best = accounts.sort_by([(column, "descending"), ("account", "ascending")])["account"].slice(0, 400).to_pylist()
    return len(set(best) & set().union(*planted.rings)) / 400


def fraudar_blocks(links: pa.Table) -> list[set[int]]:
    """FRAUDAR as the paper has it, block after block: the links of one are taken out before the next is looked for.

    The peel is ours, which its tests hold to a plain reference.
    """
    blocks: list[set[int]] = []
    for _ in range(FRAUDAR_BLOCKS):
        block = densest(links)
        inside = pc.and_(pc.is_in(links["account"], value_set=block.accounts), pc.is_in(links["entity"], value_set=block.entities))
        blocks.append(set(block.accounts.to_pylist()))
        links = links.filter(pc.invert(inside))
    return blocks


def ring_blocks(links: pa.Table) -> list[set[int]]:
    """Give the accounts of the first rings."""
    return _blocks(find(links))[:TOP]


def score(planted: Planted, blocks: list[set[int]]) -> Score:
    """Hold blocks against the truth."""
    found = sum(any(2 * len(ring & one) >= max(len(ring), len(one)) for one in blocks) for ring in planted.rings)
    guilty, named = set().union(*planted.rings), set().union(*blocks)
    right = len(guilty & named)
    return Score(found / len(planted.rings), right / len(named) if named else 1.0, right / len(guilty))


def _cell(honest: Honest, ring: Ring, plan: Plan, method: Callable[[pa.Table], list[set[int]]] = ring_blocks) -> dict[str, object]:
    scores, seconds = [], []
    for seed in plan.seeds:
        planted = plant(_scaled(honest, plan.scale), ring, seed)
        begin = process_time()
        scores.append(score(planted, method(planted.links)))
        seconds.append(process_time() - begin)
    return {
        "found": _spread([one.found for one in scores]),
        "precision": _spread([one.precision for one in scores]),
        "recall": _spread([one.recall for one in scores]),
        "cpu_s": round(median(seconds), 2),
    }


def _scaled(honest: Honest, scale: float) -> Honest:
    return replace(honest, edges=int(honest.edges * scale))


def _blocks(found: Rings) -> list[set[int]]:
    blocks: dict[int, set[int]] = {}
    for row in found.members.to_pylist():
        blocks.setdefault(row["ring"], set()).add(row["account"])
    return [blocks[ring] for ring in sorted(blocks)]


def _first(found: Rings) -> set[int]:
    blocks = _blocks(found)
    return blocks[0] if blocks else set()


def _f1(planted: Planted, named: set[int]) -> float:
    right = len(named & planted.rings[0])
    return 2 * right / (len(named) + len(planted.rings[0]))


def _spread(values: list[float]) -> str:
    return f"{median(values):.3f} ({min(values):.3f})"


def _print(row: dict[str, object]) -> dict[str, object]:
    print("| " + " | ".join(f"{name} {value}" for name, value in row.items()) + " |", flush=True)
    return row


def _seeds(said: str) -> list[int]:
    first, _, last = said.partition("-")
    return list(range(int(first), int(last or first) + 1))


TABLES: dict[str, Callable[[Plan], Iterator[dict[str, object]]]] = {
    "main": main_table,
    "fraudar": fraudar,
    "outcomes": outcomes,
    "null": null,
    "protocol": protocol,
    "shapes": shapes,
    "small": small_worlds,
}

if __name__ == "__main__":
    main()
