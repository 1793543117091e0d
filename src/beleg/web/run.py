"""The service started: settings read, logs set up, one process that answers."""

import gc
import sys
from contextlib import suppress
from pathlib import Path

import uvicorn
import uvloop

from beleg.web.app import application, first_invitation, first_key
from beleg.web.service import running
from beleg.web.settings import Settings, from_environment
from beleg.web.telemetry import set_up_logs, trace


def run(host: str, port: int, *, folder: Path | None, policy: str | None, shadow: str | None) -> None:
    """Answer until told to stop.

    Raises:
        ToldError: a setting or a policy is wrong.
        StoreError: the store cannot be opened.
    """
    settings = from_environment(store=str(folder) if folder else None, policy=policy, shadow=shadow)
    set_up_logs()
    trace(settings.open_telemetry)
    uvloop.run(_serve(settings, host, port))


async def _serve(settings: Settings, host: str, port: int) -> None:
    async with running(settings) as service:
        if key := await first_key(service):
            sys.stderr.write(f"the first API key, shown this once; make others with it and take it back: {key}\n")
        if invitation := await first_invitation(service):
            sys.stderr.write(f"the first administrator, this once: {settings.origin}/enrol?secret={invitation}\n")
        sys.stderr.flush()
        # what is there now stays: collecting it again and again would only cost answers their time
        gc.collect()
        gc.freeze()
        # and what is remembered holds no cycles: young garbage is taken away as ever, all of it is looked through seldom
        gc.set_threshold(10_000, 20, 200)
        sys.setswitchinterval(0.0005)
        config = uvicorn.Config(
            application(service),
            host=host,
            port=port,
            log_config=None,
            access_log=False,
            server_header=False,
            lifespan="off",
            proxy_headers=False,
            timeout_keep_alive=75,  # longer than proxies and shops keep a connection that they may still use
        )
        with suppress(SystemExit):  # what told it to stop is told once more when the last answer is given
            await uvicorn.Server(config).serve()
