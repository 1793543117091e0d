"""Whatever is done to a store behind the log's back is found and named: edits, deletions, insertions, rewritten leaves, cuts."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from msgspec.structs import replace

from beleg.facts.kinds.gate import Erasure
from beleg.ledger.log.canonical import canonical, leaf
from beleg.ledger.log.merkle import ProofError
from beleg.ledger.log.note import NoteError, Signer, opened
from beleg.ledger.log.proof import EntryProof
from beleg.ledger.store.base import StoreError, Unit
from beleg.ledger.store.checkpoints import Checkpoints
from beleg.ledger.store.embedded import Embedded
from beleg.ledger.store.store import Store
from beleg.ledger.store.tree import Tree
from beleg.ledger.store.verify import Verified, verify
from support.stores import bought, database

ORDERS = 400  # two facts each, so that the tree has kept nodes


class Kept:
    """A store with three checkpoints, at 400, 600 and 800 entries, and the owner's hand to do it harm."""

    def __init__(self, owner: str, service: str, folder: Path) -> None:
        self.owner, self.service = owner, service
        self.signer = Signer.kept("test/log", folder / "log.key")
        self.sink = folder / "far.txt"
        self.checkpoints = Checkpoints(service, self.signer, [f"file://{self.sink}"])
        self.notes = [self._written(first, end) for first, end in ((0, 200), (200, 300), (300, ORDERS))]

    def _written(self, first: int, end: int) -> str:
        self.write(*(Unit(facts=bought(f"O{number}")) for number in range(first, end)))
        return self.checkpoints.make()

    def write(self, *units: Unit) -> None:
        async def send() -> None:
            async with Store(self.service).running() as store:
                await asyncio.gather(*(store.commit(unit) for unit in units))

        asyncio.run(send())

    def harm(self, *statements: str) -> None:
        """As the owner, with the guards off."""
        tables = ("beleg_rows.orders", "beleg_rows.order_lines", "beleg_log.entries", "beleg_log.checkpoints", "beleg_log.tiles")
        with psycopg.connect(self.owner) as connection:
            for guards in ("DISABLE", "ENABLE"):
                for table in tables:
                    connection.execute(f"ALTER TABLE {table} {guards} TRIGGER USER")
                for statement in statements if guards == "DISABLE" else ():
                    connection.execute(statement)

    def verify(self, outside: str | None = None) -> Verified:
        return verify(self.service, self.signer.verifier, outside)


@pytest.fixture
def kept(server: Embedded, tmp_path: Path) -> Iterator[Kept]:
    with database(server) as (owner, service):
        yield Kept(owner, service, tmp_path)


def named(found: Verified) -> list[tuple[Any, ...]]:
    return [(one.kind, one.place, one.relation, one.fact_id) for one in found.problems]


def test_an_honest_store_is_whole(kept: Kept) -> None:
    found = kept.verify(kept.notes[1])
    assert found.whole, found.problems
    assert (found.entries, found.facts, found.checkpoints, found.outside, found.erased) == (800, 800, 3, 600, 0)
    assert found.root == opened(kept.notes[2], kept.signer.verifier).root.hex()
    assert kept.sink.read_text().split("\n\n\u2014")[0] == kept.notes[0].split("\n\n\u2014")[0]
    assert kept.sink.read_text().count("test/log\n") == 3


def test_an_edited_fact_is_named(kept: Kept) -> None:
    kept.harm("UPDATE beleg_rows.orders SET paid = 999999 WHERE id = 'O250 order'")
    found = kept.verify()
    assert named(found) == [("edited", 500, "orders", "O250 order")]
    with psycopg.connect(kept.service) as connection:
        row = connection.execute("SELECT leaf FROM beleg_log.entries WHERE place = 500").fetchone()
    assert row
    assert found.problems[0].leaf == row[0].hex()


def test_a_deleted_fact_is_named(kept: Kept) -> None:
    kept.harm("DELETE FROM beleg_rows.order_lines WHERE id = 'O3 line 1'")
    assert named(kept.verify()) == [("missing", 7, "order_lines", "O3 line 1")]


def test_a_fact_put_in_is_named(kept: Kept) -> None:
    put = "INSERT INTO beleg_rows.orders (id, source, order_id, currency, place, salt) VALUES ('new', 's', 'o', 'EUR', {}, '\\x00')"
    kept.harm(put.format(5))
    assert named(kept.verify()) == [("unlogged", 5, "orders", "new")]
    kept.harm("DELETE FROM beleg_rows.orders WHERE id = 'new'", put.format(9000))
    assert named(kept.verify()) == [("unlogged", 9000, "orders", "new")]


