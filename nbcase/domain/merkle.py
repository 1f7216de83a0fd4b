"""That one leaf is in a tree, proven by a few hashes (RFC 6962 §2.1.1): for a tree of a million leaves twenty of them."""

import hashlib
from collections.abc import Sequence


def leaf_hash(leaf: bytes) -> bytes:
    """The hash of a leaf; another prefix than an inner node's, so that neither can pass for the other."""
    return hashlib.sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def audit_paths(leaves: Sequence[bytes], places: Sequence[int]) -> list[list[bytes]]:
    """For each place (from 0) the sibling hashes from the leaf up to the root of the tree over all leaves."""
    if any(not 0 <= place < len(leaves) for place in places):
        raise ValueError("no such leaf")
    level, positions = [leaf_hash(leaf) for leaf in leaves], list(places)
    paths: list[list[bytes]] = [[] for _ in places]
    while len(level) > 1:
        for path, position in zip(paths, positions, strict=True):
            # A last node without a sibling goes up as it is.
            if position ^ 1 < len(level):
                path.append(level[position ^ 1])
        pairs = range(0, len(level) - 1, 2)
        level = [node_hash(level[place], level[place + 1]) for place in pairs] + level[len(pairs) * 2 :]
        positions = [position // 2 for position in positions]
    return paths


def root_of_path(leaf: bytes, place: int, size: int, path: Sequence[bytes]) -> bytes | None:
    """The root that a path leads to from this leaf at this place of a tree of `size` leaves; None for a path of a wrong length."""
    if not 0 <= place < size:
        return None
    node, last, left = leaf_hash(leaf), size - 1, list(path)
    while last > 0:
        if place % 2 or place < last:
            if not left:
                return None
            sibling = left.pop(0)
            node = node_hash(sibling, node) if place % 2 else node_hash(node, sibling)
        place, last = place // 2, last // 2
    return node if not left else None
