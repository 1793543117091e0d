"""One backtest in a process of its own, so that nobody waits for it: what to do comes in as JSON, progress and answer go out so."""

import os
import sys
from pathlib import Path

import msgspec

from beleg.audit.backtest import BacktestSettings, backtest
from beleg.audit.history import History
from beleg.facts.told import ToldError
from beleg.gate.history import Backtest
from beleg.ledger.engines.base import EngineError

COMMAND = (sys.executable, "-m", "beleg.audit.trial")
NICE = 15  # whoever asks the gate comes first


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """What to do: a policy's file and its SHA-256, the history to try it on, and the weights to do it by.

    `work` is a folder for files on the way, facts in the clear among them. It is the parent's, since a process that is killed takes
    nothing away.
    """

    policy: str
    digest: str
    history: History
    work: str
    weights: str = ""


class Said(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of what comes out: a step and the share done, or the answer, or why there is none."""

    step: str = ""
    share: float = 0.0
    answer: Backtest | None = None
    failed: str = ""


def main() -> None:
    """Read, try, tell."""
    os.nice(NICE)
    trial = msgspec.json.decode(sys.stdin.buffer.read(), type=Trial)
    try:
        settings = BacktestSettings(
            policy=trial.policy, digest=trial.digest, history=trial.history, work=Path(trial.work), weights=trial.weights
        )
        answer = backtest(settings, lambda step, share: _say(Said(step=step, share=share)))
    except (ToldError, EngineError, OSError) as refused:
        _say(Said(failed=str(refused)))
    else:
        _say(Said(answer=answer))


def _say(said: Said) -> None:
    """Whoever asked may be gone; then writing fails and the work ends."""
    sys.stdout.buffer.write(msgspec.json.encode(said) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
