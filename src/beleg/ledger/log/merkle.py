"""RFC 6962 Merkle trees over leaf hashes: roots, proofs that a leaf is in a tree, proofs that a tree only grew."""

import hashlib
from collections.abc import Callable, Iterable, Sequence

EMPTY = hashlib.sha256(b"").digest()

# Complete subtrees of this many nodes are kept by the store, one level above the other (as in C2SP tlog-tiles).
TILE = 256

# The root of the complete subtree of 2^level leaves that begins at leaf number * 2^level.
Node = Callable[[int, int], bytes]


class ProofError(Exception):
    """A proof does not show what it should."""


def join(left: bytes, right: bytes) -> bytes:
    """The node above two nodes."""
    return hashlib.sha256(b"\1" + left + right).digest()


def complete(nodes: Sequence[bytes]) -> bytes:
    """The root of a complete subtree: its nodes of one level, a power of two of them."""
    sha256 = hashlib.sha256
    while len(nodes) > 1:
        nodes = [sha256(b"\1" + nodes[at] + nodes[at + 1]).digest() for at in range(0, len(nodes), 2)]
    return nodes[0]


class Frontier:
    """The right edge of a tree that grows: the roots of its complete subtrees, largest first."""

    def __init__(self) -> None:
        self.size = 0
        self._peaks: list[tuple[int, bytes]] = []

    def add(self, node: bytes, level: int = 0) -> None:
        """Append a complete subtree of 2^level leaves; the tree's size must be a multiple of that."""
        if self.size % (1 << level):
            raise ValueError(f"a subtree of {1 << level} leaves cannot begin at leaf {self.size}")
        self.size += 1 << level
        while self._peaks and self._peaks[-1][0] == level:
            node = join(self._peaks.pop()[1], node)
            level += 1
        self._peaks.append((level, node))

    def root_with(self, leaves: Iterable[bytes]) -> bytes:
        """The root if these leaves were appended; they are not."""
        tried = Frontier()
        tried.size, tried._peaks = self.size, list(self._peaks)
        for leaf in leaves:
            tried.add(leaf)
        return tried.root()

    def root(self) -> bytes:
        """The tree's root."""
        if not self._peaks:
            return EMPTY
        root = self._peaks[-1][1]
        for _, peak in reversed(self._peaks[:-1]):
            root = join(peak, root)
        return root


def root_of(leaves: Iterable[bytes]) -> bytes:
    """The root over these leaf hashes."""
    frontier = Frontier()
    for leaf in leaves:
        frontier.add(leaf)
    return frontier.root()


def _split(size: int) -> int:
    """The largest power of two below a size of two or more."""
    return 1 << ((size - 1).bit_length() - 1)


def subtree(first: int, end: int, node: Node) -> bytes:
    """The root over leaves first..end of a tree, where `first` is a multiple of the smallest power of two that holds them."""
    size = end - first
    if size & (size - 1) == 0:
        level = size.bit_length() - 1
        return node(level, first >> level)
    middle = first + _split(size)
    return join(subtree(first, middle, node), subtree(middle, end, node))


def inclusion(place: int, size: int, node: Node) -> list[bytes]:
    """The proof that the leaf at a place is in the tree of this size (RFC 6962, 2.1.1): its neighbours from the leaf upward."""
    if not 0 <= place < size:
        raise ValueError(f"place {place}: expected one of the {size} entries from 0 to {size - 1}")
    first, end, proof = 0, size, []
    while end - first > 1:
        middle = first + _split(end - first)
        if place < middle:
            proof.append(subtree(middle, end, node))
            end = middle
        else:
            proof.append(subtree(first, middle, node))
            first = middle
    return proof[::-1]


def consistency(old: int, size: int, node: Node) -> list[bytes]:
    """The proof that the tree of this size begins with the tree of the old size (RFC 6962, 2.1.2)."""
    if not 0 < old <= size:
        raise ValueError(f"old size {old}: expected one from 1 to {size}")
    first, end, proof, whole = 0, size, [], True
    while old < end:
        middle = first + _split(end - first)
        if old <= middle:
            proof.append(subtree(middle, end, node))
            end = middle
        else:
            proof.append(subtree(first, middle, node))
            first, whole = middle, False
    if not whole:
        proof.append(subtree(first, end, node))
    return proof[::-1]


def check_inclusion(leaf: bytes, place: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Check a proof of inclusion (RFC 9162, 2.1.3.2).

    Raises:
        ProofError: the proof does not lead from the leaf to the root.
    """
    if not 0 <= place < size:
        raise ProofError(f"place {place} is not within a tree of {size} entries")
    at, last, node = place, size - 1, leaf
    for step in proof:
        if last == 0:
            raise ProofError("the proof is too long")
        if at & 1 or at == last:
            node = join(step, node)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            node = join(node, step)
        at, last = at >> 1, last >> 1
    if last or node != root:
        raise ProofError("the proof does not lead from the leaf to the root")


def check_consistency(old: int, size: int, proof: Sequence[bytes], old_root: bytes, root: bytes) -> None:
    """Check a proof that a tree only grew (RFC 9162, 2.1.4.2).

    Raises:
        ProofError: the new tree does not begin with the old one.
    """
    if not 0 < old <= size:
        raise ProofError(f"old size {old} is not within a tree of {size} entries")
    if old == size:
        same = not proof and old_root == root
    else:
        steps = list(proof) if old & (old - 1) else [old_root, *proof]
        same = bool(steps) and _grown(old - 1, size - 1, steps) == (old_root, root)
    if not same:
        raise ProofError("the new tree does not begin with the old one")


def _grown(at: int, last: int, steps: Sequence[bytes]) -> tuple[bytes, bytes] | None:
    """The old and the new root that the steps lead to; None if there are too many or too few of them."""
    while at & 1:
        at, last = at >> 1, last >> 1
    before = after = steps[0]
    for step in steps[1:]:
        if last == 0:
            return None
        if at & 1 or at == last:
            before, after = join(step, before), join(step, after)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            after = join(after, step)
        at, last = at >> 1, last >> 1
    return None if last else (before, after)
