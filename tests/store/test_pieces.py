"""Pieces of a file on their way into the centre: each is there whole or not at all, and the disk alone says how far it came."""

import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbcase.store.pieces import PieceShelf, Upload

DESK, HASH = "desk-1", "a" * 64
BEGUN = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


def shelf_with(folder: Path, *pieces: bytes) -> PieceShelf:
    """An announced file with these pieces."""
    shelf = PieceShelf(folder)
    shelf.begin(DESK, HASH, Upload(size=100, media_type="image/png", begun_at=BEGUN))
    for piece in pieces:
        assert put(shelf, piece)
    return shelf


def put(shelf: PieceShelf, content: bytes) -> bool:
    """The next piece."""
    with shelf.receive(DESK, HASH, shelf.offset(DESK, HASH)) as sink:
        sink.write(content)
        return sink.keep()


@settings(max_examples=30, deadline=None)
@given(pieces=st.lists(st.binary(min_size=1, max_size=20), max_size=6))
def test_pieces_come_out_in_their_order_even_for_another_process(tmp_path_factory: pytest.TempPathFactory, pieces: list[bytes]) -> None:
    folder = tmp_path_factory.mktemp("pieces")
    shelf_with(folder, *pieces)
    again = PieceShelf(folder)
    assert b"".join(again.read(DESK, HASH)) == b"".join(pieces)
    assert again.offset(DESK, HASH) == sum(map(len, pieces))


def test_of_two_pieces_for_one_place_the_first_to_be_whole_gets_it(tmp_path: Path) -> None:
    shelf = shelf_with(tmp_path, b"first")
    with shelf.receive(DESK, HASH, 5) as slow, shelf.receive(DESK, HASH, 5) as quick:
        slow.write(b"sl")
        quick.write(b"quick")
        assert quick.hash == hashlib.sha256(b"quick").hexdigest()
        assert quick.keep()
        assert not slow.keep()
    assert b"".join(shelf.read(DESK, HASH)) == b"firstquick"
    assert sorted(path.suffix for path in (tmp_path / DESK / HASH).iterdir()) == [".json", ".piece", ".piece"]


def test_a_piece_behind_a_gap_does_not_count(tmp_path: Path) -> None:
    shelf = shelf_with(tmp_path, b"first", b"second", b"third")
    (tmp_path / DESK / HASH / f"{5:016d}.piece").unlink()
    assert shelf.offset(DESK, HASH) == 5
    assert b"".join(shelf.read(DESK, HASH)) == b"first"


def test_a_new_announcement_begins_anew(tmp_path: Path) -> None:
    shelf = shelf_with(tmp_path, b"first")
    shelf.begin(DESK, HASH, Upload(size=7, media_type="image/png", begun_at=BEGUN))
    assert (shelf.offset(DESK, HASH), shelf.count(DESK)) == (0, 1)


def test_what_was_removed_is_gone_and_what_a_kill_left_of_it_is_swept(tmp_path: Path) -> None:
    shelf = shelf_with(tmp_path, b"first")
    half_removed = tmp_path / DESK / ".gone-0123"
    half_removed.mkdir()
    assert shelf.count(DESK) == 1
    assert shelf.remove(DESK, HASH)
    assert not shelf.remove(DESK, HASH)
    assert shelf.find(DESK, HASH) is None
    shelf.sweep(BEGUN)
    assert list((tmp_path / DESK).iterdir()) == []


def test_a_sweep_takes_the_old_and_leaves_the_new(tmp_path: Path) -> None:
    shelf = shelf_with(tmp_path, b"first")
    assert shelf.sweep(BEGUN - timedelta(seconds=1)) == 0
    assert shelf.offset(DESK, HASH) == 5
    assert shelf.sweep(BEGUN) == 1
    assert shelf.find(DESK, HASH) is None
