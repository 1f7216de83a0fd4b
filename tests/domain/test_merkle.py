"""Inclusion proofs over the tree that both sides of the line compare."""

from hypothesis import given
from hypothesis import strategies as st

from nbcase.domain.action import TreeHash
from nbcase.domain.merkle import audit_paths, root_of_path

LEAVES = st.lists(st.binary(max_size=8), min_size=1, max_size=70)


def root(leaves: list[bytes]) -> bytes:
    tree = TreeHash()
    for leaf in leaves:
        tree.add(leaf)
    return bytes.fromhex(tree.hexdigest())


@given(LEAVES)
def test_every_leaf_leads_to_the_root_that_both_sides_compare(leaves: list[bytes]) -> None:
    paths = audit_paths(leaves, range(len(leaves)))
    for place, path in enumerate(paths):
        assert root_of_path(leaves[place], place, len(leaves), path) == root(leaves)
        assert len(path) <= len(leaves).bit_length()


@given(LEAVES, st.data())
def test_no_other_leaf_place_size_or_path_leads_there(leaves: list[bytes], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(leaves) - 1))
    (path,) = audit_paths(leaves, [place])
    wanted = root(leaves)
    assert root_of_path(leaves[place] + b"!", place, len(leaves), path) != wanted
    assert root_of_path(leaves[place], len(leaves), len(leaves), path) is None
    assert root_of_path(leaves[place], place, len(leaves), [*path, b"\x00" * 32]) is None
    if path:
        assert root_of_path(leaves[place], place, len(leaves), path[:-1]) is None
        changed = [bytes([path[0][0] ^ 1]) + path[0][1:], *path[1:]]
        assert root_of_path(leaves[place], place, len(leaves), changed) != wanted
