"""Files between desk and centre: up before the act that names them, down when a clerk opens one; cut off anywhere, they go on from there.

The desk keeps no note of how far a file has come: the centre's disk is the truth, and announcing the file again asks it.
"""

import base64
import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from urllib.parse import quote

import sqlalchemy as sa
import structlog

from nbcase.domain.crashpoints import reach
from nbcase.domain.document import Attachment
from nbcase.domain.errors import Offline, UserError
from nbcase.domain.words import tr
from nbcase.store import desk_files, outbox
from nbcase.store.desk_database import reading, writing
from nbcase.store.desk_work import set_state, state
from nbcase.sync.client import CentreClient, Reply, refusal

PIECE = 1 << 20
"""Bytes in one request: a file up to this length is announced and sent in one; a cut line loses no more than this."""

ASKED_AT_ONCE = 500
FILES_ID = "files_id"
"""State of the desk: the centre's name for its files when this desk last looked whether any of its own were lacking."""

FILES_BROUGHT = "files_brought"
"""State of the desk: the last files that it brought again, in the order in which they went."""

WATCHED = 20
"""Of so many of them the centre is asked at each contact."""

MOST_TRIES = 3
"""How often in a row a piece may fail to bring the file on."""

TUS = {"Tus-Resumable": "1.0.0"}
PIECE_TYPE = "application/offset+octet-stream"
GONE, CONFLICT, TOO_LARGE, WRONG_FILE, WRONG_CHECKSUM = (404, 410), 409, 413, 422, 460

_RANGE = re.compile(r"bytes (\d{1,15})-(\d{1,15})/(\d{1,15})")

_log = structlog.get_logger()


class Undeliverable(UserError):
    """This file can never reach the centre: damaged here, or larger than the centre takes."""


class _StartAgain(Exception):
    """The centre forgot the file or did not take the whole; the words are for the clerk when it happens again and again."""

    def __init__(self, error: UserError) -> None:
        super().__init__(error.what)
        self.error = error


def send_files(engine: sa.Engine, client: CentreClient) -> None:
    """Bring the files that waiting actions name to the centre, oldest action first; what is there already is not sent.

    A file that the centre refuses holds up no other one: its refusal is raised at the end.
    """
    with reading(engine) as connection:
        waiting = [content_hash for content_hash, _ in outbox.waiting_attachments(connection)]
    _bring(engine, client, waiting)


def bring_back(engine: sa.Engine, client: CentreClient, files_id: str) -> None:
    """Where the centre lost files (`HelloAnswer.files_id` is another than before), send those of them that this desk still has.

    A centre that is put back, files and database, to a moment between that loss and this desk's bringing has lost the files once
    more and cannot know it: their acts are older and all there. Restores cut off an end, so it lacks what this desk brought last.
    """
    with reading(engine) as connection:
        is_known, brought = state(connection, FILES_ID, "") == files_id, state(connection, FILES_BROUGHT, [])
        if is_known and not brought:
            return
        sent = desk_files.files_at_centre(connection)
    if is_known and not client.lacking_files(brought):
        return
    lacking = _lacking(client, sent)
    if lacking:
        # Noted before they go: a contact that dies in the middle finds those lacking that it did not come to.
        with writing(engine) as connection:
            set_state(connection, FILES_BROUGHT, [*brought, *lacking][-WATCHED:])
    refusals = _send_each(engine, client, lacking)
    with writing(engine) as connection:
        set_state(connection, FILES_ID, files_id)
        watched = [content_hash for content_hash in state(connection, FILES_BROUGHT, []) if content_hash not in refusals]
        set_state(connection, FILES_BROUGHT, watched)
    _raise_first(refusals)


def _bring(engine: sa.Engine, client: CentreClient, wanted: Sequence[str]) -> None:
    refusals: dict[str, UserError] = {}
    for hashes in _groups(wanted):
        lacking = _lacking(client, hashes)
        _note(engine, [content_hash for content_hash in hashes if content_hash not in lacking])
        refusals.update(_send_each(engine, client, lacking))
    _raise_first(refusals)


def _lacking(client: CentreClient, hashes: Sequence[str]) -> list[str]:
    """Those that the centre does not have, in the order given."""
    lacking = {content_hash for group in _groups(hashes) for content_hash in client.lacking_files(group)}
    return [content_hash for content_hash in hashes if content_hash in lacking]


