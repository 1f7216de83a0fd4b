"""Files from desks, by the resumable upload protocol tus 1.0 (https://tus.io/protocols/resumable-upload).

Extensions: creation, creation-with-upload, checksum (sha256), termination, expiration. Beyond tus every request is signed
by the desk: what its signature covers as the body's hash is what `Upload-Checksum` says, so a piece is known to be the
desk's before a byte of it is read. The id of an upload is the hash of the whole file: a desk that lost its memory, or an
answer, announces the file again and is told where to go on.
"""

import asyncio
import base64
import binascii
import errno
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from email.utils import format_datetime
from typing import TypeVar

import structlog
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from nbcase.crypto.requests import EMPTY_HASH
from nbcase.domain.document import Attachment
from nbcase.domain.errors import UserError
from nbcase.domain.words import tr
from nbcase.server.admission import Gate
from nbcase.server.authentication import check_desk
from nbcase.server.bodies import stream, too_large
from nbcase.server.centre import Centre
from nbcase.server.refusals import Refused, from_user_error
from nbcase.store.blobs import Sink, WrongContent, is_hash
from nbcase.store.centre_database import transaction
from nbcase.store.file_uses import note_file, noted_files
from nbcase.store.pieces import PieceSink, Upload

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,checksum,termination,expiration"

MOST_FILE = 512 << 20
"""Bytes of one file."""

MOST_PIECE = 4 << 20
"""Bytes in one request: what is lost at most when the line is cut."""

MOST_UNFINISHED = 32
"""Files that one desk may have begun: ours sends one after the other."""

SWEEP_S = 86_400.0
"""Between two sweeps; the first is at the start."""

LIFE = timedelta(days=7)
"""An unfinished file is removed this long after it was announced."""

SWEPT_AFTER = timedelta(days=1)
"""What a process that died left on the disk is removed when it is this old: no request takes that long."""

WRITTEN_AT_ONCE = 256 << 10

PIECE_TYPE = "application/offset+octet-stream"
WRONG_CHECKSUM = 460
WRONG_FILE = 422
FULL_DISK = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}

