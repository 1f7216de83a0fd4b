"""One program at a time writes at a desk: two would each take the other's newest segment of the sealed log for an old one."""

from pathlib import Path

from filelock import BaseFileLock, FileLock, Timeout

from nbcase.domain.errors import UserError
from nbcase.domain.words import tr

LOCK_NAME = "desk.lock"


def hold_desk(folder: Path) -> BaseFileLock:
    """The desk of this folder for the caller alone, until `release`; the system gives it back when the process ends, however it ends.

    Raises `UserError` at once while another program, or this one a second time, holds it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    # Taken in a worker and given back by the window: it belongs to the process, not to a thread.
    lock = FileLock(folder / LOCK_NAME, blocking=False, thread_local=False)
    try:
        lock.acquire()
    except Timeout:
        raise UserError(
            tr("这台电脑的本机数据正由另一个程序使用。"),
            safe=tr("没有改动任何数据。"),
            do=tr("请用已经打开的窗口，它自己会同步；要用命令，请先退出窗口，或等另一条命令结束。"),
        ) from None
    return lock
