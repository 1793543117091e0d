"""From a columnar file to ranked rings, and to FRAUDAR's densest block: seconds and peak memory, beside the plain reference.

Run: ``python -m bench.rings [100000 1000000 10000000 100000000] [--kinds links,purchases] [--methods 'rings;heap peel']``, or
``python -m bench.rings --stream 400000``. Each method runs in a process of its own, compiled beforehand. Graphs are made once and
kept where worlds are; one of more than ten million links is several of those side by side, neighbours lying anywhere.
"""

import argparse
import gc
import heapq
import json
import resource
import subprocess
import sys
import time
from collections import defaultdict
from math import gcd, log
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from evals.peel import densest, node_weights, peel_exactly, weigh_links
from evals.ring_graphs import Honest, Ring, plant

from beleg.kernels.rings import Settings, compiled, find
from beleg.kernels.rings.find import rank, tie
from beleg.kernels.rings.graph import build, read_links
from beleg.kernels.rings.group import Ints
from beleg.kernels.rings.stream import Stream
from bench import worlds

SEED = 31
SIZES = [100_000, 1_000_000, 10_000_000]
# Made in one piece up to here; making more at once would take more memory than searching it.
ONE_PIECE = 10_000_000
# The plain reference is in Python, and the heap without pruning is slow: beyond this they take minutes.
MOST_EDGES = {"reference peel": 1_000_000, "heap peel": 10_000_000}


def main() -> None:
    """Print one line per graph, size and method."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sizes", nargs="*", type=float, default=SIZES)
    parser.add_argument("--kinds", default="links,purchases")
    parser.add_argument("--methods", default=";".join(METHODS))
    parser.add_argument("--stream", type=int)
    parser.add_argument("--one", nargs=2)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measure(options.one[0], Path(options.one[1]))))
    elif options.stream:
        stream(options.stream)
    else:
        _table([int(one) for one in options.sizes], options.kinds.split(","), options.methods.split(";"))


def _table(sizes: list[int], kinds: list[str], methods: list[str]) -> None:
    print("| graph | links | method | load s | search s | processor s | peak MB | found |\n|---|---|---|---|---|---|---|---|")
    for kind in kinds:
        for edges in sizes:
            path = graph(kind, edges)
            for method in methods:
                if edges <= MOST_EDGES.get(method, edges):
                    links = pq.read_metadata(path).num_rows
                    print(f"| {kind} | {links:,} | {method} | {_line(_run(method, path))} |", flush=True)


def graph(kind: str, edges: int) -> Path:
    """The file of a graph with about so many links, its numbers of four bytes."""
    folder = worlds.folder() / "ring-graphs"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{kind}-{SEED}-{edges}.parquet"
    if not path.exists():
        made = path.with_suffix(".part")
        if edges <= ONE_PIECE:
            pq.write_table(_narrow(plant(Honest(kind, edges), Ring(), SEED).links), made)
        else:
            _side_by_side(pq.read_table(graph(kind, ONE_PIECE)), edges // ONE_PIECE, made)
        made.rename(path)
    return path


def _narrow(links: pa.Table) -> pa.Table:
    return links.cast(pa.schema([("account", pa.int32()), ("entity", pa.int32())]))


def _side_by_side(links: pa.Table, copies: int, path: Path) -> None:
    """Write so many copies that share nothing, one row group after the other."""
    schema = pa.schema([("account", pa.int32()), ("entity", pa.int32())])
    with pq.ParquetWriter(path, schema) as file:
        for copy in range(copies):
            columns = {name: pa.array(_renumbered(links[name].to_numpy(), copy, copies)) for name in schema.names}
            file.write_table(pa.table(columns, schema))


def _renumbered(numbers: Ints, copy: int, copies: int) -> Ints:
    """Multiply by what has no factor in common with how many there are: each gets a number of its own, far from its like."""
    most = int(numbers.max()) + 1
    step = next(one for one in range(int(copies * most * 0.618), copies * most) if gcd(one, copies * most) == 1)
    return ((numbers.astype(np.int64) + copy * most) * step % (copies * most)).astype(np.int32)


def _run(method: str, path: Path) -> dict[str, float]:
    """Measure in a fresh process, so that its peak memory is its own."""
    command = [sys.executable, "-m", "bench.rings", "--one", method, str(path)]
    answer: dict[str, float] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return answer


def _line(one: dict[str, float]) -> str:
    return f"{one['load']:.2f} | {one['total'] - one['load']:.2f} | {one['cpu']:.2f} | {one['peak']:,.0f} | {one['found']:,.3g}"


def measure(method: str, path: Path) -> dict[str, float]:
    """Run one method on one file, compiled beforehand on a small graph."""
    run = METHODS[method]
    warm = graph("links", 5_000)
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


def stream(edges: int) -> None:
    """Half of a graph's links come in beforehand, then each event is one in, a look around its account, and one gone."""
    links = pq.read_table(graph("links", edges))
    accounts, entities = links["account"].to_numpy().tolist(), links["entity"].to_numpy().tolist()
    live, half = Stream(), len(accounts) // 2
    for at in range(half):
        live.insert(accounts[at], entities[at], at)
    live.calibrate()
    gc.collect()
    gc.freeze()
    taken = []
    for at in range(half, len(accounts)):
        begin = time.thread_time_ns()
        live.insert(accounts[at], entities[at], at)
        live.bits_around(accounts[at])
        live.expire(at - half)
        taken.append(time.thread_time_ns() - begin)
    middle, late, latest = np.quantile(taken[1000:], [0.5, 0.99, 0.999]) / 1000
    print(f"{half:,} live links, {len(taken):,} events: p50 {middle:.1f}, p99 {late:.1f}, p99.9 {latest:.1f} µs of processor each")


def _rings(path: Path) -> tuple[float, float]:
    begin = time.perf_counter()
    table = pq.read_table(path)
    load = time.perf_counter() - begin
    return load, find(table).rings.num_rows


def _rings_loaded(path: Path) -> tuple[float, float]:
    """Count grouping by entity and counting degrees as loading: what is left is the search."""
    begin = time.perf_counter()
    tied, null = tie(read_links(pq.read_table(path)), Settings())
    load = time.perf_counter() - begin
    return load, len(rank(tied, null, Settings(), None))


def _peel(path: Path) -> tuple[float, float]:
    begin = time.perf_counter()
    table = pq.read_table(path)
    load = time.perf_counter() - begin
    return load, densest(table).density


def _heap(path: Path) -> tuple[float, float]:
    """Peel everything node by node, compiled, without bound or pruning."""
    begin = time.perf_counter()
    table = pq.read_table(path)
    load = time.perf_counter() - begin
    weighted = weigh_links(build(read_links(table)))
    weights = node_weights(weighted)
    total, alive = int(weights.sum()) // 2, weights > 0
    _, removed = peel_exactly(weighted, weights, alive)
    left = total - np.concatenate([[0], np.cumsum(removed)[:-1]])
    return load, float((left / np.arange(len(removed), 0, -1)).max()) / (1 << 20)


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


METHODS = {
    "rings": _rings,
    "rings, links grouped": _rings_loaded,
    "bound, prune, exact peel": _peel,
    "heap peel": _heap,
    "reference peel": _reference,
}

if __name__ == "__main__":
    main()
