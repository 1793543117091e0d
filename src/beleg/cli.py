"""The command line: audit a shop's exports, propose a mapping, make a world, show the demo."""

import shutil
import signal
import sys
import tempfile
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import FrameType
from typing import Annotated, Literal

import cyclopts
import msgspec
import pyarrow as pa
from cyclopts import Parameter
from rich.console import Console

from beleg import __version__
from beleg.audit.pipeline import Audit
from beleg.audit.result import AuditResult
from beleg.audit.settings import AuditSettings, pseudonym_key
from beleg.commands import history
from beleg.commands.light import start_light
from beleg.commands.telling import bar, moment, told
from beleg.connect import propose
from beleg.report import render, serve, write_report
from beleg.world import WorldParameters, WorldSummary, write_world

app = cyclopts.App(name="beleg", version=__version__, help="No refund without evidence.")
app.command(history.app)

# Loaded when asked for: to load a server takes as long as a small audit.
SERVED = {
    "serve": "gate:app",
    "ledger": "ledger:app",
    "verify": "ledger:verify",
    "console": "console:console",
    "weights": "weights:app",
}
SERVES = all(find_spec(name) for name in ("alembic", "fastapi", "psycopg", "uvicorn", "webauthn"))


def not_installed(*words: Annotated[str, Parameter(allow_leading_hyphen=True, show=False)]) -> None:
    """Needs the `serve` extra: pip install "beleg[serve]"."""
    del words
    with told():
        raise ValueError('this command is not installed; get it with: pip install "beleg[serve]"')


for command, place in SERVED.items():
    app.command(f"beleg.commands.{place}" if SERVES else not_installed, name=command)

DEMO_SEED, DEMO_ORDERS = 2025, 20_000


@app.command
def audit(
    path: str,
    *,
    out: Path = Path("beleg-report"),
    mapping: str | None = None,
    budget: Annotated[int, Parameter(validator=cyclopts.validators.Number(gte=1))] = 200,
    engine: Literal["duckdb", "spark"] = "duckdb",
    engine_address: str | None = None,
    currency: str | None = None,
    as_of: str | None = None,
    weights: str = "",
    cases: str = "",
    staff: bool = False,
    json: bool = False,
) -> None:
    """Find the refunds that nothing stands behind.

    Example: ``beleg audit exports/ --mapping online_retail --budget 50``

    Parameters
    ----------
    path:
        A folder, a file or a glob of CSV, JSON, JSON Lines or Parquet, each perhaps gzipped.
    out:
        The folder for report.html, result.json, findings.parquet, finding_facts.parquet, and quarantine.jsonl where rows
        could not be read.
    mapping:
        A shipped mapping's name or a TOML file. Without one, Beleg's own layout and the shipped mappings are tried.
    budget:
        How many alerts your team can work.
    engine:
        What runs the audit; the answer is the same on both. Spark needs ``pip install 'beleg[spark]'`` and Java.
    engine_address:
        The Spark master, such as spark://host:7077; by default the cores of this machine.
    currency:
        The report's currency (ISO 4217); by default the one most refunds are in.
    as_of:
        Speak as of this day (YYYY-MM-DD); by default the last moment anything is known of.
    weights:
        A file of your own weights, which `beleg weights learn` wrote and two persons stand behind.
    cases:
        A ledger, as a folder or ``postgresql://...``, whose closed cases say which frauds were confirmed: rings are weighed by
        them, and accounts like those confirmed are looked for. Needs ``pip install 'beleg[serve,learning]'``; stop the service
        of an embedded store first.
    staff:
        Add the sections on staff. Ask your works council and your data-protection officer first.
    json:
        Print the whole answer as JSON instead of a summary.
    """
    with told(), tempfile.TemporaryDirectory(prefix="beleg-") as work:
        settings = AuditSettings(
            path=path, work=Path(work), mapping=mapping, engine=engine, engine_address=engine_address, budget=budget, recalls=True,
            currency=currency, as_of=moment(as_of), weights=weights, staff=staff, key=pseudonym_key(), closed=_closed(cases),
        )  # fmt: skip
        result = _run(settings, out)
        report = write_report(result, out, staff=staff)
    if json:
        sys.stdout.write(msgspec.json.encode(result).decode() + "\n")
    else:
        render(result, Console(), report=report)