def _send_each(engine: sa.Engine, client: CentreClient, hashes: Sequence[str]) -> dict[str, UserError]:
    """Send files one after the other; those that the centre refused, with why."""
    refusals: dict[str, UserError] = {}
    for content_hash in hashes:
        try:
            send_file(engine, client, content_hash)
        except Offline:
            raise
        except UserError as error:
            _log.warning("file_refused", hash=content_hash, what=error.what)
            refusals[content_hash] = error
        else:
            _note(engine, [content_hash])
    return refusals


def _raise_first(refusals: Mapping[str, UserError]) -> None:
    for error in refusals.values():
        raise error


def undeliverable(engine: sa.Engine, client: CentreClient, hashes: Sequence[str]) -> Sequence[str]:
    """Those of these files that this desk can never bring, because they are not here any more or `Undeliverable`; the others are sent."""
    found = []
    for content_hash in hashes:
        try:
            send_file(engine, client, content_hash)
        except (LookupError, Undeliverable):
            _log.error("file_lost", hash=content_hash)
            found.append(content_hash)
        else:
            _note(engine, [content_hash])
    return found


def _groups(hashes: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(hashes), ASKED_AT_ONCE):
        yield hashes[start : start + ASKED_AT_ONCE]


def _note(engine: sa.Engine, hashes: Sequence[str]) -> None:
    if hashes:
        with writing(engine) as connection:
            desk_files.note_at_centre(connection, hashes)


