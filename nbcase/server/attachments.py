"""Files that the centre has: which ones, and out again to the stations whose records name them."""

import re
from collections.abc import Iterator
from typing import NamedTuple

import sqlalchemy as sa
import structlog
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from nbcase.domain.document import Attachment
from nbcase.domain.errors import NotAllowed
from nbcase.domain.words import tr
from nbcase.operations.messages import FilesLacking, FilesQuery
from nbcase.server.admission import Gate
from nbcase.server.authentication import check_desk, check_session
from nbcase.server.bodies import read_body, too_large
from nbcase.server.centre import Centre
from nbcase.server.refusals import Refused, reply
from nbcase.store.blobs import is_hash
from nbcase.store.centre_database import transaction
from nbcase.store.file_uses import is_used_at, noted_files

MOST_ASKED = 1000
"""Hashes in one question."""

_RANGE = re.compile(r"bytes=(\d{0,15})-(\d{0,15})")

_log = structlog.get_logger()


class Span(NamedTuple):
    """Bytes of a file from `start` up to, not including, `end`."""

    start: int
    end: int


class Attachments:
    """The addresses below /v1/attachments."""

    def __init__(self, centre: Centre, gate: Gate) -> None:
        self._centre = centre
        self._gate = gate

    def routes(self) -> list[Route]:
        """For the application."""
        return [
            Route("/v1/attachments/known", self.known, methods=["POST"]),
            Route("/v1/attachments/{hash}", self.download, methods=["GET", "HEAD"]),
        ]

    async def known(self, request: Request) -> Response:
        """Which of these files the centre lacks."""
        body = await read_body(request)

        def work() -> Response:
            with transaction(self._centre.engine) as connection:
                check_desk(self._centre, connection, request, body.hash)
                asked = body.decode(FilesQuery).hashes
                if len(asked) > MOST_ASKED:
                    raise too_large()
                noted = noted_files(connection, asked)
            return reply(FilesLacking(hashes=[name for name in asked if name not in noted or not self._centre.blobs.has(name)]))

        async with self._gate.place() as place:
            await place.turn()
            return await run_in_threadpool(work)

    async def download(self, request: Request) -> Response:
        """A file or a part of it, for a clerk of a station whose record names it. The address is the content's hash."""
        body = await read_body(request)
        async with self._gate.place() as place:
            await place.turn()
            file = await run_in_threadpool(self._find, request, body.hash)
        span, status = wanted_span(request.headers.get("range", ""), file.size)
        headers = {
            "Accept-Ranges": "bytes",
            "Cache-Control": "private, no-store",
            "Content-Length": str(span.end - span.start),
            "Content-Type": file.media_type,
            "ETag": f'"{file.hash}"',
            "X-Content-Type-Options": "nosniff",
        }
        if status == 206:
            headers["Content-Range"] = f"bytes {span.start}-{span.end - 1}/{file.size}"
        if request.method == "HEAD":
            return Response(status_code=status, headers=headers)
        return StreamingResponse(self._read(file, span), status_code=status, headers=headers)

    def _find(self, request: Request, body_hash: str) -> Attachment:
        content_hash = request.path_params["hash"]
        with transaction(self._centre.engine) as connection:
            desk = check_desk(self._centre, connection, request, body_hash)
            clerk = check_session(self._centre, connection, request, desk)
            if not is_hash(content_hash) or not is_used_at(connection, content_hash, desk.station_code):
                raise NotAllowed(tr("本受理点没有用到这份文件的办件。"), safe=tr("办件记录完好。"), do=tr("请向经办的受理点索取。"))
            file = self._noted(connection, content_hash)
        _log.info("file_read", hash=content_hash, clerk_id=clerk.id)
        return file

    def _noted(self, connection: sa.Connection, content_hash: str) -> Attachment:
        file = noted_files(connection, [content_hash]).get(content_hash)
        if file is None or not self._centre.blobs.has(content_hash):
            raise Refused(
                404,
                tr("中心还没有这份文件。"),
                safe=tr("文件在办理的那台电脑上。"),
                do=tr("等那台电脑连上中心后再打开。"),
            )
        return file

    def _read(self, file: Attachment, span: Span) -> Iterator[bytes]:
        return self._centre.blobs.read(file.hash, span.start, span.end - span.start)


def wanted_span(text: str, size: int) -> tuple[Span, int]:
    """Which bytes a `Range` header asks for, and the status that says so (RFC 9110, 14.2): one range, else the whole file.

    Raises `Refused` with 416 for a range beyond the end.
    """
    found = _RANGE.fullmatch(text.replace(" ", ""))
    if not found or not size or found.groups() == ("", ""):
        return Span(0, size), 200
    first, last = found.groups()
    if not first:
        span = Span(max(size - int(last), 0), size)
    else:
        span = Span(int(first), min(int(last) + 1, size) if last else size)
        if last and int(last) < int(first):
            return Span(0, size), 200
    if span.start >= span.end:
        raise Refused(416, tr("这份文件只有 {n} 字节。").format(n=size))
    return span, 206
