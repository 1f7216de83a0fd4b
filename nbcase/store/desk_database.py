"""The encrypted file of a desk: SQLCipher opened with a raw key, through SQLAlchemy."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from threading import Condition
from typing import Any

import sqlalchemy as sa
import sqlcipher3.dbapi2 as sqlcipher

from nbcase.domain.crashpoints import reach
from nbcase.domain.errors import UserError
from nbcase.domain.words import tr

DESK_HEAD = "0001"
"""Newest migration of the desk's schema; kept here so that a start without a migration does not load Alembic (0.1 s)."""

BUSY_TIMEOUT_MS = 10_000

LONGEST_TURN_S = 60.0
"""No transaction of ours lasts so long: after this a write fails instead of hanging."""


def open_desk_database(path: Path, key: bytes) -> sa.Engine:
    """The desk's database, made or migrated as needed.

    `key` is the 32-byte raw key. Raises `UserError` when the file cannot be opened with it or is of a newer program.
    """
    if len(key) != 32:
        raise ValueError("the raw key has 32 bytes")
    path.parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(
        "sqlite://",
        creator=lambda: _connect(path, key),
        module=sqlcipher,
        poolclass=sa.QueuePool,
        pool_size=4,
        # The same connection as long as one is enough: its cache of pages is worth having.
        pool_use_lifo=True,
        execution_options={"turns": _Turns()},
    )
    sa.event.listen(engine, "begin", _begin)
    try:
        _bring_up_to_date(engine, path)
    except sa.exc.DatabaseError as error:
        engine.dispose()
        raise UserError(
            tr("本机数据打不开：密钥不对，或文件已损坏。"),
            safe=tr("文件没有被改动；已传到中心的办件不受影响。"),
            do=tr("请勿删除该文件，联系管理员用备份恢复。"),
        ) from error
    return engine


def _connect(path: Path, key: bytes) -> Any:
    # No transaction handling by the driver: SQLAlchemy's begin event says which kind is wanted.
    connection = sqlcipher.connect(str(path), isolation_level=None, check_same_thread=False)
    cursor = connection.cursor()
    for pragma in (
        "cipher_log_level = NONE",
        f"key = \"x'{key.hex()}'\"",
        # An act writes some twenty pages and each is signed: SHA-512, the default, takes three times as long where the
        # processor has instructions for SHA-256. `nbcase.crypto.sqlcipher_page` reads such pages too.
        "cipher_hmac_algorithm = HMAC_SHA256",
        "journal_mode = WAL",
        "synchronous = FULL",
        f"busy_timeout = {BUSY_TIMEOUT_MS}",
        "temp_store = MEMORY",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
    return connection


def _begin(connection: sa.Connection) -> None:
    immediate = connection.get_execution_options().get("is_writing", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


class _Turns:
    """Who of this process writes next. SQLite lets whoever asks at the right moment, which a long row of batches always is."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._is_taken = False
        self._waiting = 0

    @contextmanager
    def turn(self, *, gives_way: bool) -> Iterator[None]:
        self._take(gives_way)
        try:
            yield
        finally:
            with self._changed:
                self._is_taken = False
                self._changed.notify_all()

    def _take(self, gives_way: bool) -> None:
        with self._changed:
            self._waiting += not gives_way
            try:
                if not self._changed.wait_for(lambda: not self._is_taken and not (gives_way and self._waiting), timeout=LONGEST_TURN_S):
                    raise RuntimeError("a write transaction that does not end, or one inside another")
                self._is_taken = True
            finally:
                self._waiting -= not gives_way
                self._changed.notify_all()


@contextmanager
def writing(
    engine: sa.Engine, *, gives_way: bool = False, around_commit: Callable[[], AbstractContextManager[None]] = nullcontext
) -> Iterator[sa.Connection]:
    """One write transaction. It takes the write lock at once: a later upgrade of a read lock could fail after work was done.

    `gives_way` is for work of the program's own in many short transactions: whoever else waits to write goes first.
    `around_commit` makes what the COMMIT happens in, such as the sealing of an act.
    """
    turns: _Turns = engine.get_execution_options()["turns"]
    with turns.turn(gives_way=gives_way), engine.connect().execution_options(is_writing=True) as connection:
        with connection.begin() as transaction:
            yield connection
            with around_commit():
                reach("desk.commit.before")
                transaction.commit()
        reach("desk.commit.after")


def driver_cursor(connection: sa.Connection) -> Any:
    """A cursor of the driver in the open transaction: for many rows, where SQLAlchemy's own work would be most of the time."""
    return connection.connection.cursor()


@contextmanager
def reading(engine: sa.Engine) -> Iterator[sa.Connection]:
    """One consistent view for reading."""
    with engine.connect() as connection, connection.begin():
        yield connection


def _present_revision(engine: sa.Engine) -> str | None:
    with reading(engine) as connection:
        if not sa.inspect(connection).has_table("alembic_version"):
            return None
        return connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()


def _bring_up_to_date(engine: sa.Engine, path: Path) -> None:
    revision = _present_revision(engine)
    if revision == DESK_HEAD:
        return
    if revision is not None:
        _back_up(engine, path, revision)
    from nbcase.store.migrations import upgrade

    with writing(engine) as connection:
        upgrade(connection, "desk")


def _back_up(engine: sa.Engine, path: Path, revision: str) -> None:
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copy2(path, path.with_name(f"{path.name}.before-{revision}"))