def forged(order: str) -> str:
    """Rewrite the fact and its leaf so that they match."""
    fact = type(bought(order)[0])(id=f"{order} order", source="shop", order_id=order, currency="EUR", paid=5)
    new = leaf(bytes(16), canonical(fact)).hex()
    return (
        f"UPDATE beleg_rows.orders SET paid = 5, salt = '\\x{bytes(16).hex()}' WHERE id = '{order} order'; "
        f"UPDATE beleg_log.entries SET leaf = '\\x{new}' WHERE fact_id = '{order} order'"
    )


def test_a_rewritten_leaf_is_narrowed_to_its_checkpoints(kept: Kept) -> None:
    kept.harm(forged("O250"))
    found = kept.verify()
    assert [(one.kind, one.place) for one in found.problems] == [("tile", 256), ("rewritten", 400)]
    assert "an entry from 400 to 599 was rewritten" in found.problems[1].why


def test_a_rewritten_log_without_its_checkpoints_is_seen_from_outside(kept: Kept) -> None:
    kept.harm(forged("O250"), "DELETE FROM beleg_log.checkpoints", "DELETE FROM beleg_log.tiles")
    assert kept.verify().whole
    found = kept.verify(kept.notes[2])
    assert [(one.kind, one.place) for one in found.problems] == [("rewritten", 0)]
    with pytest.raises(StoreError, match="no such fact"):
        kept.checkpoints.prove("orders", "nothing")


def test_a_cut_end_is_seen_from_outside(kept: Kept) -> None:
    kept.harm(
        "DELETE FROM beleg_log.entries WHERE place >= 700",
        "DELETE FROM beleg_rows.orders WHERE place >= 700",
        "DELETE FROM beleg_rows.order_lines WHERE place >= 700",
        "DELETE FROM beleg_log.checkpoints WHERE size > 700",
        "DELETE FROM beleg_log.tiles WHERE number >= 700 / 256",
        "UPDATE beleg_log.head SET size = 700",
    )
    assert kept.verify().whole
    found = kept.verify(kept.notes[2])
    assert [(one.kind, one.place) for one in found.problems] == [("truncated", 700)]
    assert "saw 800 entries, the log has 700" in found.problems[0].why


def test_an_entry_cut_out_leaves_a_gap(kept: Kept) -> None:
    kept.harm("DELETE FROM beleg_log.entries WHERE place = 10")
    assert {"gap", "rewritten", "tile"} <= kept.verify().counts.keys()


def test_a_log_that_was_rewritten_is_not_signed_on(kept: Kept) -> None:
    kept.harm(forged("O250"), "DELETE FROM beleg_log.tiles")
    kept.write(Unit(facts=bought("later")))
    with pytest.raises(StoreError, match="the first 800 entries are not those that were signed"):
        kept.checkpoints.make()


def test_a_checkpoint_by_another_key_does_not_count(kept: Kept, tmp_path: Path) -> None:
    other = Signer.kept("test/log", tmp_path / "other.key")
    with psycopg.connect(kept.service) as connection:
        note = other.sign(500, Tree(connection).root(500))
        connection.execute("INSERT INTO beleg_log.checkpoints (size, note) VALUES (500, %s)", (note,))
    assert [(one.kind, one.place) for one in kept.verify().problems] == [("forged", 500)]
    with pytest.raises(NoteError, match="no signature by test/log"):
        kept.verify(note)
    with pytest.raises(NoteError, match="changed after it was signed"):
        kept.verify(kept.notes[2].replace("\n800\n", "\n801\n"))


def test_an_erased_fact_shows_as_erased(kept: Kept) -> None:
    kept.harm("UPDATE beleg_rows.orders SET salt = NULL, account_id = NULL, paid = NULL WHERE id = 'O1 order'")
    assert named(kept.verify()) == [("erased", 2, "orders", "O1 order")]
    kept.write(Unit(facts=(Erasure(id="e", source="ledger", relation="orders", fact_id="O1 order", why="Art. 17 GDPR"),)))
    found = kept.verify()
    assert found.whole
    assert found.erased == 1
    with pytest.raises(StoreError, match="it was erased"):
        kept.checkpoints.prove("orders", "O1 order")


@pytest.mark.parametrize("order", ["O0", "O127", "O250", "O399"])
def test_one_entry_is_proved_without_the_store(kept: Kept, order: str) -> None:
    text = kept.checkpoints.prove("orders", f"{order} order").text()
    proof = EntryProof.read(text)
    assert proof.check(kept.signer.verifier).size == 800
    assert b'"paid":1000' in proof.written
    with pytest.raises(ProofError, match="does not lead"):
        replace(proof, written=proof.written.replace(b"1000", b"1001")).check(kept.signer.verifier)


def test_an_entry_since_the_last_checkpoint_gets_one_of_its_own(kept: Kept) -> None:
    kept.write(Unit(facts=bought("new")))
    proof = kept.checkpoints.prove("order_lines", "new line 1")
    assert proof.check(kept.signer.verifier).size == 802
