"""The PostgreSQL that comes along."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import msgspec
import psutil
import pytest
import sqlalchemy as sa

from nbcase.domain.errors import UserError
from nbcase.server.embedded import USERS, embedded_postgres
from nbcase.store.centre_database import open_centre_database

NO_PROCESS = 4_194_305
"""Linux counts processes to 4,194,304."""


@pytest.fixture
def folder() -> Iterator[Path]:
    """Not below pytest's own folder, which only its owner may enter: PostgreSQL runs as another user when we are root."""
    made = Path(tempfile.mkdtemp(prefix="nbcase-embedded-"))
    yield made
    shutil.rmtree(made)


def _postmaster(data: Path) -> int:
    return int((data / "postmaster.pid").read_text().splitlines()[0])


def _list_users(data: Path, *pids: int) -> None:
    users = data / USERS
    users.write_bytes(msgspec.json.encode([*msgspec.json.decode(users.read_bytes()), *pids]))


def test_it_runs_as_long_as_another_program_uses_it_and_not_for_one_that_was_killed(folder: Path) -> None:
    data = folder / "data"
    with embedded_postgres(data) as url:
        first = _postmaster(data)
        engine = open_centre_database(url)
        with engine.begin() as connection:
            connection.execute(sa.text("CREATE TABLE kept (x int)"))
        engine.dispose()
        _list_users(data, os.getppid())
    assert psutil.pid_exists(first), "another program still uses it"
    (data / USERS).write_bytes(b"[]")
    with embedded_postgres(data) as url:
        assert _postmaster(data) == first, "a running server is taken over"
        _list_users(data, NO_PROCESS)
    assert not (data / "postmaster.pid").exists()
    with embedded_postgres(data) as url:
        engine = open_centre_database(url)
        with engine.begin() as connection:
            assert sa.inspect(connection).has_table("kept")
        engine.dispose()


def test_a_folder_that_holds_something_else_is_told_in_words(folder: Path) -> None:
    (folder / "data").mkdir()
    (folder / "data" / "holiday.jpg").write_bytes(b"x")
    with pytest.raises(UserError, match="内置数据库启动失败"), embedded_postgres(folder / "data"):
        pass
    assert (folder / "data" / "holiday.jpg").exists()


@pytest.mark.skipif(os.name == "nt", reason="only sockets of files are concerned")
def test_a_path_with_blanks_is_refused_before_anything_is_made(folder: Path) -> None:
    with pytest.raises(UserError, match="不能有空格"), embedded_postgres(folder / "my data"):
        pass
    assert not (folder / "my data").exists()


def test_a_database_that_does_not_answer_is_told_in_words() -> None:
    with pytest.raises(UserError, match="连不上中心数据库"):
        open_centre_database("postgresql://nobody@127.0.0.1:1/nothing?connect_timeout=2")
