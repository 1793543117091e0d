"""What the scripts by hand do, done by Beleg: prove every slice and run all detectors; nothing is checked, weighed or shown."""

from pathlib import Path

import pyarrow.parquet as pq

from beleg.commands.light import start_light
from beleg.detect.run import found, plan
from beleg.ledger.engines import open_engine
from beleg.ledger.view import View
from beleg.proofs.dossier import Dossier, prepare
from beleg.proofs.span import span
from bench.contenders.clock import Clock, run


def answer(world: Path, out: Path, clock: Clock) -> None:
    """Proofs and detectors alone."""
    start_light()  # as the command line does
    clock.say("preparing")
    engine = open_engine("duckdb", out / "work", recalls=True)
    engine.attach_facts({path.stem: [path] for path in world.glob("*.parquet")})
    dossier = Dossier(View(engine, keeping=True), prepare(engine), span(engine)[1] or 0)
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
