"""The service on a loop of its own, asked over HTTP without a network between; and as processes of their own, asked over one."""

import asyncio
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from beleg.web.app import application, first_key
from beleg.web.service import Service, running
from beleg.web.settings import Settings


class Running:
    """The service on a loop of its own; `request` asks it."""

    def __init__(self, settings: Settings) -> None:
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._up = threading.Event()
        self._failed: BaseException | None = None
        self._thread = threading.Thread(target=self._run, args=(settings,), daemon=True)
        self._thread.start()
        self._up.wait()
        if self._failed:
            raise self._failed

    def _run(self, settings: Settings) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._serve(settings))
        except BaseException as failure:
            self._failed = failure
            self._up.set()
        finally:
            self._loop.close()

    async def _serve(self, settings: Settings) -> None:
        async with running(settings) as service:
            self.service: Service = service
            self.key = await first_key(service) or ""
            self.app = application(service)
            transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://gate") as self.http:
                self._up.set()
                await self._stop.wait()

    def do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(120)

    def request(self, method: str, path: str, **said: Any) -> httpx.Response:
        headers = {"authorization": f"Bearer {self.key}", **said.pop("headers", {})}
        return self.do(self.http.request(method, path, headers=headers, **said))

    def all(self, calls: list[tuple[str, str, dict[str, Any]]]) -> list[httpx.Response]:
        async def gathered() -> list[httpx.Response]:
            headers = {"authorization": f"Bearer {self.key}"}
            return await asyncio.gather(
                *(self.http.request(method, path, **said | {"headers": headers | said["headers"]}) for method, path, said in calls)
            )

        return self.do(gathered())

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()


class Worker:
    """A process of the service's own, at an address of its own."""

    def __init__(self, environment: dict[str, str], key: str = "") -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        command = [sys.executable, "-W", "ignore", "-c", "from beleg.cli import main; main()", "serve", "--port", str(port)]
        self.process = subprocess.Popen(command, env=os.environ | environment, stderr=subprocess.PIPE, text=True)
        self.url, self.key = f"http://127.0.0.1:{port}", key or self._first_key()
        self._rest = threading.Thread(target=self._read_on, daemon=True)
        self._rest.start()

    def _first_key(self) -> str:
        for line in self.process.stderr or ():
            if "beleg_first_" in line:
                return line.rsplit(" ", 1)[1].strip()
        raise AssertionError("the service did not start")

    def _read_on(self) -> None:
        for line in self.process.stderr or ():
            sys.stderr.write(line)

    def client(self, timeout: float = 60) -> httpx.Client:
        """An HTTP client with the first key, once the service answers."""
        made = httpx.Client(base_url=self.url, headers={"authorization": f"Bearer {self.key}"}, timeout=timeout)
        while self.process.poll() is None:
            try:
                made.get("/healthz")
            except httpx.TransportError:
                continue
            return made
        raise AssertionError("the service ended by itself")

    def stop(self) -> None:
        self.process.terminate()
        assert self.process.wait(60) == 0
        self._forget()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        self._forget()

    def _forget(self) -> None:
        if self.process.stderr:
            self._rest.join()
            self.process.stderr.close()


@contextmanager
def workers(many: int, environment: dict[str, str]) -> Iterator[list[Worker]]:
    """So many processes of the service on one store, or on one database."""
    first = Worker(environment)
    every = [first]
    try:
        first.client().close()
        every += [Worker(environment, first.key) for _ in range(many - 1)]
        yield every
    finally:
        for one in every:
            one.stop()
