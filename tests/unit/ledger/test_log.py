"""The log's arithmetic against independent parties: rfc8785 for the canonical form, pymerkle and RFC vectors for the tree."""

import base64
import hashlib
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs
from pymerkle import InmemoryTree, verify_consistency, verify_inclusion

from beleg.facts.base import Fact, table_of
from beleg.facts.kinds.orders import Order
from beleg.facts.kinds.parcels import Scan
from beleg.ledger.log.canonical import CanonicalError, canonical, leaf, salts
from beleg.ledger.log.merkle import (
    EMPTY,
    Frontier,
    ProofError,
    check_consistency,
    check_inclusion,
    complete,
    consistency,
    inclusion,
    root_of,
    subtree,
)
from beleg.ledger.log.note import NoteError, Signer, Verifier, opened
from beleg.ledger.log.proof import EntryProof

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
WIDE = st.integers(-(2**53) + 1, 2**53 - 1)


@settings(max_examples=300, deadline=None)
@given(st.builds(Order, id=TEXT.filter(bool), source=TEXT.filter(bool), order_id=TEXT, currency=st.just("EUR"),
                 paid=st.none() | WIDE, channel=st.none() | TEXT, occurred_at=st.none() | WIDE))  # fmt: skip
def test_the_canonical_form_is_that_of_rfc_8785(fact: Order) -> None:
    said = {name: value for name, value in structs.asdict(fact).items() if value is not None}
    assert canonical(fact) == rfc8785.dumps({"fact": table_of(type(fact)), **said})


def order(**cells: Any) -> Fact:
    return Order(**{"id": "o", "source": "s", "order_id": "o", "currency": "EUR"} | cells)


@pytest.mark.parametrize(
    ("fact", "why"),
    [
        (order(paid=2**53), r"orders\.paid: got 9007199254740992, expected a whole number within 2\^53-1"),
        (order(channel="a\0b"), r"orders\.channel: got a text with a NUL character"),
        (order(channel="\ud800"), r"orders 'o': a text in it is no valid Unicode"),
        (order(currency="euro"), r"orders 'o': Expected"),
        (order(paid="1"), r"orders 'o': Expected `int \| null`"),
        (Scan(id="s", source="s", parcel_id="p", carrier="c", status="gone"), r"scans 's': Invalid enum value"),
    ],
)
def test_what_has_no_canonical_form_is_refused(fact: Fact, why: str) -> None:
    with pytest.raises(CanonicalError, match=why):
        canonical(fact)


def test_a_literal_backslash_is_no_nul() -> None:
    assert b"\\\\u0000" in canonical(order(channel="\\u0000"))


def test_salts_differ() -> None:
    assert len({*salts(1000)}) == 1000
    assert leaf(b"a" * 16, b"x") != leaf(b"b" * 16, b"x")


# RFC 6962's reference log: these eight entries and the roots over the first one, two, ... of them.
ENTRIES = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def hashed(entry: bytes) -> bytes:
    return hashlib.sha256(b"\0" + entry).digest()


def test_the_roots_are_those_of_the_reference_log() -> None:
    leaves = [hashed(bytes.fromhex(entry)) for entry in ENTRIES]
    assert [root_of(leaves[:size]).hex() for size in range(1, 9)] == ROOTS
    assert root_of([]) == EMPTY


def tree_of(leaves: list[bytes]) -> Any:
    return lambda level, number: complete(leaves[number << level : (number + 1) << level])


@pytest.fixture(scope="module")
def others() -> InmemoryTree:
    """The same entries in somebody else's tree."""
    tree = InmemoryTree(algorithm="sha256")
    for number in range(130):
        tree.append_entry(b"entry %d" % number)
    return tree


