"""Everything that runs: the store, the gate on it, who is told, and what looks at the clock."""

import asyncio
import logging
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import msgspec
import pyarrow as pa

from beleg.audit.closed import closed
from beleg.audit.history import History
from beleg.audit.result import AuditResult
from beleg.audit.settings import pseudonym_key
from beleg.audit.watch import Look
from beleg.cases.labels import labels
from beleg.connect.webhooks import Feeds
from beleg.gate.checking import check_examples, check_sources
from beleg.gate.decide import Gate
from beleg.gate.live.asking import Asking
from beleg.gate.live.keeping import Keeper
from beleg.gate.live.prover import Prover
from beleg.gate.policy import Policy, load
from beleg.gate.policy import shipped as policies
from beleg.ledger.store.checkpoints import Checkpoints
from beleg.ledger.store.settings import settings as ledger_settings
from beleg.ledger.store.store import Store, open_store
from beleg.web.access import Door
from beleg.web.console.app import console
from beleg.web.console.checking import Checker
from beleg.web.console.settings import ConsoleSettings, hour_cost
from beleg.web.console.trials import Trials
from beleg.web.outgoing import Outgoing
from beleg.web.pending import Approvals
from beleg.web.problems import ProblemError
from beleg.web.second import SecondPerson
from beleg.web.settings import Receiver, Settings
from beleg.web.watching import Watcher
from beleg.weigh.scale import Scale
from beleg.weigh.weights import load as load_weights

_log = logging.getLogger("beleg.web")


class Service:
    """The running parts, as handlers use them."""

    def __init__(self, settings: Settings, store: Store) -> None:
        """Put the parts together; `running` sets them going."""
        self.settings, self.store = settings, store
        self._inside = 0
        policy = _policy(settings.policy)
        scale = Scale(load_weights(settings.weights))
        self.gate = Gate(policy, scale)
        shadow = Gate(_policy(settings.shadow), scale) if settings.shadow else None
        self.prover = Prover(store)
        self.asking = Asking(store, self.prover, self.gate, shadow)
        self.asking.lasts = settings.reserve_minutes * 60_000_000
        self.keeper = Keeper(self.asking, store)
        self.door = Door(store, settings.rate)
        self.second = SecondPerson(settings, store, self.prover, self.keeper, Approvals())
        key = settings.hash_key.encode() or pseudonym_key()
        chosen = ledger_settings(settings.database_url or settings.store)
        checker = Checker(store.service, chosen.signer().verifier)
        self.trials = Trials(History(path=settings.history, store=store.service, key=key), _tried(settings), settings.weights)
        self.console = console(store, _console(settings, key), self.second, checker, self.trials)
        look = Look(store=store.service, key=key, staff=settings.staff, budget=settings.budget, weights=settings.weights)
        self.watcher = Watcher(look, settings.audit_minutes, self.closed, self.show)
        senders = msgspec.json.decode(settings.webhook_secrets, type=dict[str, list[str]])
        self.feeds = Feeds(senders, key)
        self.outgoing = Outgoing(store, msgspec.json.decode(settings.notify, type=list[Receiver]))

    @contextmanager
    def room(self) -> Iterator[None]:
        """While a request is answered; beyond what can be answered soon, whoever asks is told at once to come again.

        Raises:
            ProblemError: too many wait already.
        """
        if self._inside >= self.settings.at_once:
            detail = f"{self._inside} requests wait already; ask again with the same Idempotency-Key"
            raise ProblemError("busy", 503, "Too much is asked at once", detail, {"retry-after": "1"})
        self._inside += 1
        try:
            yield
        finally:
            self._inside -= 1

    async def closed(self) -> pa.Table:
        """What closed cases came to, for the next audit of the ledger."""
        desk = self.console.state.site.desk
        await desk.refresh()
        return closed(labels(desk.book))

    def show(self, answer: AuditResult) -> None:
        """Have the console speak by a newer audit's answer."""
        self.console.state.site.answer = answer

    async def ready(self) -> None:
        """Judge the sources and read what is open."""
        await self.prover.refresh()
        self._check()
        await self.keeper.load()
        await self.second.load()

    def _check(self) -> None:
        """A policy that could never release is refused; a store without any fact of a source is told of, and checked later."""
        if self.prover.coverage.places:
            check_sources(self.gate.policy, self.prover.coverage)
        else:
            _log.warning("no source has spoken yet: whether the policy can be met is not known")

    async def sign(self) -> None:
        """Sign how the log stands, now and then, and send that off this host."""
        chosen = ledger_settings(self.settings.database_url or self.settings.store)
        checkpoints = Checkpoints(self.store.service, chosen.signer(), chosen.sinks)
        while True:
            try:
                await asyncio.to_thread(checkpoints.make)
            except Exception:
                _log.exception("no checkpoint was made")
            await asyncio.sleep(chosen.every)

    async def refresh(self) -> None:
        """Judge the sources anew now and then."""
        while True:
            await asyncio.sleep(self.settings.refresh_seconds)
            try:
                await self.prover.refresh()
            except Exception:
                _log.exception("sources could not be judged anew")


def _console(settings: Settings, key: bytes) -> ConsoleSettings:
    """The console's part of the settings: the policies in force, and the newest audit's answer where one is named."""
    answer = Path(settings.answer)
    named = [name for name in (settings.policy, settings.shadow) if name]
    return ConsoleSettings(
        origin=settings.origin,
        key=key,
        pseudonyms=key,
        answer=msgspec.json.decode(answer.read_bytes(), type=AuditResult) if settings.answer else None,
        backtest=Path(settings.backtest) if settings.backtest else None,
        policies=tuple(policies().get(name, Path(name)) for name in named),
        weights=load_weights(settings.weights),
        hour=hour_cost(settings.hour_cost),
        wait_hours=settings.wait_hours,
        company=settings.company(),
        staff=settings.staff,
    )


def _tried(settings: Settings) -> dict[str, Path]:
    """The policies that may be tried: those that come with Beleg, those in the folder that is named, and those at work."""
    folder = sorted(Path(settings.policies).glob("*.toml")) if settings.policies else ()
    at_work = [Path(name) for name in (settings.policy, settings.shadow) if name and name not in policies()]
    return policies() | {path.stem: path for path in (*folder, *at_work)}


def _policy(name: str) -> Policy:
    policy = load(name)
    check_examples(policy)
    return policy


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Service]:
    """The service at work.

    Raises:
        StoreError: the store cannot be opened.
        ToldError: a policy is wrong, or needs a proof of which no source speaks.
    """
    store = open_store(settings.database_url or settings.store)
    try:
        async with store.running():
            service = Service(settings, store)
            async with _at_work(service.prover.run()):
                await service.ready()
                now_and_then = service.refresh(), service.sign(), service.watcher.run()
                async with _at_work(service.keeper.run(), service.outgoing.run(), *now_and_then):
                    try:
                        yield service
                    finally:
                        await service.trials.close()
    finally:
        store.close()


@asynccontextmanager
async def _at_work(*work: Coroutine[None, None, None]) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(one) for one in work]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
