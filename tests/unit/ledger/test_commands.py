"""The ledger's commands, from first start to a proof that needs no store; and the words in which they refuse."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from beleg import cli
from beleg.ledger.store.embedded import Embedded
from support.stores import folder


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    with folder() as made:
        yield made


def beleg(home: Path, *words: str, status: int = 0) -> tuple[str, str]:
    """Run a command in a process of its own; returns what it printed and what it said."""
    environment = {
        "BELEG_STORE": str(home / "store"),
        "XDG_CONFIG_HOME": str(home / "config"),
        "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
    }
    command = [sys.executable, "-W", "ignore", "-c", "from beleg.cli import main; main()", *words]
    done = subprocess.run(command, env=environment | {"COLUMNS": "300"}, capture_output=True, text=True, check=False)
    assert done.returncode == status, done.stderr
    return done.stdout, done.stderr


def test_from_first_start_to_a_proof_that_needs_no_store(home: Path) -> None:
    key, said = beleg(home, "ledger", "init")
    assert key.startswith("localhost/beleg+")
    assert "Keep this public key somewhere else" in said
    (home / "shop.pub").write_text(key)
    (home / "world").mkdir()
    rows = "".join(f"order {number},shop,O{number},EUR,{number},A{number}\n" for number in range(1, 300))
    (home / "world" / "orders.csv").write_text(f"id,source,order_id,currency,paid,account_id\n{rows}")
    assert "facts read" in beleg(home, "ledger", "append", str(home / "world"))[1]
    assert " 0 of them new." in beleg(home, "ledger", "append", str(home / "world"))[1]
    note = beleg(home, "ledger", "checkpoint")[0]
    (home / "far.txt").write_text("earlier\n0\nx\n\n\u2014 earlier AAAA\n\n" + note)
    checked = ("verify", "--checkpoint", str(home / "far.txt"), "--key", str(home / "shop.pub"))
    assert "Everything is as it was written." in beleg(home, *checked)[1]
    with Embedded(home / "store") as running, psycopg.connect(running.owner) as connection:
        fact = connection.execute("SELECT id FROM beleg_rows.orders ORDER BY place LIMIT 1").fetchone()
    assert fact
    proof = beleg(home, "ledger", "prove", "orders", fact[0])[0]
    (home / "one.tlog-proof").write_text(proof)
    printed, said = beleg(home, "verify", "--proof", str(home / "one.tlog-proof"), "--key", str(home / "shop.pub"))
    assert json.loads(printed)["id"] == fact[0]
    assert "under its checkpoint for" in said
    (home / "one.tlog-proof").write_text(proof.replace("index ", "index 1"))
    assert "does not lead from the leaf to the root" in beleg(home, "verify", "--proof", str(home / "one.tlog-proof"), status=1)[1]
    assert "erased." in beleg(home, "ledger", "erase", "orders", fact[0], "--why", "asked for")[1]
    assert "1 facts were erased, on record." in beleg(home, *checked)[1]
    with Embedded(home / "store") as running, psycopg.connect(running.owner) as connection:
        connection.execute("ALTER TABLE beleg_rows.orders DISABLE TRIGGER USER")
        connection.execute("UPDATE beleg_rows.orders SET paid = 1 WHERE id <> %s AND place BETWEEN 5 AND 9", (fact[0],))
    printed, _ = beleg(home, *checked, "--json", status=1)
    assert {problem["kind"] for problem in json.loads(printed)["problems"]} == {"edited"}
    assert "This ledger is not as it was written." in beleg(home, *checked, status=1)[1]


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("ledger", "append", "nowhere"), "beleg: "),
        (("ledger", "migrate"), "beleg: owner: got none, expected --owner postgresql://... or BELEG_OWNER_DATABASE_URL"),
        (("ledger", "prove", "nothing", "x"), "beleg: table: got 'nothing', expected one of"),
        (("ledger", "erase", "orders", "x", "--why", "y"), "beleg: orders 'x': there is no such fact"),
        (("ledger", "erase", "orders", "x", "--why", "y", "--column", "currency"), "beleg: orders: currency cannot be empty"),
        (("verify", "--store", "postgresql://nobody@/none?host=/nowhere"), "beleg: the database does not answer"),
    ],
)
def test_what_cannot_be_done_is_told(home: Path, words: tuple[str, ...], why: str) -> None:
    assert why in beleg(home, *words, status=2)[1]


def test_a_key_that_is_none_is_told(home: Path) -> None:
    assert "expected name+id+key" in beleg(home, "verify", "--key", "abc", status=1)[1]


def test_a_command_that_is_not_installed_says_how_to_get_it(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.not_installed("--port", "1")
    assert ended.value.code == 2
    assert "pip install" in capsys.readouterr().err
