"""The service's log: lines hold nothing that people sent, and whoever stops reading them stops nothing else."""

import json
import logging
import os
import threading

from beleg.web.telemetry import REGISTRY, Aside, Lines


def _record(message: str, failure: Exception | None = None) -> logging.LogRecord:
    told = (type(failure), failure, failure.__traceback__) if failure else None
    return logging.LogRecord("beleg.web", logging.ERROR, __file__, 1, message, (), told)


def _unread() -> float:
    return REGISTRY.get_sample_value("beleg_log_lines_unread_total") or 0


def test_lines_hold_nothing_of_what_broke_but_its_kind() -> None:
    reading, writing = os.pipe()
    handler = Aside(writing)
    handler.setFormatter(Lines())
    handler.emit(_record("ask failed", ValueError("somebody@example.com")))
    handler.close()
    os.close(writing)
    with os.fdopen(reading) as lines:
        said = [json.loads(line) for line in lines]
    assert [(line["message"], line["error"]) for line in said] == [("ask failed", "ValueError")]
    assert "example.com" not in str(said)


def test_a_log_that_nobody_reads_keeps_nobody_waiting() -> None:
    reading, writing = os.pipe()
    handler, before = Aside(writing, kept=10), _unread()
    lines = 200  # three times what a pipe holds
    asked = threading.Thread(target=lambda: [handler.emit(_record("x" * 1000)) for _ in range(lines)], daemon=True)
    asked.start()
    asked.join(timeout=20)
    assert not asked.is_alive(), "whoever logs waits for whoever reads"
    assert _unread() > before
    os.close(reading)  # the writer is told that nobody is there, and goes on
    handler.close()
    os.close(writing)
