"""A policy tried on a shop's history."""

import sys
import tempfile
from pathlib import Path

import cyclopts
import msgspec

from beleg.audit.backtest import BacktestSettings, lines
from beleg.audit.backtest import backtest as try_on_history
from beleg.audit.history import History
from beleg.audit.settings import pseudonym_key
from beleg.commands.telling import bar, moment, told

app = cyclopts.App(name="backtest")


@app.default
def backtest(
    policy: str,
    path: str,
    *,
    mapping: str | None = None,
    as_of: str | None = None,
    weights: str = "",
    json: bool = False,
) -> None:
    """Try a policy on history: what would have changed, the money it would have kept, the honest customers delayed.

    Example: ``beleg backtest our-policy.toml exports/ --mapping our-shop.toml``

    Parameters
    ----------
    policy:
        A policy file, or the name of one that comes with Beleg.
    path:
        A folder, a file or a glob of exports, as for an audit.
    mapping:
        A shipped mapping's name or a TOML file.
    as_of:
        Speak as of this day (YYYY-MM-DD); by default the last moment anything is known of.
    weights:
        A file of your own weights, which `beleg weights learn` wrote and two persons stand behind.
    json:
        Print the whole answer as JSON.
    """
    with told(), tempfile.TemporaryDirectory(prefix="beleg-") as work, bar() as (progress, task):
        exports = History(path=path, mapping=mapping, key=pseudonym_key())
        settings = BacktestSettings(policy=policy, history=exports, work=Path(work), as_of=moment(as_of), weights=weights)
        answer = try_on_history(settings, lambda step, share: progress.update(task, description=step, completed=share))
    text = msgspec.json.encode(answer).decode() if json else "\n".join(lines(answer))
    sys.stdout.write(text + "\n")
