"""The console's command: open it over a ledger, for the people who work the cases."""

import asyncio
import sys
from contextlib import closing, suppress
from pathlib import Path
from typing import Annotated

import cyclopts
import msgspec
import uvicorn
from cyclopts import Parameter
from starlette.applications import Starlette

from beleg.audit.history import History
from beleg.audit.result import AuditResult
from beleg.audit.settings import pseudonym_key
from beleg.commands.telling import told
from beleg.gate.policy import shipped
from beleg.ledger.store.settings import LedgerSettings, settings
from beleg.ledger.store.store import Store, open_store
from beleg.web.console import signing
from beleg.web.console.app import console as application
from beleg.web.console.checking import Checker
from beleg.web.console.settings import ConsoleSettings
from beleg.web.console.settings import hour_cost as read_hour_cost
from beleg.web.console.trials import Trials
from beleg.web.settings import from_environment
from beleg.weigh.weights import load as load_weights


def console(
    *,
    store: Annotated[str | None, Parameter(name=["--store"])] = None,
    port: int = 8401,
    origin: str | None = None,
    answer: Path | None = None,
    backtest: Path | None = None,
    policies: Path | None = None,
    history: str = "",
    pseudonyms: Path | None = None,
    second_readings: Annotated[float, Parameter(validator=cyclopts.validators.Number(gte=0, lte=1))] = 0.1,
    hour_cost: str = "",
    wait_hours: Annotated[int, Parameter(validator=cyclopts.validators.Number(gte=0))] = 24,
    staff: bool = False,
) -> None:
    """Open the console: cases, refunds, rings and people, over what is in the ledger.

    At first start it shows an address that makes the first administrator, with a passkey and no password.

    Example: ``beleg console --answer beleg-report/result.json``

    Parameters
    ----------
    store:
        A folder or ``postgresql://...``; by default BELEG_DATABASE_URL, else BELEG_STORE, else ``beleg-store`` here.
    port:
        The port, on this machine only; put a server that speaks HTTPS in front of it for others.
    origin:
        What people open, such as https://beleg.example.com; passkeys are bound to it. By default http://localhost and the port.
    answer:
        The result.json of the newest audit, for the arithmetic behind its findings.
    backtest:
        What `beleg backtest --json` wrote, for the page on policies; read anew whenever somebody looks.
    policies:
        The folder of the policies in force, which can be tried on history.
    history:
        Exports that policies are tried on; by default what the ledger holds itself.
    pseudonyms:
        The key that the audit made its pseudonyms with; by default this user's.
    second_readings:
        The share of closed cases that a second person reads.
    hour_cost:
        What an hour of work on cases costs, such as "48.50 EUR", for what a case costs on the page *programme*.
    wait_hours:
        How long a new passkey waits where no second administrator can agree to it; 0 to try things out.
    staff:
        Show pages on members of staff. Ask your works council and your data-protection officer first.
    """
    with told():
        chosen, environment = settings(store), from_environment()
        wanted = ConsoleSettings(
            origin=(origin or f"http://localhost:{port}").rstrip("/"), backtest=backtest,
            key=pseudonym_key((chosen.folder or chosen.key.parent) / "console.key"), pseudonyms=pseudonym_key(pseudonyms),
            answer=msgspec.json.decode(answer.read_bytes(), type=AuditResult) if answer else None,
            policies=tuple(sorted(policies.glob("*.toml"))) if policies else (), second_readings=second_readings,
            hour=read_hour_cost(hour_cost), wait_hours=wait_hours, company=environment.company(), staff=staff,
            weights=load_weights(environment.weights),
        )  # fmt: skip
        _open(chosen, wanted, port, History(path=history, key=wanted.pseudonyms), environment.weights)


def _open(chosen: LedgerSettings, wanted: ConsoleSettings, port: int, history: History, weights: str) -> None:
    with closing(open_store(chosen.where)) as opened:
        known = shipped() | {path.stem: path for path in wanted.policies}
        trials = Trials(msgspec.structs.replace(history, store=opened.service), known, weights)
        asyncio.run(_serve(opened, wanted, Checker(opened.service, chosen.signer().verifier), trials, port))


async def _serve(store: Store, wanted: ConsoleSettings, checker: Checker, trials: Trials, port: int) -> None:
    async with store.running():
        app = application(store, wanted, checker=checker, trials=trials)
        secret = await signing.first_secret(app.state.site.desk)
        said = f"Open {wanted.origin}/enrol?secret={secret} - it makes the first administrator.\n" if secret else ""
        sys.stdout.write(f"{said}The console is at {wanted.origin} - press Ctrl-C to stop.\n")
        sys.stdout.flush()
        try:
            await listen(app, port)
        finally:
            await trials.close()


async def listen(app: Starlette, port: int) -> None:
    """Answer on this machine's own address until told to stop."""
    config = uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning", lifespan="off", server_header=False)
    with suppress(SystemExit):  # what told it to stop is told once more when the last answer is given
        await uvicorn.Server(config).serve()
