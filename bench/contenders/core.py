"""What the scripts by hand do, done by Beleg: prove every slice and run all detectors; nothing is checked, weighed or shown."""

from pathlib import Path

import ibis
import pyarrow.parquet as pq

from beleg.detect.run import found, plan
from beleg.ledger.engines import open_engine
from beleg.ledger.view import View
from beleg.proofs.dossier import Dossier, prepare
from bench.contenders.clock import Clock, run


def answer(world: Path, out: Path, clock: Clock) -> None:
    """Proofs and detectors alone."""
    clock.say("preparing")
    engine = open_engine("duckdb", out / "work")
    engine.attach_facts({path.stem: [path] for path in world.glob("*.parquet")})
    known = (engine.table(path.stem).known_at.max().name("last").as_table() for path in world.glob("*.parquet"))
    (last,) = engine.rows(ibis.union(*known, distinct=False).agg(last=lambda t: t["last"].max())).to_pylist()
    dossier = Dossier(View(engine, keeping=True), prepare(engine), last["last"])
    clock.say("proving")
    states = dossier.states
    clock.say("detecting")
    hits = found(dossier, plan(dossier))
    clock.say("writing")
    pq.write_table(engine.rows(states), out / "states.parquet", compression="zstd")
    pq.write_table(engine.rows(hits), out / "found.parquet", compression="zstd")
    engine.close()


if __name__ == "__main__":
    run(answer)
