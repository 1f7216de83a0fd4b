"""Actions are chained by hash, and two sides agree on a tree hash whatever the order of asking."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from nbcase.domain.action import GENESIS, Action, Change, TreeHash, action_hash, sealed

ACTION = sealed(
    Action(
        id="a",
        desk_id="d",
        sequence=1,
        clerk_id="c",
        kind="registration.accept",
        record_type="case",
        record_id="r",
        changes=(Change(record_type="case", record_id="r", base_version=0, fields={"b": (None, 1), "a": (None, "李𬭎")}),),
        attachments=(),
        desk_at=datetime(2026, 11, 24, tzinfo=UTC),
        estimated_at=datetime(2026, 11, 24, tzinfo=UTC),
        previous_hash=GENESIS,
    )
)


def test_any_change_of_content_changes_the_hash() -> None:
    assert action_hash(ACTION) == ACTION.hash
    for changed in (replace(ACTION, kind="permit.accept"), replace(ACTION, sequence=2), replace(ACTION, previous_hash="1" * 64)):
        assert action_hash(changed) != ACTION.hash


def test_the_order_of_keys_does_not_matter() -> None:
    fields = dict(reversed(ACTION.changes[0].fields.items()))
    assert action_hash(replace(ACTION, changes=(replace(ACTION.changes[0], fields=fields),))) == ACTION.hash


def whole_tree(leaves: list[bytes]) -> bytes:
    """RFC 6962 §2.1, word for word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return hashlib.sha256(b"\x01" + whole_tree(leaves[:split]) + whole_tree(leaves[split:])).digest()


@given(st.lists(st.binary(max_size=4), max_size=70))
def test_the_running_tree_hash_is_that_of_the_standard(leaves: list[bytes]) -> None:
    tree = TreeHash()
    for leaf in leaves:
        tree.add(leaf)
    assert (tree.count, tree.hexdigest()) == (len(leaves), whole_tree(leaves).hex())