LEAVES = [hashed(b"entry %d" % number) for number in range(130)]


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_proofs_agree_with_an_independent_library(others: InmemoryTree, data: st.DataObject) -> None:
    size = data.draw(st.integers(1, len(LEAVES)))
    place, old = data.draw(st.integers(0, size - 1)), data.draw(st.integers(1, size))
    node, root, before = tree_of(LEAVES[:size]), root_of(LEAVES[:size]), root_of(LEAVES[:old])
    assert subtree(0, size, node) == root == others.get_root(size)
    theirs = others.prove_inclusion(place + 1, size)
    verify_inclusion(LEAVES[place], root, theirs)
    path = inclusion(place, size, node)
    assert {*path} <= {*theirs.path}
    check_inclusion(LEAVES[place], place, size, path, root)
    grown = consistency(old, size, node)
    verify_consistency(before, root, others.prove_consistency(old, size))
    check_consistency(old, size, grown, before, root)


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_a_proof_of_something_else_fails(data: st.DataObject) -> None:
    size = data.draw(st.integers(2, 100))
    place, old = data.draw(st.integers(0, size - 1)), data.draw(st.integers(1, size - 1))
    node, root, before = tree_of(LEAVES[:size]), root_of(LEAVES[:size]), root_of(LEAVES[:old])
    path, grown = inclusion(place, size, node), consistency(old, size, node)
    other = data.draw(st.integers(0, size - 1).filter(lambda n: n != place))
    wrong = data.draw(st.sampled_from([path[:-1], [*path, root], [*path[:-1], bytes(32)]]))
    for leaf_, at, proof in ((LEAVES[other], place, path), (LEAVES[place], other, path), (LEAVES[place], place, wrong)):
        with pytest.raises(ProofError):
            check_inclusion(leaf_, at, size, proof, root)
    cut = data.draw(st.sampled_from([grown[:-1], [*grown, root], [*grown[:-1], bytes(32)]]))
    for first, proof, last in ((bytes(32), grown, root), (before, cut, root), (before, grown, bytes(32))):
        with pytest.raises(ProofError):
            check_consistency(old, size, proof, first, last)


def test_a_frontier_grows_by_whole_subtrees() -> None:
    frontier = Frontier()
    frontier.add(complete(LEAVES[:64]), 6)
    frontier.add(complete(LEAVES[64:96]), 5)
    assert frontier.root_with(LEAVES[96:101]) == root_of(LEAVES[:101])
    assert (frontier.size, frontier.root()) == (96, root_of(LEAVES[:96]))
    with pytest.raises(ValueError, match="cannot begin at leaf 96"):
        frontier.add(complete(LEAVES[:64]), 6)


def test_a_note_by_another_implementation_is_read() -> None:
    """The example key and note of Go's sumdb/note package."""
    key = Verifier.read("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
    note = (
        "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n"
        "\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
    )
    with pytest.raises(NoteError, match="expected the lines PeterNeumann, a size and a root"):
        opened(note, key)
    with pytest.raises(NoteError, match="changed after it was signed"):
        opened(note.replace("problem is", "problem was"), key)


def test_a_key_is_kept_and_read_back(tmp_path: Path) -> None:
    signer = Signer.kept("shop.example/log", tmp_path / "keys" / "log.key")
    assert (tmp_path / "keys" / "log.key").stat().st_mode & 0o777 == 0o600
    again = Signer.kept("shop.example/log", tmp_path / "keys" / "log.key")
    assert opened(again.sign(3, bytes(32)), Verifier.read(str(signer.verifier))).size == 3
    for broken in ("", "a+b", str(signer.verifier)[:-4], str(signer.verifier).replace("shop", "shap")):
        with pytest.raises(NoteError, match="key:"):
            Verifier.read(broken)
    with pytest.raises(NoteError, match="origin: got 'a b'"):
        Signer.kept("a b", tmp_path / "keys" / "log.key")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (("c2sp.org/tlog-proof@v1", "something else"), "begins with c2sp"),
        (("extra ", "extra !"), "is no base64"),
        (("index 0", "index 00"), "expected a whole number"),
        (("index 0\n", "entry 0\n"), "expected a line 'extra"),
    ],
)
def test_a_broken_proof_is_told(tmp_path: Path, change: tuple[str, str], why: str) -> None:
    signer = Signer.kept("log", tmp_path / "key")
    leaf_ = leaf(bytes(16), b"{}")
    text = EntryProof(bytes(16), b"{}", 0, (), signer.sign(1, leaf_)).text()
    assert EntryProof.read(text).check(signer.verifier).root == leaf_
    assert base64.b64encode(bytes(16) + b"{}").decode() in text
    with pytest.raises(ProofError, match=why):
        EntryProof.read(text.replace(*change))
