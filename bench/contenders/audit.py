"""All that ``beleg audit`` does: read and check, prove, detect, weigh, rank, write findings and the report."""

import tempfile
from pathlib import Path

from beleg.audit.pipeline import Audit
from beleg.audit.settings import AuditSettings
from beleg.commands.light import start_light
from beleg.report import write_report
from bench.contenders.clock import Clock, run


def answer(world: Path, out: Path, clock: Clock, *, staff: bool = False) -> None:
    """The audit, as the command line runs it."""
    start_light()
    with tempfile.TemporaryDirectory(dir=out) as work:
        settings = AuditSettings(path=str(world), work=Path(work), key=b"0" * 32, staff=staff, recalls=True)
        result = Audit(settings, clock.say).run(out)
        clock.say("report")
        write_report(result, out, staff=staff)


if __name__ == "__main__":
    run(answer)
