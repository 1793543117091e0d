"""The report on this machine's own address, and nothing else: one page, no folder, no way out of it."""

import re
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from types import TracebackType

from beleg.report.files import PAGE
from beleg.report.html import style_hash

HOST = "127.0.0.1"
STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)
HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


@dataclass(frozen=True)
class Served:
    """A report being served; `address` is what to open. Close it, or leave its `with` block, and the port is free again."""

    address: str
    server: ThreadingHTTPServer
    thread: Thread

    def wait(self) -> None:
        """Serve until Ctrl-C, then close."""
        try:
            while self.thread.is_alive():
                self.thread.join(0.5)
        except KeyboardInterrupt:
            pass
        finally:
            self.close()

    def close(self) -> None:
        """Stop serving; doing so twice does no harm."""
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def __enter__(self) -> "Served":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def serve(directory: Path, port: int | None = None) -> Served:
    """Serve the report in `directory` on 127.0.0.1, on a free port unless one is named; prints nothing."""
    page = (directory / PAGE).read_bytes()
    handler = type("ReportHandler", (_Handler,), {"page": page, "policy": policy(page.decode())})
    server = ThreadingHTTPServer((HOST, port or 0), handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, name="beleg-report", daemon=True)
    thread.start()
    return Served(f"http://{HOST}:{server.server_port}/", server, thread)


def policy(page: str) -> str:
    """A content security policy that lets the page's own style sheet act and nothing else."""
    style = STYLE.search(page)
    allowed = f"'{style_hash(style.group(1))}'" if style else "'none'"
    return f"default-src 'none'; style-src {allowed}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


class _Handler(BaseHTTPRequestHandler):
    page: bytes
    policy: str
    server_version = "Beleg"
    sys_version = ""
    timeout = 30

    def do_GET(self) -> None:
        self._answer(body=True)

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def _answer(self, *, body: bool) -> None:
        """Give the page; a host name other than ours means that some web page is trying to read us through a name of its own."""
        if self.headers.get("Host", "").rsplit(":", 1)[0] not in {HOST, "localhost"}:
            return self.send_error(421)
        if self.path.partition("?")[0] not in {"/", f"/{PAGE}"}:
            return self.send_error(404)
        self.send_response(200)
        for name, value in HEADERS.items():
            self.send_header(name, value)
        self.send_header("Content-Security-Policy", self.policy)
        self.send_header("Content-Length", str(len(self.page)))
        self.end_headers()
        if body:
            with suppress(ConnectionError):  # a reader who goes away before the end is nobody's fault
                self.wfile.write(self.page)
        return None

    def log_message(self, *_args: object, **_named: object) -> None:
        """Say nothing: the terminal belongs to the summary."""
