"""Bodies of requests: bounded on the wire and after unpacking, decoded into a known type or refused."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TypeVar

import msgspec
import zstandard
from starlette.requests import Request
from starlette.responses import Response

from nbcase.domain.words import tr
from nbcase.server.refusals import JSON, Refused

MOST_BYTES = 8 << 20
"""On the wire: 1,000 actions take well under 1 MB."""

MOST_UNPACKED = 64 << 20
WORTH_PACKING = 1024

SILENT_S = 60.0
"""How long a body may stand still. A desk whose power or cable is gone never says so: it would keep its place in line for ever."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Body:
    """What was sent, with the hash of exactly these bytes, which the signature covers."""

    sent: bytes
    encoding: str

    @property
    def hash(self) -> str:
        """SHA-256 in hex."""
        return hashlib.sha256(self.sent).hexdigest()

    def decode(self, kind: type[T]) -> T:
        """The message; raises `Refused` naming what does not fit."""
        try:
            return msgspec.json.decode(self._unpacked(), type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise Refused(400, tr("请求内容不合格式：{text}").format(text=error), do=tr("请把两端程序升级到同一版本。")) from error

    def _unpacked(self) -> bytes:
        if self.encoding in ("", "identity"):
            return self.sent
        if self.encoding != "zstd":
            raise Refused(415, tr("不支持的压缩方式：{name}").format(name=self.encoding[:20]))
        try:
            with zstandard.ZstdDecompressor().stream_reader(self.sent) as reader:
                unpacked = reader.read(MOST_UNPACKED + 1)
        except zstandard.ZstdError as error:
            raise Refused(400, tr("请求内容解压失败。"), safe=tr("办件仍在本机。")) from error
        if len(unpacked) > MOST_UNPACKED:
            raise too_large()
        return bytes(unpacked)


def too_large() -> Refused:
    """The refusal of a body past its bound."""
    return Refused(413, tr("请求过大。"), safe=tr("办件仍在本机。"), do=tr("请联系管理员。"))


async def stream(request: Request) -> AsyncIterator[bytes]:
    """The body as it comes; `Refused` when nothing comes any more."""
    chunks = aiter(request.stream())
    while True:
        try:
            async with asyncio.timeout(SILENT_S):
                chunk = await anext(chunks)
        except StopAsyncIteration:
            return
        except TimeoutError as error:
            raise Refused(408, tr("请求没有传完。"), safe=tr("办件仍在本机。"), do=tr("程序会自动重试。")) from error
        yield chunk


async def read_body(request: Request, most: int = MOST_BYTES) -> Body:
    """The whole body; refused as soon as it is past the bound, whatever its header says."""
    chunks, size = [], 0
    async for chunk in stream(request):
        size += len(chunk)
        if size > most:
            raise too_large()
        chunks.append(chunk)
    return Body(b"".join(chunks), request.headers.get("content-encoding", "").lower())


def packed_reply(request: Request, message: object) -> Response:
    """A JSON response, packed where that saves bytes and the desk can unpack."""
    plain = msgspec.json.encode(message)
    if len(plain) < WORTH_PACKING or "zstd" not in request.headers.get("accept-encoding", ""):
        return Response(plain, media_type=JSON)
    return Response(zstandard.ZstdCompressor(level=3).compress(plain), media_type=JSON, headers={"Content-Encoding": "zstd"})