@app.command(name="map")
def map_(path: str, *, out: Path | None = None) -> None:
    """Propose a mapping for exports that Beleg does not know, and say what it could not place.

    Example: ``beleg map exports/ --out shop.toml``

    Parameters
    ----------
    path:
        A folder, a file or a glob.
    out:
        Where to write the mapping; by default it is printed.
    """
    with told(), Console(stderr=True).status("reading"):
        proposal = propose(path)
    if out is None:
        sys.stdout.write(proposal.text)
    else:
        out.write_text(proposal.text, encoding="utf-8")
    console = Console(stderr=True, highlight=False)
    for one in proposal.unplaced:
        console.print(f"not placed: {one.file}: {one.column}: {one.why}", markup=False)


@app.command
def world(
    directory: Path,
    *,
    seed: int = 1,
    orders: Annotated[int, Parameter(validator=cyclopts.validators.Number(gte=1))] = 20_000,
    fraud_rate: float = 0.03,
    parameters: Path | None = None,
) -> None:
    """Write a plausible year of a shop with planted frauds, in Beleg's own layout.

    Example: ``beleg world year/ --seed 7 --orders 50000``

    Parameters
    ----------
    directory:
        Where to; the truth goes to its folder ``_truth``, which no audit reads.
    seed:
        The same seed and parameters give the same world.
    orders:
        How many orders the year has.
    fraud_rate:
        Planted frauds as a share of the expected returns.
    parameters:
        A JSON file with any of the world's parameters; it overrides the others.
    """
    stated = {"seed": seed, "orders": orders, "fraud_rate": fraud_rate}
    with told():
        if parameters is not None:
            stated |= msgspec.json.decode(parameters.read_bytes(), type=dict)
        wanted = msgspec.convert(stated, WorldParameters)
        summary = _world(directory, wanted)
    facts = sum(summary.facts.values())
    Console(highlight=False).print(f"{facts:,} facts of {orders:,} orders in {directory}, the truth in {directory / '_truth'}")


@app.command
def demo(*, port: int | None = None, orders: int = DEMO_ORDERS, seed: int = DEMO_SEED, report_only: bool = False) -> None:
    """Make a shop's year with a planted ring, audit it, staff included, and serve the report on this machine.

    With the `serve` extra it also opens the console on the same story, once the report is there.

    Example: ``beleg demo``

    Parameters
    ----------
    port:
        The port to serve on; by default a free one.
    orders:
        How many orders the year has.
    seed:
        Another seed gives another year.
    report_only:
        Do not open the console, even where it is installed.
    """
    folder = Path("beleg-demo")
    shutil.rmtree(folder, ignore_errors=True)
    with told():
        _world(folder / "year", WorldParameters(seed=seed, orders=orders))
        key = pseudonym_key(folder / "pseudonyms.key")
        # Nobody here is real, so the sections on staff are shown without being asked for.
        settings = AuditSettings(
            path=str(folder / "year"),
            title="A shop's year with a planted ring",
            work=folder / "work",
            key=key,
            staff=True,
            recalls=True,
        )
        result = _run(settings, folder / "report")
        report = write_report(result, folder / "report", staff=True)
    render(result, Console(), report=report)
    with serve(folder / "report", port) as served:
        Console(highlight=False).print(f"\nThe report is at {served.address} - press Ctrl-C to stop.")
        sys.stdout.flush()
        if SERVES and not report_only:
            with told():
                import_module("beleg.commands.demo_console").open_console(folder, result, key)
        else:
            served.wait()


def _closed(cases: str) -> pa.Table | None:
    """What the closed cases of a ledger came to, if one was named."""
    if not cases:
        return None
    if not SERVES:
        not_installed()
    table: pa.Table = import_module("beleg.commands.weights").closed_cases(cases)
    return table


def _world(directory: Path, wanted: WorldParameters) -> WorldSummary:
    with bar() as (progress, task):
        return write_world(
            directory, wanted, lambda made: progress.update(task, description="making", completed=made / wanted.orders)
        )


def _run(settings: AuditSettings, out: Path) -> AuditResult:
    with bar() as (progress, task):
        return Audit(settings, lambda step, share: progress.update(task, description=step, completed=share)).run(out)


def _told_to_stop(number: int, _frame: FrameType | None) -> None:
    """End in good order: a database of our own is stopped, a temporary folder is taken away."""
    sys.exit(128 + number)


def main() -> None:
    """Run the command line."""
    start_light()
    signal.signal(signal.SIGTERM, _told_to_stop)
    if set(sys.argv[1:]) <= {"-h", "--help"}:
        # a list of commands says what each is for, so all are loaded
        for command in SERVED:
            app[command]
    app()