def send_file(engine: sa.Engine, client: CentreClient, content_hash: str) -> None:
    """Bring one file to the centre, from where it got to last time; LookupError where this desk does not have it."""
    with reading(engine) as connection:
        file = desk_files.find_file(connection, content_hash)
    if file is None:
        raise LookupError(content_hash)

    def read(offset: int, most: int) -> bytes:
        with reading(engine) as connection:
            return desk_files.read_piece(connection, content_hash, offset, most)

    send_content(client, Outgoing(file=file, read=read, check=lambda: _check_intact(engine, file)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A file on its way up: `read` gives up to so many bytes from an offset, `check` raises `UserError` where it is damaged here."""

    file: Attachment
    read: Callable[[int, int], bytes]
    check: Callable[[], None]


def send_content(client: CentreClient, outgoing: Outgoing) -> None:
    """Bring a file to the centre from wherever it is read, from where it got to last time; once more when the centre lost it."""
    for last in (False, True):
        try:
            _send(client, outgoing)
        except _StartAgain as again:
            outgoing.check()
            if last:
                raise again.error from again
        else:
            return


def _send(client: CentreClient, outgoing: Outgoing) -> None:
    file = outgoing.file
    offset, tries = _announce(client, outgoing), 0
    while offset < file.size:
        now = _send_piece(client, outgoing, offset)
        tries = 0 if now > offset else tries + 1
        if tries == MOST_TRIES:
            raise Offline(
                tr("附件传到第 {n} MB 就传不动了。").format(n=offset >> 20),
                safe=tr("办件和附件都在本机。"),
                do=tr("程序会自动续传；一直不动请管理员检查网络设备。"),
            )
        offset = now


def _announce(client: CentreClient, outgoing: Outgoing) -> int:
    """Tell the centre of the file, a small one with its content; answers where to go on."""
    file = outgoing.file
    content = outgoing.read(0, PIECE) if file.size <= PIECE else b""
    said = {
        "Upload-Length": str(file.size),
        "Upload-Metadata": f"sha256 {_base64(file.hash.encode())},filetype {_base64(file.media_type.encode())}",
    }
    if content:
        said = {**said, **_piece_headers(hashlib.sha256(content).digest())}
    reach("desk.upload.before")
    reply = client.send("POST", "/v1/uploads", content, {**TUS, **said})
    reach("desk.upload.after")
    if reply.status == WRONG_CHECKSUM:
        return 0
    if reply.status != 201:
        raise _judged(reply)
    return _offset(reply, file)


def _send_piece(client: CentreClient, outgoing: Outgoing, offset: int) -> int:
    """The next piece; answers how many bytes the centre has now, which may be as before."""
    file = outgoing.file
    piece = outgoing.read(offset, PIECE)
    if not piece:
        outgoing.check()
        raise ValueError(f"no byte {offset} in a file of {file.size}")
    headers = {**TUS, "Upload-Offset": str(offset), **_piece_headers(hashlib.sha256(piece).digest())}
    reach("desk.upload.before")
    reply = client.send("PATCH", f"/v1/uploads/{file.hash}", piece, headers)
    reach("desk.upload.after")
    if reply.status in (204, CONFLICT):
        return _offset(reply, file)
    if reply.status == WRONG_CHECKSUM:
        return offset
    raise _judged(reply)


def _judged(reply: Reply) -> Exception:
    error = refusal(reply)
    if reply.status == TOO_LARGE:
        return Undeliverable(error.what, safe=error.safe, do=error.do)
    return _StartAgain(error) if reply.status in (*GONE, WRONG_FILE) else error


def _piece_headers(digest: bytes) -> dict[str, str]:
    return {"Content-Type": PIECE_TYPE, "Upload-Checksum": f"sha256 {_base64(digest)}"}


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _offset(reply: Reply, file: Attachment) -> int:
    """What the centre says; an answer without it is not the centre's: some networks answer everything with an empty 204."""
    text = reply.headers.get("upload-offset", "")
    if not (text.isascii() and text.isdigit() and len(text) <= 15 and int(text) <= file.size):
        raise Offline(tr("收到的不是中心的回应。"), safe=tr("办件和附件都在本机。"), do=tr("请请管理员核对中心地址。"))
    return int(text)


def _check_intact(engine: sa.Engine, file: Attachment) -> None:
    """The centre did not take the file: look whether it is this desk's copy that is damaged."""
    with reading(engine) as connection:
        if desk_files.is_intact(connection, file.hash):
            return
    raise Undeliverable(
        tr("本机的一份附件已损坏，中心没有收下。"),
        safe=tr("办件记录完好，其他办件照常上传。"),
        do=tr("请重新扫描这份材料，并请管理员检查这台电脑的磁盘。"),
    )


class Fetcher:
    """Brings files of other desks into this one's database, one at a time."""

    def __init__(self, engine: sa.Engine, client: CentreClient) -> None:
        self._engine = engine
        self._client = client
        self._lock = Lock()

    def fetch(self, content_hash: str) -> None:
        """Have the whole file here, going on with what came before; raises `Offline`, or `UserError` where the centre does not give it."""
        with self._lock:
            with reading(self._engine) as connection:
                is_here = desk_files.holds_file(connection, content_hash)
            if not is_here:
                self._fetch(content_hash)

    def _fetch(self, content_hash: str) -> None:
        with reading(self._engine) as connection:
            received = desk_files.incoming_bytes(connection, content_hash)
            is_whole = desk_files.is_incoming_whole(connection, content_hash)
        while not is_whole:
            file, piece = self._ask(content_hash, received)
            with writing(self._engine) as connection:
                desk_files.begin_incoming(connection, file)
                received = desk_files.add_incoming(connection, content_hash, received, piece)
            is_whole = received == file.size
        with reading(self._engine) as connection:
            is_right = desk_files.is_incoming_right(connection, content_hash)
        with writing(self._engine) as connection:
            desk_files.finish_incoming(connection, content_hash, is_right=is_right)
        if not is_right:
            raise UserError(
                tr("取回的文件与校验值不符，没有保存。"), safe=tr("办件记录完好。"), do=tr("请再试一次；多次失败请联系管理员检查网络设备。")
            )

    def _ask(self, content_hash: str, start: int) -> tuple[Attachment, bytes]:
        """The file's next bytes from `start`, and what the centre says of the whole."""
        headers = {"Range": f"bytes={start}-{start + PIECE - 1}", "Accept": "*/*", "Accept-Encoding": "identity"}
        reply = self._client.send_as_clerk("GET", f"/v1/attachments/{quote(content_hash, safe='')}", headers)
        if reply.status not in (200, 206):
            raise refusal(reply)
        size = len(reply.content)
        if reply.status == 206:
            found = _RANGE.fullmatch(reply.headers.get("content-range", ""))
            first, last, size = (int(part) for part in found.groups()) if found else (-1, -1, -1)
            if (first, last - first + 1) != (start, len(reply.content)) or last != min(start + PIECE, size) - 1:
                raise Offline(tr("中心的回应看不懂。"), safe=tr("办件保存在本机。"), do=tr("程序会自动重试。"))
        elif reply.headers.get("etag") != f'"{content_hash}"' or start:
            raise Offline(tr("中心的回应看不懂。"), safe=tr("办件保存在本机。"), do=tr("程序会自动重试。"))
        media_type = reply.headers.get("content-type", "application/octet-stream")
        return Attachment(hash=content_hash, size=size, media_type=media_type), reply.content