T = TypeVar("T")
Handler = Callable[[Request], Awaitable[Response]]

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How far a file has come: bytes that are here, of how many."""

    offset: int
    size: int
    expires: str = ""

    @property
    def headers(self) -> dict[str, str]:
        """As tus says it."""
        said = {"Upload-Offset": str(self.offset), "Upload-Length": str(self.size), "Cache-Control": "no-store"}
        return {**said, "Upload-Expires": self.expires} if self.expires else said


class Uploads:
    """The addresses below /v1/uploads."""

    def __init__(self, centre: Centre, gate: Gate) -> None:
        self._centre = centre
        self._gate = gate

    def routes(self) -> list[Route]:
        """For the application."""
        return [
            Route("/v1/uploads", _tus(self.options), methods=["OPTIONS"]),
            Route("/v1/uploads", _tus(self.create), methods=["POST"]),
            Route("/v1/uploads/{id}", _tus(self.head), methods=["HEAD"]),
            Route("/v1/uploads/{id}", _tus(self.patch), methods=["PATCH"]),
            Route("/v1/uploads/{id}", _tus(self.delete), methods=["DELETE"]),
        ]

    def sweep(self) -> None:
        """Remove what nobody will finish."""
        now = self._centre.clock.now()
        removed = self._centre.pieces.sweep(now - LIFE) + self._centre.blobs.sweep(now - SWEPT_AFTER)
        if removed:
            _log.info("unfinished_files_removed", files=removed)

    async def options(self, request: Request) -> Response:
        """What this centre understands."""
        await self._desk(request, EMPTY_HASH)
        said = {"Tus-Extension": EXTENSIONS, "Tus-Max-Size": str(MOST_FILE), "Tus-Checksum-Algorithm": "sha256"}
        return Response(status_code=204, headers={"Tus-Version": VERSION, **said})

    async def create(self, request: Request) -> Response:
        """Announce a file; its first piece, or all of it, may come along. Again for the same file: where to go on."""
        has_body = request.headers.get("content-type", "") == PIECE_TYPE
        checksum = _checksum(request) if has_body else EMPTY_HASH
        desk_id = await self._desk(request, checksum)
        file = _announced(request)
        standing = await self._work(lambda: self._standing(desk_id, file.hash))
        if standing is None and (file.size == 0 or (has_body and checksum == file.hash)):
            standing = await self._take_whole(request, file)
        elif standing is None or standing.size != file.size:
            standing = await self._work(lambda: self._begin(desk_id, file))
        if has_body and standing.offset == 0 < standing.size:
            await self._take_piece(request, desk_id, file.hash, standing, checksum)
            standing = await self._work(lambda: self._standing(desk_id, file.hash))
        if standing is None:
            raise _unknown()
        return Response(status_code=201, headers={"Location": f"/v1/uploads/{file.hash}", **standing.headers})

    async def head(self, request: Request) -> Response:
        """How far a file has come."""
        desk_id = await self._desk(request, EMPTY_HASH)
        standing = await self._work(lambda: self._standing(desk_id, request.path_params["id"]))
        return Response(status_code=200, headers=standing.headers) if standing else Response(status_code=404)

    async def patch(self, request: Request) -> Response:
        """The next piece."""
        checksum = _checksum(request)
        desk_id, content_hash = await self._desk(request, checksum), request.path_params["id"]
        if request.headers.get("content-type", "") != PIECE_TYPE:
            raise Refused(415, tr("分片的类型要是 {name}。").format(name=PIECE_TYPE))
        offset = _number(request, "upload-offset")
        standing = await self._work(lambda: self._standing(desk_id, content_hash))
        if standing is None:
            raise _unknown()
        if offset != standing.offset:
            return _elsewhere(standing)
        is_kept = await self._take_piece(request, desk_id, content_hash, standing, checksum)
        standing = await self._work(lambda: self._standing(desk_id, content_hash))
        if standing is None:
            raise _unknown()
        return Response(status_code=204, headers=standing.headers) if is_kept else _elsewhere(standing)

    async def delete(self, request: Request) -> Response:
        """Forget an unfinished file."""
        desk_id = await self._desk(request, EMPTY_HASH)
        content_hash = _file_id(request)
        if not await run_in_threadpool(self._centre.pieces.remove, desk_id, content_hash):
            raise _unknown()
        return Response(status_code=204)

    async def _desk(self, request: Request, body_hash: str) -> str:
        """Id of the desk that signed the request."""

        def work() -> str:
            with transaction(self._centre.engine) as connection:
                return check_desk(self._centre, connection, request, body_hash).id

        desk_id = await self._work(work)
        if request.headers.get("tus-resumable", "") != VERSION and request.method != "OPTIONS":
            raise Refused(412, tr("中心只懂 tus {version}。").format(version=VERSION), do=tr("请把两端程序升级到同一版本。"))
        return desk_id

    async def _work(self, work: Callable[[], T]) -> T:
        async with self._gate.place() as place:
            await place.turn()
            return await run_in_threadpool(work)

    def _standing(self, desk_id: str, content_hash: str) -> Standing | None:
        """Where the file stands; one whose last piece came just before the centre died is finished now."""
        if not is_hash(content_hash):
            return None
        held = self._held(content_hash)
        if held is not None:
            return Standing(offset=held, size=held)
        upload = self._centre.pieces.find(desk_id, content_hash)
        if upload is None or self._centre.clock.now() >= upload.begun_at + LIFE:
            return None
        offset = self._centre.pieces.offset(desk_id, content_hash)
        if offset == upload.size:
            self._finish(desk_id, content_hash, upload)
        return Standing(offset=offset, size=upload.size, expires=_http_date(upload))

    def _held(self, content_hash: str) -> int | None:
        """Size of a file that is here. Both note and file count: a kill between the two must make the desk announce it again."""
        with transaction(self._centre.engine) as connection:
            is_noted = content_hash in noted_files(connection, [content_hash])
        return self._centre.blobs.size(content_hash) if is_noted and self._centre.blobs.has(content_hash) else None

    def _begin(self, desk_id: str, file: Attachment) -> Standing:
        """Note the announcement, in the place of one with another size; a file without its note only wants the note."""
        centre = self._centre
        if centre.blobs.has(file.hash):
            size = centre.blobs.size(file.hash)
            self._note(replace(file, size=size))
            return Standing(offset=size, size=size)
        if centre.pieces.count(desk_id) >= MOST_UNFINISHED and centre.pieces.find(desk_id, file.hash) is None:
            raise Refused(
                429,
                tr("这台电脑有 {n} 份附件传了一半。").format(n=MOST_UNFINISHED),
                safe=tr("附件都在本机。"),
                do=tr("请联系管理员。"),
            )
        upload = Upload(size=file.size, media_type=file.media_type, begun_at=centre.clock.now())
        with full_disk_in_words():
            centre.pieces.begin(desk_id, file.hash, upload)
        return Standing(offset=0, size=file.size, expires=_http_date(upload))

    async def _take_whole(self, request: Request, file: Attachment) -> Standing:
        """A small file in the request that announces it: no piece, no second copy."""
        with full_disk_in_words(), self._centre.blobs.receive(file.hash) as sink:
            size = await _write(request, sink, min(MOST_PIECE, file.size))
            try:
                await run_in_threadpool(sink.keep)
            except WrongContent as error:
                raise _wrong_checksum() from error
        await self._work(lambda: self._note(replace(file, size=size)))
        return Standing(offset=size, size=size)

    async def _take_piece(self, request: Request, desk_id: str, content_hash: str, standing: Standing, checksum: str) -> bool:
        """Stream a piece to the disk, check it, put it in its place; False when another request was quicker."""
        try:
            with full_disk_in_words(), self._centre.pieces.receive(desk_id, content_hash, standing.offset) as sink:
                await _write(request, sink, min(MOST_PIECE, standing.size - standing.offset))
                if sink.hash != checksum:
                    raise _wrong_checksum()
                return sink.size == 0 or await run_in_threadpool(sink.keep)
        except FileNotFoundError as error:  # finished or deleted by another request just now
            raise _unknown() from error

    def _finish(self, desk_id: str, content_hash: str, upload: Upload) -> None:
        """Put the pieces together, check the whole, note it; only then the pieces go."""
        centre = self._centre
        try:
            with full_disk_in_words(), centre.blobs.receive(content_hash) as sink:
                for chunk in centre.pieces.read(desk_id, content_hash):
                    sink.write(chunk)
                sink.keep()
        except WrongContent as error:
            centre.pieces.remove(desk_id, content_hash)
            raise Refused(
                WRONG_FILE,
                tr("附件传完后与校验值不符，中心没有收下。"),
                safe=tr("附件在本机，没有丢失。"),
                do=tr("程序会从头重传；多次失败请联系管理员。"),
            ) from error
        except FileNotFoundError as error:
            if not centre.blobs.has(content_hash):  # otherwise another request finished it and cleared up
                raise _unknown() from error
        self._note(Attachment(hash=content_hash, size=upload.size, media_type=upload.media_type))
        centre.pieces.remove(desk_id, content_hash)

    def _note(self, file: Attachment) -> None:
        with transaction(self._centre.engine) as connection:
            note_file(connection, file)


async def sweep_daily(uploads: Uploads) -> None:
    """Sweep now and daily, without end."""
    while True:
        try:
            await run_in_threadpool(uploads.sweep)
        except OSError as error:  # the next one may succeed, and the centre is there for more than this
            _log.error("sweep_failed", error=error.strerror)
        await asyncio.sleep(SWEEP_S)


async def _write(request: Request, sink: Sink | PieceSink, most: int) -> int:
    """Stream the body to the disk, a little at a time; answers its size. Refused as soon as it is past `most`."""
    size, buffer = 0, bytearray()
    async for chunk in stream(request):
        size += len(chunk)
        if size > most:
            raise too_large()
        buffer += chunk
        if len(buffer) >= WRITTEN_AT_ONCE:
            await run_in_threadpool(sink.write, bytes(buffer))
            buffer.clear()
    await run_in_threadpool(sink.write, bytes(buffer))
    return size


@contextmanager
def full_disk_in_words() -> Iterator[None]:
    """A full disk is the centre's trouble, not the desk's: nothing half was kept, and the desk comes again."""
    try:
        yield
    except OSError as error:
        if error.errno not in FULL_DISK:
            raise
        _log.error("disk_full", error=error.strerror)
        raise Refused(
            507,
            tr("中心的磁盘已满，暂时收不下附件。"),
            safe=tr("办件和附件都保存在本机。"),
            do=tr("请通知中心管理员；腾出空间后自动续传。"),
            code="busy",
        ) from error


def _tus(handler: Handler) -> Handler:
    """Every answer names the protocol, refusals too; a line that was cut is nobody's error."""

    async def answer(request: Request) -> Response:
        try:
            response = await handler(request)
        except Refused as error:
            response = error.response()
        except UserError as error:
            response = from_user_error(error).response()
        except ClientDisconnect:
            response = Response(status_code=400)
        response.headers["Tus-Resumable"] = VERSION
        if response.status_code == 412:
            response.headers["Tus-Version"] = VERSION
        return response

    return answer


