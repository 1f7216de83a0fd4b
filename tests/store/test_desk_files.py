"""Files in the desk's database: in pieces, by content, in the transaction of the act, and never in the clear on the disk."""

import hashlib
import random
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nbcase.domain.document import Attachment
from nbcase.domain.errors import UserError
from nbcase.store import desk_files, tables
from nbcase.store.desk_database import open_desk_database, reading, writing
from nbcase.store.desk_files import (
    CHUNK,
    add_incoming,
    begin_incoming,
    file_bytes,
    find_file,
    finish_incoming,
    incoming_bytes,
    is_incoming_right,
    is_intact,
    keep_file,
    read_file,
    read_piece,
)

SIZES = (0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sa.Engine]:
    opened = open_desk_database(tmp_path_factory.mktemp("desk") / "desk.db", b"k" * 32)
    yield opened
    opened.dispose()


def bytes_of(size: int, seed: int = 1) -> bytes:
    return random.Random(seed * 1_000_003 + size).randbytes(size)


def attachment_of(content: bytes) -> Attachment:
    return Attachment(hash=hashlib.sha256(content).hexdigest(), size=len(content), media_type="image/png")


def rows(engine: sa.Engine) -> int:
    with reading(engine) as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(tables.attachment_chunk)).scalar_one()


class Dribble(BytesIO):
    """A stream that gives a little at a time, as a pipe does."""

    def read(self, size: int | None = -1) -> bytes:
        return super().read(min(size or 0, 1000))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("stream", [bytes, BytesIO, Dribble])
def test_a_file_comes_back_as_it_was_whichever_way_it_came(engine: sa.Engine, size: int, stream: type) -> None:
    content = bytes_of(size)
    with writing(engine) as connection:
        kept = keep_file(connection, stream(content), "image/png")
    assert kept == attachment_of(content)
    with reading(engine) as connection:
        assert find_file(connection, kept.hash) == kept
        assert file_bytes(connection, kept.hash) == content
        pieces = list(read_file(connection, kept.hash))
        assert all(0 < len(piece) <= CHUNK for piece in pieces)
        assert b"".join(pieces) == content
        assert is_intact(connection, kept.hash)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(offset=st.integers(0, 3 * CHUNK + 10), most=st.integers(1, 2 * CHUNK))
def test_a_piece_from_anywhere_is_that_part_of_the_file(engine: sa.Engine, offset: int, most: int) -> None:
    content = bytes_of(3 * CHUNK + 7)
    with writing(engine) as connection:
        kept = keep_file(connection, content, "image/png")
        assert read_piece(connection, kept.hash, offset, most) == content[offset : offset + most]


def test_the_same_content_twice_is_kept_once(engine: sa.Engine) -> None:
    content = bytes_of(2 * CHUNK, seed=2)
    with writing(engine) as connection:
        keep_file(connection, content, "image/png")
    before = rows(engine)
    with writing(engine) as connection:
        assert keep_file(connection, content, "image/png") == keep_file(connection, BytesIO(content), "image/png")
    assert rows(engine) == before


def test_an_act_that_fails_leaves_nothing_of_its_file(engine: sa.Engine) -> None:
    before = rows(engine)
    content = bytes_of(2 * CHUNK, seed=3)

    def failing_act() -> None:
        with writing(engine) as connection:
            keep_file(connection, content, "image/png")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        failing_act()
    assert rows(engine) == before
    with reading(engine) as connection:
        assert file_bytes(connection, attachment_of(content).hash) is None
        with pytest.raises(LookupError):
            read_file(connection, attachment_of(content).hash)


def test_nothing_of_a_file_lies_on_the_disk_in_the_clear(tmp_path: Path) -> None:
    opened = open_desk_database(tmp_path / "desk.db", b"k" * 32)
    mark = b"speaking text, not noise. " * 64
    with writing(opened) as connection:
        keep_file(connection, BytesIO(mark * 500), "text/plain")
    lying = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in lying) > len(mark) * 500
    assert not any(b"speaking text" in path.read_bytes() for path in lying)
    opened.dispose()


def test_a_file_past_the_bound_is_refused_whole_and_read_in_pieces(engine: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk_files, "MOST_IN_MEMORY", CHUNK)
    content = bytes_of(CHUNK + 5, seed=4)
    with writing(engine) as connection:
        kept = keep_file(connection, content, "image/png")
        with pytest.raises(UserError, match="太大"):
            file_bytes(connection, kept.hash)
        assert b"".join(read_file(connection, kept.hash)) == content


def test_a_file_comes_in_piece_by_piece_and_counts_only_when_whole(engine: sa.Engine) -> None:
    content = bytes_of(4 * CHUNK + 9, seed=5)
    wanted = attachment_of(content)
    step, offset = 2 * CHUNK, 0
    while offset < wanted.size:
        with writing(engine) as connection:
            begin_incoming(connection, wanted)
            assert incoming_bytes(connection, wanted.hash) == offset
            assert file_bytes(connection, wanted.hash) is None
            offset = add_incoming(connection, wanted.hash, offset, content[offset : offset + step])
    with writing(engine) as connection:
        assert is_incoming_right(connection, wanted.hash)
        finish_incoming(connection, wanted.hash, is_right=True)
        assert file_bytes(connection, wanted.hash) == content


def test_wrong_content_that_came_in_is_thrown_away(engine: sa.Engine) -> None:
    wanted = attachment_of(bytes_of(CHUNK, seed=6))
    before = rows(engine)
    with writing(engine) as connection:
        begin_incoming(connection, wanted)
        add_incoming(connection, wanted.hash, 0, bytes_of(CHUNK, seed=7))
        assert not is_incoming_right(connection, wanted.hash)
        finish_incoming(connection, wanted.hash, is_right=False)
        assert file_bytes(connection, wanted.hash) is None
        assert incoming_bytes(connection, wanted.hash) == 0
    assert rows(engine) == before
