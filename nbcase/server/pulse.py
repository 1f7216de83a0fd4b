"""The question of a quiet desk, «is there anything new for me?», answered from memory.

Two thousand desks ask every 15 seconds, so the answer must cost next to nothing: no database, no thread, no routing.
Each process holds a board of how far everything has come and compares it with what the database says once a second.
«Nothing new» is said only while the board is fresh and everything the desk names is equal; whatever else it is, a
feed that went on or back, people, published lists, the desk's own sequence, is news, and the desk makes whole contact.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from urllib.parse import parse_qs

import msgspec
import structlog
from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Receive, Scope, Send

from nbcase.crypto.pulse import is_proven, pulse_key, pulse_secret
from nbcase.domain.errors import UserError
from nbcase.domain.words import tr
from nbcase.operations.messages import PulseAnswer
from nbcase.operations.receive import retired
from nbcase.server.authentication import check_time
from nbcase.server.centre import Centre
from nbcase.server.refusals import JSON, Refused, from_user_error
from nbcase.store.centre_database import transaction
from nbcase.store.standing import Standing, read_standing, snapshot

PATH = "/v1/pulse"

_HEADERS = ((b"content-type", JSON.encode()),)

REFRESH_S = 1.0

FRESH_S = 5.0
"""An older board answers nothing: the database is away, and a whole contact says so in words."""

_log = structlog.get_logger()


class Board:
    """How far everything has come, as this process knows it."""

    def __init__(self, centre: Centre, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._centre = centre
        self._monotonic = monotonic
        self._secret = pulse_secret(centre.key.seed)
        self._snapshot = ""
        self._standing: Standing | None = None
        self._read_at = -FRESH_S

    def refresh(self) -> None:
        """Look into the database; when nothing was committed since the last look, that is one statement."""
        looked_at = self._monotonic()
        with transaction(self._centre.engine) as connection:
            found = snapshot(connection)
            if found != self._snapshot or self._standing is None:
                self._standing = read_standing(connection)
                self._snapshot = found
        self._read_at = looked_at

    async def keep_fresh(self, stop: asyncio.Event) -> None:
        """Refresh until told to stop; a look that has begun is ended, because a thread cannot be taken back."""
        while not stop.is_set():
            try:
                await run_in_threadpool(self.refresh)
            except Exception as error:
                # A database that comes back may be another one: nothing that was known before counts.
                self._standing, self._snapshot = None, ""
                _log.warning("board_not_refreshed", error=type(error).__name__)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), REFRESH_S)

    def key(self, desk_id: str) -> str:
        """The key for a desk's questions, in hex."""
        return pulse_key(self._secret, desk_id).hex()

    def mark(self, station_code: str) -> str:
        """What the desk names as the lists that it knows; taken before they are read for it, never after."""
        standing = self._standing
        return standing.marks.get(station_code, "") if standing else ""

    def has_news(self, desk_id: str, *, cursor: str, sequence: str, mark: str) -> bool:
        """Whether the desk should make contact. Raises `UserError` for one that is retired."""
        standing = self._standing
        if standing is None or self._monotonic() - self._read_at > FRESH_S:
            return True
        desk = standing.desks.get(desk_id)
        if desk is None:
            return True
        if desk.is_retired:
            raise retired()
        return (
            str(desk.sequence) != sequence
            or str(standing.heads.get(desk.station_code)) != cursor
            or standing.marks.get(desk.station_code) != mark
        )

    def answer(self, desk_id: str, *, at: str, proof: str, target: str, query: str) -> PulseAnswer:
        """The answer to one question. Raises `Refused` for a proof or a time that is not good."""
        if not is_proven(pulse_key(self._secret, desk_id), proof, target=target, at=at):
            raise Refused(401, tr("中心不认识这个询问。"), safe=tr("办件保存在本机。"), do=tr("程序会自动重新联系中心。"))
        now = self._centre.clock.now()
        check_time(at, now)
        asked = {name: values[0] for name, values in parse_qs(query).items()}
        has_news = self.has_news(desk_id, cursor=asked.get("cursor", ""), sequence=asked.get("sequence", ""), mark=asked.get("mark", ""))
        return PulseAnswer(has_news=has_news, server_at=now)


def pulse_first(board: Board, app: ASGIApp) -> ASGIApp:
    """An application that answers the pulse itself and leaves everything else to `app`."""

    async def answering(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != PATH:
            await app(scope, receive, send)
            return
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        query = scope["query_string"].decode("latin-1")
        try:
            answer = board.answer(
                headers.get(b"nbcase-desk", ""),
                at=headers.get(b"nbcase-time", ""),
                proof=headers.get(b"nbcase-signature", ""),
                target=f"{PATH}?{query}",
                query=query,
            )
        except Refused as error:
            await error.response()(scope, receive, send)
        except UserError as error:
            await from_user_error(error).response()(scope, receive, send)
        else:
            content = msgspec.json.encode(answer)
            await send({"type": "http.response.start", "status": 200, "headers": [*_HEADERS, (b"content-length", b"%d" % len(content))]})
            await send({"type": "http.response.body", "body": content})

    return answering


@contextlib.asynccontextmanager
async def refreshing(board: Board) -> AsyncIterator[None]:
    """Keeps the board fresh inside the block."""
    stop = asyncio.Event()
    task = asyncio.create_task(board.keep_fresh(stop))
    try:
        yield
    finally:
        stop.set()
        await task