def _announced(request: Request) -> Attachment:
    """The file that a creation announces: `Upload-Length`, and `sha256` and `filetype` in `Upload-Metadata`."""
    size, said = _number(request, "upload-length"), _metadata(request.headers.get("upload-metadata", ""))
    content_hash, media_type = said.get("sha256", ""), said.get("filetype", "") or "application/octet-stream"
    if not is_hash(content_hash) or len(media_type) > 100 or not (media_type.isascii() and media_type.isprintable()):
        raise Refused(400, tr("附件没有说清校验值或类型。"))
    if size > MOST_FILE:
        raise Refused(
            413,
            tr("附件有 {n} MB，超过 {most} MB 的上限。").format(n=size >> 20, most=MOST_FILE >> 20),
            safe=tr("办件和附件都在本机。"),
            do=tr("请分成几份重新扫描。"),
        )
    return Attachment(hash=content_hash, size=size, media_type=media_type)


def _metadata(text: str) -> Mapping[str, str]:
    """Keys and base64 values, as ``sha256 NGY…,filetype aW1…``."""
    try:
        pairs = [part.split() for part in text.split(",") if part.strip()]
        return {pair[0]: base64.b64decode(pair[1] if len(pair) > 1 else "", validate=True).decode() for pair in pairs}
    except (binascii.Error, UnicodeDecodeError) as error:
        raise Refused(400, tr("Upload-Metadata 不合格式。")) from error


