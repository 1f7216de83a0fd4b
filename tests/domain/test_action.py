"""Actions are chained by hash, and two sides agree on a tree hash whatever the order of asking."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbcase.domain.action import GENESIS, Action, Change, TreeHash, action_hash, body_hash, canonical, sealed

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


@given(st.text(), st.text(max_size=70))
def test_the_hash_leaves_out_its_own_value_and_nothing_else_whatever_texts_stand_around_it(text: str, kind: str) -> None:
    tricky = {"hash": (text, ',"hash":"x"'), "é": ([{"hash": text}], None)}
    action = replace(ACTION, kind=kind, changes=(replace(ACTION.changes[0], fields=tricky),), attachments=(',"hash":"',))
    expected = hashlib.sha256(canonical(replace(action, hash=""))).hexdigest()
    assert action_hash(action) == action_hash(replace(action, hash="0" * 64)) == expected
    assert body_hash(canonical(sealed(action))) == expected


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


@given(st.lists(st.binary(max_size=4), max_size=70), st.lists(st.binary(max_size=4), max_size=10))
def test_a_tree_goes_on_from_its_peaks_as_if_it_had_never_been_put_away(before: list[bytes], after: list[bytes]) -> None:
    whole = TreeHash()
    for leaf in before:
        whole.add(leaf)
    resumed = TreeHash.from_peaks(whole.count, whole.peaks())
    for leaf in after:
        whole.add(leaf)
        resumed.add(leaf)
    assert (resumed.count, resumed.hexdigest(), resumed.peaks()) == (whole.count, whole.hexdigest(), whole.peaks())


def test_peaks_that_do_not_fit_the_count_are_refused() -> None:
    with pytest.raises(ValueError, match="shorter"):
        TreeHash.from_peaks(3, ["00" * 32])
