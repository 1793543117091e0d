"""How the service is seen from outside: Prometheus metrics, structured logs without personal data, traces when asked for."""

import logging
import os
import queue
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from functools import lru_cache
from importlib import import_module

import msgspec
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

from beleg.facts.told import ToldError

REGISTRY = CollectorRegistry()
REQUESTS = Counter("beleg_requests", "Requests served", ("endpoint", "status"), registry=REGISTRY)
SECONDS = Histogram(
    "beleg_request_seconds",
    "How long requests took",
    ("endpoint",),
    registry=REGISTRY,
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5),
)
DECISIONS = Counter("beleg_decisions", "Answers given", ("outcome", "rule"), registry=REGISTRY)
SHADOWED = Counter("beleg_shadow_differs", "Answers the shadow would have given otherwise", ("said", "shadow"), registry=REGISTRY)
WEBHOOKS = Counter("beleg_webhooks", "Deliveries", ("feed", "outcome"), registry=REGISTRY)
LOOKS = Counter("beleg_ledger_audits", "Audits of the ledger", ("outcome",), registry=REGISTRY)
UNREAD = Counter("beleg_log_lines_unread", "Log lines that nobody read in time", registry=REGISTRY)

_log = logging.getLogger("beleg.web")


def clock() -> float:
    """A moment to measure from."""
    return time.perf_counter()


def served(endpoint: str, status: int, began: float) -> None:
    """A request was answered."""
    counted, timed = _measures(endpoint, status)
    counted.inc()
    seconds = time.perf_counter() - began
    timed.observe(seconds)
    for span in _spans:
        span(endpoint, status, seconds)


@lru_cache(maxsize=1_024)
def _measures(endpoint: str, status: int) -> tuple[Counter, Histogram]:
    """What counts and times the answers of an endpoint: to look them up by their labels takes as long as to count."""
    return REQUESTS.labels(endpoint, str(status)), SECONDS.labels(endpoint)


def failed(endpoint: str, failure: Exception) -> None:
    """A request failed through a fault of ours."""
    _log.error("%s failed: %s", endpoint, type(failure).__name__, exc_info=failure)


def metrics() -> bytes:
    """All metrics in Prometheus' text format."""
    return generate_latest(REGISTRY)


class Lines(logging.Formatter):
    """A log line is one JSON object. What a log call is given are counts, names of ours and kinds of errors, never a person's."""

    def format(self, record: logging.LogRecord) -> str:
        """One record."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info and record.exc_info[0] is not None:
            line["error"] = record.exc_info[0].__name__
            line["at"] = _place(record)
        return msgspec.json.encode(line).decode()


def _place(record: logging.LogRecord) -> str:
    """Where an error was raised: its message may hold what somebody sent, its place does not."""
    trace = record.exc_info[2] if record.exc_info else None
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else ""


class Aside(logging.Handler):
    """Writes lines from a thread of its own: whoever reads them may stop reading, and the gate must answer all the same.

    The standard library's queue handler tells of a full queue on the very stream that nobody reads, and its listener waits for that
    stream when the service stops.

    Args:
        to: the open file's number.
        kept: lines that wait to be read before the next ones are dropped and counted.
    """

    def __init__(self, to: int, kept: int = 10_000) -> None:
        super().__init__()
        self._to = to
        self._lines: queue.Queue[str | None] = queue.Queue(kept)
        self._writer = threading.Thread(target=self._write, daemon=True)
        self._writer.start()

    def emit(self, record: logging.LogRecord) -> None:
        """One record, written soon."""
        try:
            self._lines.put_nowait(self.format(record))
        except queue.Full:
            UNREAD.inc()

    def close(self) -> None:
        """Write what waits, unless nobody reads it."""
        with suppress(queue.Full):
            self._lines.put_nowait(None)
        self._writer.join(timeout=1)
        super().close()

    def _write(self) -> None:
        while (line := self._lines.get()) is not None:
            with suppress(OSError):  # nobody is there to read
                os.write(self._to, f"{line}\n".encode())


def set_up_logs() -> None:
    """Log lines go to standard error."""
    handler = Aside(sys.stderr.fileno())
    handler.setFormatter(Lines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    logging.getLogger("httpx").setLevel(logging.WARNING)


def trace(address: str) -> None:
    """Send a span for every request to an OpenTelemetry collector (OTLP over HTTP) at this address; nowhere without one.

    Raises:
        ToldError: traces are asked for and their package is not installed.
    """
    if not address:
        return
    try:
        start = import_module("beleg.web.tracing").start
    except ImportError as missing:
        got, mend = f"an address, but no package {missing.name}", "pip install 'beleg[otel]'"
        raise ToldError("open_telemetry", got=got, expected="OpenTelemetry's packages", mend=mend) from missing
    _spans.append(start(address))


# What makes a span of a served request, where traces are asked for: endpoint, status, seconds.
_spans: list[Callable[[str, int, float], None]] = []
