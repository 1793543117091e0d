"""Policies tried on history from the console: one at a time, in a process of its own that gives way to whoever asks the gate."""

import asyncio
import hashlib
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import msgspec
from msgspec import Struct

from beleg.audit.history import History
from beleg.audit.trial import COMMAND, Said, Trial
from beleg.facts.kinds.operators import PolicyTrial, PolicyTrialEnd
from beleg.gate.history import Backtest
from beleg.web.aside import AsideError, aside
from beleg.web.console.desk import Desk, envelope, now

# A trial that takes longer is broken off; whoever finds an older one without an end knows that nobody works on it.
LONGEST = 3_600.0


class Begun(Struct):
    """How far the trial of this process is."""

    fact: PolicyTrial
    step: str = ""
    share: float = 0.0


class Trials:
    """Tries policies.

    Args:
        history: what they are tried on.
        policies: the only ones that may be, by the name the console gives them.
        weights: the file of the weights in force; empty for the shipped ones.
        command: the process that does it.
    """

    def __init__(
        self, history: History, policies: Mapping[str, Path], weights: str = "", command: tuple[str, ...] = COMMAND
    ) -> None:
        self.policies = dict(sorted(policies.items()))
        self.weights = weights
        self.begun: Begun | None = None
        self._history = history
        self._command = command
        self._task: asyncio.Task[None] | None = None

    @property
    def own(self) -> bool:
        """Whether the store's own facts are the history."""
        return not self._history.path

    async def begin(self, desk: Desk, login: str, name: str) -> bool:
        """Begin one of the known policies; false if another one is on its way, here or in another process.

        Raises:
            KeyError: the name is none of theirs.
        """
        digest = hashlib.sha256(self.policies[name].read_bytes()).hexdigest()
        if unfinished(desk):
            return False
        fact = PolicyTrial(**envelope(), login=login, policy=name, digest=digest)
        await desk.append(fact)
        first, *_ = unfinished(desk)
        if first.id != fact.id:
            await desk.append(PolicyTrialEnd(**envelope(), trial_id=fact.id, failed="another trial began a moment before"))
            return False
        self.begun = Begun(fact)
        self._task = asyncio.create_task(self._try(desk, self.begun))
        return True

    async def close(self) -> None:
        """Break off what runs, and say so."""
        if self._task is not None and not self._task.done():
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _try(self, desk: Desk, begun: Begun) -> None:
        said = Said()
        try:
            said = await asyncio.wait_for(self._run(begun), LONGEST)
        except asyncio.CancelledError:
            said = Said(failed="the service was stopped")
            raise
        except TimeoutError:
            said = Said(failed=f"it took longer than {LONGEST / 60:.0f} minutes and was broken off")
        except AsideError as broken:
            said = Said(failed=str(broken))
        finally:
            self.begun = None
            answer = msgspec.json.encode(said.answer).decode() if said.answer else None
            failed = None if answer else said.failed or "its process ended without an answer"
            await desk.append(PolicyTrialEnd(**envelope(), trial_id=begun.fact.id, answer=answer, failed=failed))

    async def _run(self, begun: Begun) -> Said:
        """The process at work. It may be killed, so what it leaves on the way is taken away here, once it is gone."""
        last = Said()

        def heard(said: Said) -> None:
            nonlocal last
            last, begun.step, begun.share = said, said.step or begun.step, said.share

        with tempfile.TemporaryDirectory(prefix="beleg-") as work:
            policy, digest = str(self.policies[begun.fact.policy]), begun.fact.digest
            trial = Trial(policy=policy, digest=digest, history=self._history, work=work, weights=self.weights)
            await aside(self._command, trial, Said, heard)
        return last


def unfinished(desk: Desk) -> list[PolicyTrial]:
    """The trials that somebody may still be working on, the first one first."""
    since = now() - int(LONGEST * 1_000_000)
    mine = desk.directory
    return [one for one in mine.trials.values() if one.id not in mine.trial_ends and (one.known_at or 0) > since]


def newest(desk: Desk) -> tuple[Backtest | None, PolicyTrial | None, int]:
    """The newest answer, whose trial it was, and when it came, in microseconds; nothing where there is none that can be read."""
    mine = desk.directory
    for end in reversed(mine.trial_ends.values()):
        if end.answer and end.trial_id in mine.trials:
            with suppress(msgspec.DecodeError):
                return msgspec.json.decode(end.answer, type=Backtest), mine.trials[end.trial_id], end.known_at or 0
    return None, None, 0