def _checksum(request: Request) -> str:
    """What `Upload-Checksum` says, in hex."""
    algorithm, _, text = request.headers.get("upload-checksum", "").partition(" ")
    try:
        digest = base64.b64decode(text, validate=True)
    except binascii.Error:
        digest = b""
    if algorithm != "sha256" or len(digest) != 32:
        raise Refused(400, tr("每个分片都要带 SHA-256 校验值（Upload-Checksum）。"))
    return digest.hex()


def _number(request: Request, name: str) -> int:
    text = request.headers.get(name, "")
    if not (text.isascii() and text.isdigit() and len(text) <= 15):
        raise Refused(400, tr("{name} 要是字节数。").format(name=name))
    return int(text)


def _file_id(request: Request) -> str:
    content_hash: str = request.path_params["id"]
    if not is_hash(content_hash):
        raise _unknown()
    return content_hash


def _unknown() -> Refused:
    return Refused(404, tr("中心没有这份附件的上传记录。"), safe=tr("附件在本机。"), do=tr("程序会从头上传。"))


def _wrong_checksum() -> Refused:
    return Refused(WRONG_CHECKSUM, tr("分片在路上损坏，没有收下。"), safe=tr("附件在本机。"), do=tr("程序会自动重传这一片。"))


def _elsewhere(standing: Standing) -> Response:
    """Another piece is awaited; the headers say from where."""
    refused = Refused(409, tr("附件已传到第 {n} 字节。").format(n=standing.offset), do=tr("程序会从那里续传。"))
    response = refused.response()
    response.headers.update(standing.headers)
    return response


def _http_date(upload: Upload) -> str:
    return format_datetime(upload.begun_at + LIFE, usegmt=True)
