"""From a columnar file to ranked rings, and to FRAUDAR's densest block: seconds and peak memory, beside the plain reference.

Run: ``python -m bench.rings [100000 1000000 10000000]``. Each method runs in a process of its own, compiled beforehand.
"""

import heapq
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from math import log
from pathlib import Path

import pyarrow.parquet as pq
from evals.ring_graphs import Honest, Ring, plant

from beleg.kernels.rings import Settings, compiled, find
from beleg.kernels.rings.find import rank
from beleg.kernels.rings.graph import adjacency, read_links
from beleg.kernels.rings.null import calibrate
from beleg.kernels.rings.peel import densest

SEED = 31
# The plain reference is in Python; beyond this it takes minutes.
REFERENCE_EDGES = 1_000_000


def main() -> None:
    """Print one line per graph, size and method."""
    if len(sys.argv) == 4 and sys.argv[1] == "--one":
        print(json.dumps(measure(sys.argv[2], Path(sys.argv[3]))))
        return
    sizes = [int(float(one)) for one in sys.argv[1:]] or [100_000, 1_000_000, 10_000_000]
    print("| graph | links | method | load s | total s | CPU s | peak MB | found |")
    print("|---|---|---|---|---|---|---|---|")
    for kind in ("links", "purchases"):
        for edges in sizes:
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "links.parquet"
                planted = plant(Honest(kind, edges), Ring(), SEED)
                pq.write_table(planted.links, path)
                links = planted.links.num_rows
                del planted
                for method in METHODS:
                    if method != "reference peel" or edges <= REFERENCE_EDGES:
                        print(f"| {kind} | {links:,} | {method} | {_line(_run(method, path))} |", flush=True)


def _run(method: str, path: Path) -> dict[str, float]:
    """Measure in a fresh process, so that its peak memory is its own."""
    said = subprocess.run(
        [sys.executable, "-m", "bench.rings", "--one", method, str(path)], check=True, capture_output=True, text=True
    )
    answer: dict[str, float] = json.loads(said.stdout)
    return answer


def _line(one: dict[str, float]) -> str:
    return f"{one['load']:.2f} | {one['total']:.2f} | {one['cpu']:.2f} | {one['peak']:,.0f} | {one['found']:,.3g}"


def measure(method: str, path: Path) -> dict[str, float]:
    """Run one method on one file, compiled beforehand on a small graph."""
    run = METHODS[method]
    warm = path.parent / "warm.parquet"
    pq.write_table(plant(Honest(edges=5000), Ring(rings=1), 1).links, warm)
    few, compiled.MANY_LINKS = compiled.MANY_LINKS, 0
    run(warm)
    compiled.MANY_LINKS = few
    begin, cpu = time.perf_counter(), time.process_time()
    load, found = run(path)
    return {
        "load": load,
        "total": time.perf_counter() - begin,
        "cpu": time.process_time() - cpu,
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "found": found,
    }


def _rings(path: Path) -> tuple[float, float]:
    begin = time.perf_counter()
    table = pq.read_table(path)
    load = time.perf_counter() - begin
    return load, find(table).rings.num_rows


def _rings_loaded(path: Path) -> tuple[float, float]:
    """Count lists and degrees as loading: what is left is the search."""
    begin = time.perf_counter()
    lists = adjacency(read_links(pq.read_table(path)))
    load = time.perf_counter() - begin
    null = calibrate(lists.length, lists.popularity, Settings())
    return load, len(rank(lists, null, Settings(), None))


def _peel(path: Path) -> tuple[float, float]:
    begin = time.perf_counter()
    table = pq.read_table(path)
    load = time.perf_counter() - begin
    return load, densest(table).density


def _reference(path: Path) -> tuple[float, float]:
    """Peel as the paper describes it: a heap, one node after the other, in plain Python."""
    begin = time.perf_counter()
    table = pq.read_table(path)
    load = time.perf_counter() - begin
    links = {(int(row["account"]), int(row["entity"])) for row in table.to_pylist()}
    popularity: dict[int, int] = defaultdict(int)
    for _, entity in links:
        popularity[entity] += 1
    near: dict[tuple[int, int], list[tuple[tuple[int, int], float]]] = defaultdict(list)
    for account, entity in links:
        weight = 1 / log(popularity[entity] + 5)
        near[0, account].append(((1, entity), weight))
        near[1, entity].append(((0, account), weight))
    return load, _peel_plainly(near)


def _peel_plainly(near: dict[tuple[int, int], list[tuple[tuple[int, int], float]]]) -> float:
    weights = {node: sum(weight for _, weight in links) for node, links in near.items()}
    heap = [(weight, node) for node, weight in weights.items()]
    heapq.heapify(heap)
    total, left, best = sum(weights.values()) / 2, len(weights), 0.0
    while heap:
        weight, node = heapq.heappop(heap)
        if weights.get(node) != weight:
            continue
        best = max(best, total / left)
        total, left = total - weight, left - 1
        del weights[node]
        for other, lost in near[node]:
            if other in weights:
                weights[other] -= lost
                heapq.heappush(heap, (weights[other], other))
    return best


METHODS = {"rings": _rings, "rings, lists built": _rings_loaded, "exact peel": _peel, "reference peel": _reference}

if __name__ == "__main__":
    main()
