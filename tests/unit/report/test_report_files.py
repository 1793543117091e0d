"""The report as files, and served on this machine only."""

import socket
import struct
from http.client import HTTPConnection
from urllib.parse import urlsplit

import msgspec
import pytest

from beleg.audit.result import AuditResult
from beleg.report import serve, write_report
from support import sample


def test_the_page_and_its_values_are_written(tmp_path):
    result = sample.rich()
    page = write_report(result, tmp_path / "out", staff=True)
    assert page == tmp_path / "out" / "report.html"
    assert msgspec.json.decode((tmp_path / "out" / "result.json").read_bytes(), type=AuditResult) == result


def test_what_is_about_staff_stays_out_of_both(tmp_path):
    result = sample.rich()
    write_report(result, tmp_path, staff=False)
    people = {"staff-7c1f20", *(one.name for one in result.subjects.staff), *result.subjects.too_few[0].subjects}
    people |= {tie.entity for ring in result.subjects.rings for tie in ring.ties if tie.kind == "staff"}
    assert len(people) > 4
    written = "".join(path.read_text() for path in tmp_path.iterdir())
    assert not [name for name in people if name in written]


def test_hostile_text_can_be_written(tmp_path):
    assert write_report(sample.hostile(), tmp_path, staff=True).stat().st_size < 1_000_000


@pytest.fixture
def served(tmp_path):
    write_report(sample.empty(), tmp_path, staff=False)
    (tmp_path / "secret.txt").write_text("no")
    with serve(tmp_path) as report:
        yield report


def asked(address: str, path: str, method: str = "GET", host: str | None = None):
    where = urlsplit(address)
    line = HTTPConnection(where.hostname, where.port, timeout=5)
    line.request(method, path, headers={"Host": host or where.netloc})
    answer = line.getresponse()
    body = answer.read()
    line.close()
    return answer, body


def test_only_the_page_is_served(served, tmp_path):
    assert served.address.startswith("http://127.0.0.1:")
    answer, body = asked(served.address, "/")
    assert (answer.status, body) == (200, (tmp_path / "report.html").read_bytes())
    assert asked(served.address, "/report.html?x=1")[0].status == 200
    for path in ("/secret.txt", "/result.json", "/..%2fsecret.txt", "/../secret.txt", "/x", "/report.html/"):
        assert asked(served.address, path)[0].status == 404
    assert asked(served.address, "/", "POST")[0].status == 501


def test_a_reader_who_goes_away_is_nobodys_fault(tmp_path, capfd):
    page = write_report(sample.empty(), tmp_path, staff=False)
    page.write_bytes(page.read_bytes() + b"<!-- -->" * 1_000_000)
    with serve(tmp_path) as report:
        where = urlsplit(report.address)
        with socket.create_connection((where.hostname, where.port), timeout=5) as line:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            line.sendall(f"GET / HTTP/1.1\r\nHost: {where.netloc}\r\n\r\n".encode())
            assert line.recv(100)
        assert asked(report.address, "/")[0].status == 200
    assert "Traceback" not in capfd.readouterr().err


def test_head_gives_no_body(served):
    answer, body = asked(served.address, "/", "HEAD")
    assert (answer.status, body) == (200, b"")
    assert int(answer.headers["Content-Length"]) > 1000


def test_the_headers_shut_everything_else_out(served):
    headers = asked(served.address, "/")[0].headers
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "Python" not in headers["Server"]


def test_another_name_for_this_machine_reads_nothing(served):
    assert asked(served.address, "/", host="evil.example")[0].status == 421
    assert asked(served.address, "/", host="localhost:1")[0].status == 200


def test_ctrl_c_closes_it(tmp_path, monkeypatch):
    write_report(sample.empty(), tmp_path, staff=False)
    report = serve(tmp_path)
    joined = report.thread.join
    calls = iter([KeyboardInterrupt])

    def interrupted(timeout: float | None = None) -> None:
        if error := next(calls, None):
            raise error
        joined(timeout)

    monkeypatch.setattr(report.thread, "join", interrupted)
    report.wait()
    assert not report.thread.is_alive()
    with pytest.raises(ConnectionRefusedError):
        asked(report.address, "/")


def test_a_port_can_be_asked_for_again(tmp_path):
    write_report(sample.empty(), tmp_path, staff=False)
    with serve(tmp_path) as first:
        port = first.server.server_port
    with serve(tmp_path, port) as again:
        assert again.address == f"http://127.0.0.1:{port}/"
