"""The gate's command: answer the shop before it pays."""

from pathlib import Path

import cyclopts

from beleg.commands.telling import told
from beleg.web.run import run

app = cyclopts.App(name="serve")


@app.default
def serve(
    *,
    host: str = "127.0.0.1",
    port: int = 8400,
    folder: Path | None = None,
    policy: str | None = None,
    shadow: str | None = None,
) -> None:
    """Answer the shop before it pays: the gate's API, webhooks in and out, and the console.

    The store is embedded, in a folder of its own, unless BELEG_DATABASE_URL names a PostgreSQL database. Every other setting is a
    BELEG_ variable; the reference lists them. On its first start it shows an API key and an invitation to the console, once.

    Example: ``beleg serve --folder /var/lib/beleg --policy our-policy.toml``

    Parameters
    ----------
    host:
        The address to listen on. Put a proxy with TLS in front before anything but this machine may reach it.
    port:
        The port.
    folder:
        Where the embedded store lives; by default BELEG_STORE, else ``beleg-store`` here.
    policy:
        The policy in force: a file, or the name of one that comes with Beleg.
    shadow:
        A policy that is asked beside it and changes nothing.
    """
    with told():
        run(host, port, folder=folder, policy=policy, shadow=shadow)
