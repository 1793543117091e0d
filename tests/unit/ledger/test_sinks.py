"""Checkpoints arrive where they are sent: a file, a mail server, a web address; one that fails gets the newest next time."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from beleg.ledger.log.note import Signer
from beleg.ledger.store.base import Unit
from beleg.ledger.store.checkpoints import Checkpoints
from beleg.ledger.store.settings import settings
from beleg.ledger.store.sinks import sink
from beleg.ledger.store.store import Store
from beleg.ledger.store.verify import last_note
from support.stores import bought


@pytest.fixture
def web() -> Iterator[tuple[str, list[str], list[int]]]:
    """A web server's address, what it got, and what it shall answer next."""
    got: list[str] = []
    answers: list[int] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
            self.send_response(answers.pop(0) if answers else 204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/here?a=b", got, answers
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_file_keeps_all_and_the_last_one_is_read(tmp_path: Path) -> None:
    signer = Signer.kept("log", tmp_path / "key")
    notes = [signer.sign(size, bytes(32)) for size in (1, 2, 3)]
    for note in notes:
        sink(f"file://{tmp_path}/far%20away.txt")(note)
    text = (tmp_path / "far away.txt").read_text()
    assert last_note(text) == notes[2]
    assert last_note(notes[0]) == notes[0]
    assert all(note in text for note in notes)


def test_a_mail_server_gets_it(tmp_path: Path) -> None:
    """A server that speaks just enough of the protocol."""
    listening = socket.create_server(("127.0.0.1", 0))
    heard: list[str] = []

    def serve() -> None:
        connection, _ = listening.accept()
        with connection, connection.makefile("rw", newline="\r\n") as wire:

            def say(words: str) -> None:
                wire.write(words + "\n")
                wire.flush()

            say("220 here")
            inside = False
            for line in wire:
                heard.append(line.rstrip())
                if inside and line.rstrip() != ".":
                    continue
                inside = line.upper().startswith("DATA")
                say("354 go on" if inside else "221 bye" if line.upper().startswith("QUIT") else "250 fine")

    thread = threading.Thread(target=serve)
    thread.start()
    note = Signer.kept("log", tmp_path / "key").sign(1, bytes(32))
    port = listening.getsockname()[1]
    sink(f"smtp://127.0.0.1:{port}/?from=log@shop.example&to=auditor@bank.example")(note)
    thread.join()
    listening.close()
    text = "\n".join(heard)
    assert "To: auditor@bank.example" in text
    assert note.strip() in text


def test_one_that_fails_gets_the_newest_next_time(store: Store, tmp_path: Path, web: tuple[str, list[str], list[int]]) -> None:
    address, got, answers = web
    checkpoints = Checkpoints(store.service, Signer.kept("log", tmp_path / "key"), [address, "http://127.0.0.1:1/nobody"])

    async def write(order: str) -> None:
        async with store.running():
            await store.commit(Unit(facts=bought(order)))

    answers += [500]
    asyncio.run(write("O1"))
    checkpoints.make()
    asyncio.run(write("O2"))
    note = checkpoints.make()
    assert checkpoints.make() == note
    assert got[1:] == [note]


@pytest.mark.parametrize("address", ["ftp://x", "nowhere", "smtp://host/?to=a@b.example", "smtp:///?from=a&to=b"])
def test_an_address_that_is_none_is_told(address: str) -> None:
    with pytest.raises(ValueError, match="sink: "):
        sink(address)


def test_settings_come_from_the_environment(tmp_path: Path) -> None:
    found = settings(
        None, {"BELEG_DATABASE_URL": "postgresql://x/y", "BELEG_CHECKPOINT_SINKS": "file:///a  https://b", "HOME": "/h"}
    )
    assert (found.where, found.folder, found.sinks, found.every) == ("postgresql://x/y", None, ("file:///a", "https://b"), 60.0)
    assert settings(str(tmp_path), {}).key == tmp_path / "log.key"
    with pytest.raises(ValueError, match="BELEG_CHECKPOINT_SECONDS: got 'often', expected a number of seconds"):
        settings(None, {"BELEG_CHECKPOINT_SECONDS": "often"})
