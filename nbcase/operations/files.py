"""Files of cases: out of this desk's database, or from the centre where another desk took them in."""

from nbcase.domain.errors import Offline, UserError
from nbcase.domain.words import tr
from nbcase.operations.desk import Desk
from nbcase.store.desk_database import reading
from nbcase.store.desk_files import file_bytes


def need_file(desk: Desk, content_hash: str) -> bytes:
    """The content of a file that a record names; asks the centre where this desk does not have it, and keeps it then.

    Raises `Offline` when it would have to come over a line that is down, `UserError` when the centre does not give it out.
    """
    content = _held(desk, content_hash)
    if content is not None:
        return content
    try:
        desk.centre.fetch_file(content_hash)
    except Offline as error:
        raise Offline(
            tr("这份文件是在另一台电脑办理的，本机没有。"),
            safe=tr("办件和文件都完好，文件在中心。"),
            do=tr("联网后可打开。"),
        ) from error
    content = _held(desk, content_hash)
    if content is None:
        raise UserError(tr("本机没有这份材料的文件。"), safe=tr("办件记录完好。"), do=tr("请连上中心后再看，或请窗口重新扫描。"))
    return content


def _held(desk: Desk, content_hash: str) -> bytes | None:
    with reading(desk.engine) as connection:
        return file_bytes(connection, content_hash)
